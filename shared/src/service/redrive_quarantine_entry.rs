//! A person sends an entry of the quarantine through the same path again.

use super::{
    queue::{Queue, QueueError},
    receive_webhook::{self, Webhook},
    retry,
    warm::warm,
};
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        delivery::{Content, Delivery},
        id::EntryId,
        quarantine::{EntryDone, QuarantineEntry, StoredBody},
        time::Time,
    },
    sources,
    store::{
        StoreError,
        quarantine::Quarantine,
        transaction::{TransactionError, commit},
    },
};

/// Why an entry was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveQuarantineEntryError {
    /// There is no such entry.
    #[error("there is no entry with this id")]
    NotFound,
    /// It took effect, or was deleted.
    #[error(transparent)]
    Done(#[from] EntryDone),
    /// It would fail again; the text says why.
    #[error("{0}")]
    Impossible(String),
    /// Others were faster, again and again, or the table cannot be reached.
    #[error(transparent)]
    Unavailable(TransactionError),
    /// The queue cannot be reached. The entry waits for its redrive, which can be asked for again.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<StoreError> for RedriveQuarantineEntryError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Redrives entries of the quarantine.
#[derive(Debug)]
pub struct RedriveQuarantineEntry {
    client: aws_sdk_dynamodb::Client,
    quarantine: Quarantine,
    queue: Queue,
}

impl RedriveQuarantineEntry {
    /// Connects to the table and the queue.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let quarantine = Quarantine::new(client.clone(), environment.quarantine_table()?);
        Ok(Self { client, quarantine, queue: Queue::start(environment, aws)? })
    }

    /// Makes the first calls before the first request comes, side by side.
    pub async fn warm(&self) {
        let quarantine = warm("DynamoDB", self.quarantine.get(EntryId::first_at(Time::EARLIEST)));
        tokio::join!(quarantine, self.queue.warm());
    }

    /// Marks the entry as redriving, then sends its delivery: so one that takes effect always finds the mark, and one
    /// that is lost between the two can be sent again.
    ///
    /// # Errors
    /// [`RedriveQuarantineEntryError`]
    pub async fn redrive(
        &self,
        id: EntryId,
        actor: &str,
        now: Time,
    ) -> Result<QuarantineEntry, RedriveQuarantineEntryError> {
        let mut attempts = 0;
        loop {
            let (entry, kept) = self.quarantine.get(id).await?.ok_or(RedriveQuarantineEntryError::NotFound)?;
            let redriving = entry.request_redrive(actor, now)?;
            let delivery = delivery(id, kept).map_err(RedriveQuarantineEntryError::Impossible)?;
            // An attempt of which nobody answered whether it was written, was: it is recorded once.
            if attempts > 0 && entry.actions.last() == redriving.actions.last() {
                self.queue.send(&delivery).await?;
                return Ok(entry);
            }
            match commit(&self.client, vec![self.quarantine.change(&entry, &redriving)?]).await {
                Ok(()) => {
                    self.queue.send(&delivery).await?;
                    return Ok(redriving);
                }
                Err(error) if error.is_retryable() && attempts + 1 < retry::ATTEMPTS => retry::pause(attempts).await,
                Err(error) => return Err(RedriveQuarantineEntryError::Unavailable(error)),
            }
            attempts += 1;
        }
    }
}

/// The delivery that redrives an entry: as it was if it could be read, else read anew. Or why there is none.
fn delivery(id: EntryId, kept: StoredBody) -> Result<Delivery, String> {
    let delivery = match kept {
        StoredBody::Delivery(delivery) => *delivery,
        StoredBody::Message(_) => {
            return Err("The message was no delivery of a webhook: nothing can read it.".to_owned());
        }
        StoredBody::Nothing => return Err("Its body is gone.".to_owned()),
    };
    let readable = match &delivery.content {
        Content::Event(_) => delivery,
        Content::Unreadable(_) => read_anew(&delivery)?,
    };
    Ok(Delivery { redrive_of: Some(id), ..readable })
}

/// Reads the body of a delivery again; a newer version may be able to. It then has the id that it would have had at
/// once, so that it takes effect once even if the source sends it again, too.
fn read_anew(delivery: &Delivery) -> Result<Delivery, String> {
    if delivery.raw.truncated {
        return Err("Its body was too large to be kept whole, so that it cannot be read again.".to_owned());
    }
    let source = sources::find(&delivery.source).ok_or_else(|| format!("No source is named {}.", delivery.source))?;
    let body = delivery.raw.body().map_err(|error| format!("Its body cannot be unpacked: {error}."))?;
    let headers = delivery.headers.iter().collect();
    match receive_webhook::read(source, &headers, &body, delivery.received_at) {
        Webhook::Delivery(read) => match &read.content {
            Content::Event(_) => Ok(*read),
            Content::Unreadable(reason) => Err(format!("It still cannot be read: {reason}.")),
        },
        Webhook::Ignored { reason } => Err(format!("It can be read now, and says nothing that matters: {reason}.")),
    }
}
