//! A redrive took effect. A delivery notes that in its own transaction; what is no delivery notes it
//! afterwards, since it may take effect any number of times.

use super::retry::{MAX_ATTEMPTS, Retries};
use crate::{
    config::InvalidVariable,
    domain::{id::EntryId, quarantine::EntryState, time::Time},
    store::{Tables, quarantine::Quarantine, transaction::TransactionError},
};

/// The use case.
#[derive(Debug)]
pub struct EndRedrive {
    tables: Tables,
    quarantine: Quarantine,
}

impl EndRedrive {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { tables: tables.clone(), quarantine: tables.quarantine()? })
    }

    /// Records in an entry that its redrive took effect. Does nothing if the entry does not wait for
    /// that any more.
    ///
    /// # Errors
    /// [`TransactionError`]: it can be tried again.
    pub async fn end(&self, id: EntryId, now: Time) -> Result<(), TransactionError> {
        let mut retries = Retries::new(MAX_ATTEMPTS);
        loop {
            match self.end_once(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn end_once(&self, id: EntryId, now: Time) -> Result<(), TransactionError> {
        let Some((entry, _)) = self.quarantine.get(id).await? else { return Ok(()) };
        if entry.state != EntryState::Redriving {
            return Ok(());
        }
        match entry.redriven(now) {
            Ok(redriven) => self.tables.commit(vec![self.quarantine.change(&entry, &redriven)?]).await,
            Err(_) => Ok(()),
        }
    }
}
