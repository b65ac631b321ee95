//! One entry of the quarantine with its whole body.

use super::warm::warm;
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        id::EntryId,
        quarantine::{QuarantineEntry, StoredBody},
        time::Time,
    },
    store::{StoreError, quarantine::Quarantine},
};

/// Finds entries of the quarantine.
#[derive(Debug)]
pub struct GetQuarantineEntry {
    quarantine: Quarantine,
}

impl GetQuarantineEntry {
    /// Connects to the table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        Ok(Self { quarantine: Quarantine::new(aws.dynamodb(), environment.quarantine_table()?) })
    }

    /// Makes the first call before the first request comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.quarantine.get(EntryId::first_at(Time::EARLIEST))).await;
    }

    /// The entry of that id and what it keeps, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, id: EntryId) -> Result<Option<(QuarantineEntry, StoredBody)>, StoreError> {
        self.quarantine.get(id).await
    }
}
