//! One entry of the quarantine with its whole body.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        id::EntryId,
        quarantine::{QuarantineEntry, StoredBody},
        time::Time,
    },
    retry::Retries,
    store::{StoreError, Tables, quarantine::Quarantine},
};

/// Why an entry cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetQuarantineEntryError {
    #[error("there is no entry with this id")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the body of the entry cannot be unpacked: {0}")]
    Body(#[from] std::io::Error),
}

/// An entry and its body.
#[derive(Debug, Clone, PartialEq)]
pub struct QuarantineEntryDetail {
    pub entry: QuarantineEntry,
    /// As far as it is kept; `None` if the entry was deleted.
    pub body: Option<Vec<u8>>,
}

/// The use case.
#[derive(Debug)]
pub struct GetQuarantineEntry {
    quarantine: Quarantine,
}

impl GetQuarantineEntry {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { quarantine: tables.quarantine()? })
    }

    /// The entry of that id.
    ///
    /// # Errors
    /// [`GetQuarantineEntryError`]
    pub async fn get(
        &self,
        id: EntryId,
        now: Time,
        deadline: Deadline,
    ) -> Result<QuarantineEntryDetail, GetQuarantineEntryError> {
        let mut retries = Retries::of_person(deadline);
        let found = loop {
            match self.quarantine.get(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => break result?,
            }
        };
        let (entry, stored) = found.ok_or(GetQuarantineEntryError::NotFound)?;
        let body = match stored {
            StoredBody::Delivery(delivery) => Some(delivery.body.unpack()?),
            StoredBody::Message(message) => Some(message.unpack()?),
            StoredBody::Nothing => None,
        };
        Ok(QuarantineEntryDetail { entry, body })
    }
}
