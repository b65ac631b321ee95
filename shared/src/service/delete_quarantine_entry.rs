//! A person deletes an entry of the quarantine: its body goes, who did it stays.

use super::{retry, warm::warm};
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        id::EntryId,
        quarantine::{EntryDone, EntryState},
        time::Time,
    },
    store::{
        StoreError,
        quarantine::Quarantine,
        transaction::{TransactionError, commit},
    },
};

/// Why an entry was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteQuarantineEntryError {
    /// There is no such entry.
    #[error("there is no entry with this id")]
    NotFound,
    /// It took effect.
    #[error(transparent)]
    Done(#[from] EntryDone),
    /// Others were faster, again and again, or the table cannot be reached.
    #[error(transparent)]
    Unavailable(TransactionError),
}

impl From<StoreError> for DeleteQuarantineEntryError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Deletes entries of the quarantine.
#[derive(Debug)]
pub struct DeleteQuarantineEntry {
    client: aws_sdk_dynamodb::Client,
    quarantine: Quarantine,
}

impl DeleteQuarantineEntry {
    /// Connects to the table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        Ok(Self { quarantine: Quarantine::new(client.clone(), environment.quarantine_table()?), client })
    }

    /// Makes the first call before the first request comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.quarantine.get(EntryId::first_at(Time::EARLIEST))).await;
    }

    /// Deletes an entry, or finds that it is deleted already and records nothing.
    ///
    /// # Errors
    /// [`DeleteQuarantineEntryError`]
    pub async fn delete(&self, id: EntryId, actor: &str, now: Time) -> Result<(), DeleteQuarantineEntryError> {
        let mut attempts = 0;
        loop {
            let (entry, _) = self.quarantine.get(id).await?.ok_or(DeleteQuarantineEntryError::NotFound)?;
            let deleted = match entry.deleted(actor, now) {
                Err(EntryDone(EntryState::Deleted)) => return Ok(()),
                deleted => deleted?,
            };
            match commit(&self.client, vec![self.quarantine.change(&entry, &deleted)?]).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_retryable() && attempts + 1 < retry::ATTEMPTS => retry::pause(attempts).await,
                Err(error) => return Err(DeleteQuarantineEntryError::Unavailable(error)),
            }
            attempts += 1;
        }
    }
}
