//! A person deletes an entry of the quarantine: its body goes, who did it stays.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        id::EntryId,
        quarantine::{EntryDone, EntryState},
        time::Time,
    },
    retry::{Outlook, Retries, Retryable},
    store::{StoreError, Tables, quarantine::Quarantine, transaction::TransactionError},
};

/// Why an entry was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteQuarantineEntryError {
    #[error("there is no entry with this id")]
    NotFound,
    /// It was redriven and took effect.
    #[error(transparent)]
    Done(#[from] EntryDone),
    /// The table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for DeleteQuarantineEntryError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for DeleteQuarantineEntryError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct DeleteQuarantineEntry {
    tables: Tables,
    quarantine: Quarantine,
}

impl DeleteQuarantineEntry {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { tables: tables.clone(), quarantine: tables.quarantine()? })
    }

    /// Deletes an entry, or finds that it is deleted already and records nothing.
    ///
    /// # Errors
    /// [`DeleteQuarantineEntryError`]
    pub async fn delete(
        &self,
        id: EntryId,
        actor: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<(), DeleteQuarantineEntryError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.attempt(id, actor, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(&self, id: EntryId, actor: &str, now: Time) -> Result<(), DeleteQuarantineEntryError> {
        let (entry, _) = self.quarantine.get(id, now).await?.ok_or(DeleteQuarantineEntryError::NotFound)?;
        let deleted = match entry.deleted(actor, now) {
            Err(EntryDone(EntryState::Deleted)) => return Ok(()),
            deleted => deleted?,
        };
        Ok(self.tables.commit(vec![self.quarantine.change(&entry, &deleted)?], now).await?)
    }
}
