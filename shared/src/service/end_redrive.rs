//! A redrive took effect. A delivery notes that in its own transaction; what is no delivery notes it
//! afterwards, since it may take effect any number of times.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::EntryId, quarantine::EntryState, time::Time},
    retry::Retries,
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
    pub async fn end(&self, id: EntryId, now: Time, deadline: Deadline) -> Result<(), TransactionError> {
        let mut retries = Retries::of_message(deadline);
        loop {
            match self.end_once(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn end_once(&self, id: EntryId, now: Time) -> Result<(), TransactionError> {
        let Some((entry, _)) = self.quarantine.get(id, now).await? else { return Ok(()) };
        if entry.state != EntryState::Redriving {
            return Ok(());
        }
        match entry.redriven(now) {
            Ok(redriven) => self.tables.commit(vec![self.quarantine.change(&entry, &redriven)?], now).await,
            Err(_) => Ok(()),
        }
    }
}
