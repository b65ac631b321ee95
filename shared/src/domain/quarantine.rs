//! The quarantine: deliveries that did not take effect, kept where people find them and can work on them.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::{
    action::SYSTEM_ACTOR,
    delivery::{Delivery, DeliveryId, PackedBody},
    id::EntryId,
    source::Source,
    text::truncated_to_chars,
    time::Time,
};

/// How much of a body a list shows, in bytes: 200 entries stay far below the 6 MB that a function may answer.
pub const FIRST_LINES_BYTES: usize = 1024;

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// How many actions an entry remembers: the latest.
const MAX_ACTIONS: usize = 20;

/// Why a delivery is in the quarantine.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum EntryKind {
    /// It is authentic but could not be read.
    Unreadable,
    /// It could not be grouped, again and again.
    DeadLetter,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryState {
    /// It waits for somebody.
    Pending,
    /// It was accepted for redrive and has not taken effect yet.
    Redriving,
    /// It took effect.
    Redriven,
    /// Somebody deleted it.
    Deleted,
}

impl EntryState {
    /// Whether there is still something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Redriving)
    }
}

/// What was done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryActionKind {
    /// A person sent it through the same path again.
    RedriveRequested,
    /// It took effect.
    Redriven,
    /// It failed again and came back.
    RedriveFailed,
    /// A person deleted it.
    Deleted,
}

/// Something that was done with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryAction {
    /// What.
    #[serde(rename = "type")]
    pub kind: EntryActionKind,
    /// The name of the API token, or [`SYSTEM_ACTOR`].
    pub actor: String,
    /// When.
    pub at: Time,
}

/// An entry of the quarantine, without the delivery itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// Identifies it; its time is `created_at`.
    #[serde(rename = "entry_id")]
    pub id: EntryId,
    /// Why it is here.
    pub kind: EntryKind,
    /// `None` if the message was no delivery.
    pub source: Option<Source>,
    /// Identifies the delivery.
    pub delivery_id: Option<DeliveryId>,
    /// What went wrong.
    pub reason: String,
    /// When we received it.
    pub received_at: Option<Time>,
    /// What became of it.
    pub state: EntryState,
    /// The beginning of the body as text, up to [`FIRST_LINES_BYTES`]; what is not UTF-8 is replaced.
    pub first_lines: String,
    /// How many bytes the body had.
    pub body_bytes: usize,
    /// Whether the body was too large to be kept whole.
    pub truncated: bool,
    /// What was done with it, the latest last. An index does not carry it.
    #[serde(default)]
    pub actions: Vec<EntryAction>,
    /// Counts changes.
    #[serde(default)]
    pub version: u64,
}

/// What an entry keeps of what came.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredBody {
    /// The delivery, whole.
    Delivery(Box<Delivery>),
    /// A message of the queue that was no delivery.
    Message(PackedBody),
    /// Nothing any more: the entry was deleted.
    Nothing,
}

/// An entry that is done: nothing more can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry is {0} already")]
pub struct EntryDone(pub EntryState);

impl QuarantineEntry {
    /// An entry of a delivery that nobody has worked on. Its first lines are still to be told.
    #[must_use]
    pub fn of(id: EntryId, kind: EntryKind, delivery: &Delivery, reason: &str) -> Self {
        Self {
            id,
            kind,
            source: Some(delivery.source.clone()),
            delivery_id: Some(delivery.delivery_id.clone()),
            reason: truncated_to_chars(reason, MAX_REASON_CHARS),
            received_at: Some(delivery.received_at),
            state: EntryState::Pending,
            first_lines: String::new(),
            body_bytes: delivery.body.length,
            truncated: delivery.body.truncated,
            actions: Vec::new(),
            version: 0,
        }
    }

    /// An entry of a message of the queue that is no delivery.
    #[must_use]
    pub fn of_message(id: EntryId, message: &PackedBody, reason: &str) -> Self {
        Self {
            id,
            kind: EntryKind::DeadLetter,
            source: None,
            delivery_id: None,
            reason: truncated_to_chars(reason, MAX_REASON_CHARS),
            received_at: None,
            state: EntryState::Pending,
            first_lines: String::new(),
            body_bytes: message.length,
            truncated: message.truncated,
            actions: Vec::new(),
            version: 0,
        }
    }

    /// Accepted for redrive, once more if it already is: its message may have been lost on the way.
    ///
    /// # Errors
    /// [`EntryDone`]
    pub fn request_redrive(&self, actor: &str, now: Time) -> Result<Self, EntryDone> {
        self.change(EntryState::Redriving, EntryActionKind::RedriveRequested, actor, now)
    }

    /// It took effect.
    ///
    /// # Errors
    /// [`EntryDone`]
    pub fn redriven(&self, now: Time) -> Result<Self, EntryDone> {
        self.change(EntryState::Redriven, EntryActionKind::Redriven, SYSTEM_ACTOR, now)
    }

    /// It failed again.
    ///
    /// # Errors
    /// [`EntryDone`]
    pub fn returned(&self, reason: &str, now: Time) -> Result<Self, EntryDone> {
        let returned = self.change(EntryState::Pending, EntryActionKind::RedriveFailed, SYSTEM_ACTOR, now)?;
        Ok(Self { reason: truncated_to_chars(reason, MAX_REASON_CHARS), ..returned })
    }

    /// Deleted: the body goes, who did it stays.
    ///
    /// # Errors
    /// [`EntryDone`]
    pub fn deleted(&self, actor: &str, now: Time) -> Result<Self, EntryDone> {
        let deleted = self.change(EntryState::Deleted, EntryActionKind::Deleted, actor, now)?;
        Ok(Self { first_lines: String::new(), ..deleted })
    }

    fn change(&self, state: EntryState, kind: EntryActionKind, actor: &str, at: Time) -> Result<Self, EntryDone> {
        if !self.state.is_open() {
            return Err(EntryDone(self.state));
        }
        let mut changed = Self { state, version: self.version + 1, ..self.clone() };
        changed.actions.push(EntryAction { kind, actor: actor.to_owned(), at });
        let forgotten = changed.actions.len().saturating_sub(MAX_ACTIONS);
        changed.actions.drain(..forgotten);
        Ok(changed)
    }
}

/// The beginning of a body as text: what is not UTF-8 is replaced, and a character that was cut is left out.
#[must_use]
pub fn lines(beginning: &[u8]) -> String {
    let whole = match std::str::from_utf8(beginning) {
        Err(error) if error.error_len().is_none() => &beginning[..error.valid_up_to()],
        _ => beginning,
    };
    String::from_utf8_lossy(whole).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::EARLIEST;

    fn entry() -> QuarantineEntry {
        QuarantineEntry {
            id: EntryId::numbered(NOW, 1),
            kind: EntryKind::DeadLetter,
            source: None,
            delivery_id: None,
            reason: "why".to_owned(),
            received_at: None,
            state: EntryState::Pending,
            first_lines: "{".to_owned(),
            body_bytes: 1,
            truncated: false,
            actions: Vec::new(),
            version: 0,
        }
    }

    #[test]
    fn an_entry_that_is_done_refuses_every_change() {
        for done in [entry().redriven(NOW).unwrap(), entry().deleted("alice", NOW).unwrap()] {
            let refused = Err(EntryDone(done.state));
            assert_eq!(done.request_redrive("bob", NOW), refused);
            assert_eq!(done.redriven(NOW), refused);
            assert_eq!(done.returned("again", NOW), refused);
            assert_eq!(done.deleted("bob", NOW), refused);
        }
    }

    #[test]
    fn a_failed_redrive_can_be_requested_again_and_the_actions_stay_bounded() {
        let mut entry = entry();
        for _ in 0..MAX_ACTIONS {
            entry =
                entry.request_redrive("alice", NOW).unwrap().returned(&"why ".repeat(MAX_REASON_CHARS), NOW).unwrap();
        }
        assert_eq!(
            (entry.state, entry.actions.len(), entry.reason.chars().count()),
            (EntryState::Pending, MAX_ACTIONS, MAX_REASON_CHARS)
        );
        assert_eq!(entry.version, 2 * MAX_ACTIONS as u64);
    }
}
