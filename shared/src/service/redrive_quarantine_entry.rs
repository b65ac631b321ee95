//! A person sends an entry of the quarantine through the same path again.

use super::read_webhook::{self, Received, Webhook};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery, PackedBody},
        id::EntryId,
        quarantine::{EntryDone, QuarantineEntry, StoredBody},
        time::Time,
    },
    queue::{MAX_SEND_TIME, Message, Queue, QueueError, Sweep},
    retry::{Outlook, Retries, Retryable},
    sources,
    store::{StoreError, Tables, quarantine::Quarantine, transaction::TransactionError},
};

/// Why an entry was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveQuarantineEntryError {
    #[error("there is no entry with this id")]
    NotFound,
    /// It took effect, or was deleted.
    #[error(transparent)]
    Done(#[from] EntryDone),
    /// It would fail again; the text says why.
    #[error("{0}")]
    Impossible(String),
    /// The table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
    /// The queue cannot be reached. The entry waits for its redrive, which can be requested again.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<StoreError> for RedriveQuarantineEntryError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for RedriveQuarantineEntryError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct RedriveQuarantineEntry {
    tables: Tables,
    quarantine: Quarantine,
    queue: Queue,
}

/// An entry whose redrive is recorded, and the message to send.
struct Recorded {
    entry: QuarantineEntry,
    message: Message,
}

impl RedriveQuarantineEntry {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, queue: Queue) -> Result<Self, InvalidVariable> {
        Ok(Self { tables: tables.clone(), quarantine: tables.quarantine()?, queue })
    }

    /// Records the redrive, then sends the message. So a message that takes effect always finds
    /// the record, and one that was lost between the two can be sent again.
    ///
    /// # Errors
    /// [`RedriveQuarantineEntryError`]
    pub async fn redrive(
        &self,
        id: EntryId,
        actor: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<QuarantineEntry, RedriveQuarantineEntryError> {
        let mut retries = Retries::of_person(deadline.leaving(MAX_SEND_TIME));
        let recorded = loop {
            match self.record(id, actor, now, retries.failed()).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => break result?,
            }
        };
        self.queue.send_message(&recorded.message, deadline).await?;
        Ok(recorded.entry)
    }

    async fn record(
        &self,
        id: EntryId,
        actor: &str,
        now: Time,
        failed_attempts: u32,
    ) -> Result<Recorded, RedriveQuarantineEntryError> {
        let (entry, stored) = self.quarantine.get(id, now).await?.ok_or(RedriveQuarantineEntryError::NotFound)?;
        let redriving = entry.request_redrive(actor, now)?;
        let message = message(id, stored).map_err(RedriveQuarantineEntryError::Impossible)?;
        // The previous attempt timed out but was committed. Don't record it twice.
        if failed_attempts > 0 && entry.actions.last() == redriving.actions.last() {
            return Ok(Recorded { entry, message });
        }
        self.tables.commit(vec![self.quarantine.change(&entry, &redriving)?], now).await?;
        Ok(Recorded { entry: redriving, message })
    }
}

/// The message that redrives an entry, or why there is none.
fn message(id: EntryId, stored: StoredBody) -> Result<Message, String> {
    match stored {
        StoredBody::Delivery(kept) => delivery(id, *kept),
        StoredBody::Message(packed) => match read_message(&packed)? {
            Message::Delivery(kept) => delivery(id, *kept),
            Message::Group(_) => Err("The message holds several events, each of which has its own entry.".to_owned()),
            Message::Sweep(sweep) => Ok(Message::Sweep(Sweep { redrive_of: Some(id), ..sweep })),
        },
        StoredBody::Nothing => Err("The body of the entry was deleted.".to_owned()),
    }
}

/// The delivery that redrives an entry: as it was if it could be read, else read again.
fn delivery(id: EntryId, kept: Delivery) -> Result<Message, String> {
    let readable = match &kept.content {
        Content::Event(_) => kept,
        Content::Unreadable(_) => read_again(id, &kept)?,
    };
    Ok(Message::Delivery(Box::new(Delivery { redrive_of: Some(id), ..readable })))
}

/// Reads a message of the queue again: another version may have written it.
fn read_message(packed: &PackedBody) -> Result<Message, String> {
    if packed.truncated {
        return Err("The message was too large to be kept whole, so it cannot be read.".to_owned());
    }
    let body = packed.unpack().map_err(|error| format!("The message cannot be unpacked: {error}."))?;
    let message = std::str::from_utf8(&body).ok().map(Message::read);
    message.and_then(Result::ok).ok_or_else(|| "The message is not a delivery: nothing can read it.".to_owned())
}

/// Reads the body of a delivery again: a newer version may be able to. The delivery gets the id that
/// it would have got at once, so that it takes effect once even if the source sends it again.
fn read_again(id: EntryId, delivery: &Delivery) -> Result<Delivery, String> {
    if delivery.body.truncated {
        return Err("The body was too large to be kept whole, so it cannot be read again.".to_owned());
    }
    let source =
        sources::find(delivery.source.as_str()).ok_or_else(|| format!("There is no source {}.", delivery.source))?;
    let body = delivery.body.unpack().map_err(|error| format!("The body cannot be unpacked: {error}."))?;
    let (headers, receipt) = (delivery.headers.iter().collect(), id.to_string());
    // The same entry is the same receipt, however often it is redriven.
    let received_at = delivery.received_at;
    let again = Received { source, headers: &headers, body: &body, received_at, receipt: &receipt };
    let read = match read_webhook::read(again) {
        Webhook::Delivery(read) => *read,
        // An entry keeps one event of a group.
        Webhook::Group(mut group) => match (group.deliveries.pop(), group.deliveries.is_empty()) {
            (Some(read), true) => read,
            _ => return Err("The body can be read now, but holds no single event.".to_owned()),
        },
        Webhook::Confirmation(_) => return Err("The body asks for a confirmation and holds no event.".to_owned()),
        Webhook::Ignored { reason } => return Err(format!("The body can be read now, but is ignored: {reason}.")),
    };
    match &read.content {
        Content::Event(_) => Ok(read),
        Content::Unreadable(reason) => Err(format!("The body still cannot be read: {reason}.")),
    }
}
