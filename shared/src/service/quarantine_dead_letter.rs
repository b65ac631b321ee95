//! Puts a dead letter into the quarantine, where people can work on it: a message that failed again and
//! again for a reason of its own, or that the queue gave up.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        delivery::{Delivery, PackedBody},
        id::EntryId,
        quarantine::{EntryKind, EntryState, FIRST_LINES_BYTES, QuarantineEntry, StoredBody, lines},
        time::Time,
    },
    ids::IdGenerator,
    queue::Message,
    retry::Retries,
    store::{
        StoreError, Tables,
        claims::Claims,
        quarantine::Quarantine,
        transaction::{Part, TransactionError, Write},
    },
};

/// How often a message fails for a reason of its own before it is a dead letter. What fails because a
/// table is in trouble, or because other writers were faster, does not count.
const MAX_FAILURES: u64 = 5;

/// What became of a message that failed for a reason of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedMessage {
    /// It is to be tried again.
    GoesBack,
    /// It is a dead letter and was dealt with: by an entry of the quarantine, unless nothing was to be
    /// done. The queue can forget it.
    Dead(Option<EntryId>),
}

/// The use case.
#[derive(Debug)]
pub struct QuarantineDeadLetter {
    tables: Tables,
    claims: Claims,
    quarantine: Quarantine,
    ids: IdGenerator,
}

/// What is to be written for a dead letter.
struct NewEntry {
    id: EntryId,
    write: Write,
}

/// What a dead letter means for the entry that it is a redrive of.
enum RedriveOutcome {
    /// It goes back to its entry.
    BackTo(Box<NewEntry>),
    /// Its entry does not wait for it any more.
    Late,
    /// It has no entry yet.
    NoEntry,
}

impl QuarantineDeadLetter {
    /// `seed` seeds the ids.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, seed: u64) -> Result<Self, InvalidVariable> {
        Ok(Self {
            tables: tables.clone(),
            claims: tables.claims()?,
            quarantine: tables.quarantine()?,
            ids: IdGenerator::seeded(seed),
        })
    }

    /// Notes that a message failed for a reason of its own. If it has failed so often that it is a dead
    /// letter, it goes into the quarantine. If its worker dies before the queue forgets it, it comes
    /// once more: then it is in the quarantine already, or it takes effect, and its entry can be redriven
    /// without effect.
    ///
    /// # Errors
    /// [`TransactionError`]: it is to be tried again.
    pub async fn failed(
        &self,
        message_id: &str,
        body: &str,
        reason: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<FailedMessage, TransactionError> {
        if self.claims.note_failure(message_id, reason, now).await? < MAX_FAILURES {
            return Ok(FailedMessage::GoesBack);
        }
        Ok(FailedMessage::Dead(self.put_one(message_id, body, now, deadline).await?))
    }

    /// Puts a message into the quarantine: each of several deliveries in it has an entry of its own.
    /// Returns the entries, which are none if nothing was to be done.
    ///
    /// # Errors
    /// [`TransactionError`]: it can be tried again.
    pub async fn put(
        &self,
        message_id: &str,
        body: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<Vec<EntryId>, TransactionError> {
        let parts = match Message::read(body) {
            Ok(Message::Group(group)) => group.parts(message_id).unwrap_or_default(),
            _ => Vec::new(),
        };
        if parts.is_empty() {
            return Ok(self.put_one(message_id, body, now, deadline).await?.into_iter().collect());
        }
        let mut entries = Vec::new();
        for part in parts {
            entries.extend(self.put_one(&part.id, &part.body, now, deadline).await?);
        }
        Ok(entries)
    }

    /// Puts a message into the quarantine, in one transaction with the claim that it is there.
    /// Returns the entry, or `None` if nothing was to be done.
    ///
    /// A redrive that failed goes back to the entry that it came from. If the delivery was processed
    /// after all (the worker died before it deleted the message), nothing is quarantined.
    ///
    /// # Errors
    /// [`TransactionError`]: it can be tried again.
    async fn put_one(
        &self,
        message_id: &str,
        body: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<Option<EntryId>, TransactionError> {
        let letter = Message::read(body).ok();
        let mut retries = Retries::of_message(deadline);
        loop {
            match self.attempt(message_id, body, letter.as_ref(), now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        message_id: &str,
        body: &str,
        letter: Option<&Message>,
        now: Time,
    ) -> Result<Option<EntryId>, TransactionError> {
        // Readers ask for the months since the history starts.
        self.claims.note_history_start(now).await?;
        let reason = self.claims.failure(message_id, now).await?;
        let reason = &reason.unwrap_or_else(|| unknown_reason(message_id));
        let mut writes = vec![self.claims.dead_letter(message_id, now)?];
        let outcome = self.redrive_outcome(letter.and_then(Message::redrive_of), reason, now).await?;
        let NewEntry { id, write } = match (outcome, letter) {
            (RedriveOutcome::BackTo(entry), _) => *entry,
            (RedriveOutcome::Late, _) => return Ok(None),
            (RedriveOutcome::NoEntry, Some(Message::Delivery(delivery))) => {
                let Some(conditions) = self.claims.undelivered(delivery, now).await? else { return Ok(None) };
                writes.extend(conditions);
                self.delivery_entry(delivery, body, reason, now)?
            }
            (RedriveOutcome::NoEntry, _) => self.message_entry(body, reason, now)?,
        };
        writes.push(write);
        match self.tables.commit(writes, now).await {
            Ok(()) => Ok(Some(id)),
            Err(TransactionError::ConditionFailed(failed))
                if failed.contains(&Part::DeadLetter) && self.claims.is_moved(message_id, now).await? =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn redrive_outcome(
        &self,
        redrive_of: Option<EntryId>,
        reason: &str,
        now: Time,
    ) -> Result<RedriveOutcome, StoreError> {
        let Some(id) = redrive_of else { return Ok(RedriveOutcome::NoEntry) };
        let Some((entry, _)) = self.quarantine.get(id, now).await? else { return Ok(RedriveOutcome::NoEntry) };
        if entry.state != EntryState::Redriving {
            return Ok(RedriveOutcome::Late);
        }
        match entry.returned(reason, now) {
            Ok(returned) => {
                let write = self.quarantine.change(&entry, &returned)?;
                Ok(RedriveOutcome::BackTo(Box::new(NewEntry { id, write })))
            }
            Err(_) => Ok(RedriveOutcome::Late),
        }
    }

    fn delivery_entry(&self, delivery: &Delivery, body: &str, reason: &str, now: Time) -> Result<NewEntry, StoreError> {
        let Ok(beginning) = delivery.body.beginning(FIRST_LINES_BYTES) else {
            // Its packed body is broken.
            return self.message_entry(body, reason, now);
        };
        let id = self.ids.next(now);
        let entry = QuarantineEntry {
            first_lines: lines(&beginning),
            ..QuarantineEntry::of(id, EntryKind::DeadLetter, delivery, reason)
        };
        let delivery = Delivery { redrive_of: None, ..delivery.clone() };
        let write = self.quarantine.insertion(&entry, &StoredBody::Delivery(Box::new(delivery)), now)?;
        Ok(NewEntry { id, write })
    }

    fn message_entry(&self, body: &str, reason: &str, now: Time) -> Result<NewEntry, StoreError> {
        let id = self.ids.next(now);
        let packed = PackedBody::pack(body.as_bytes());
        let beginning = &body.as_bytes()[..body.len().min(FIRST_LINES_BYTES)];
        let entry =
            QuarantineEntry { first_lines: lines(beginning), ..QuarantineEntry::of_message(id, &packed, reason) };
        let write = self.quarantine.insertion(&entry, &StoredBody::Message(packed), now)?;
        Ok(NewEntry { id, write })
    }
}

fn unknown_reason(message_id: &str) -> String {
    format!(
        "The message could not be processed as often as the queue allows. The log of group-alerts says why: search for \
         the message_id {message_id}."
    )
}
