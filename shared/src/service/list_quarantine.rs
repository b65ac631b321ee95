//! The list of the quarantine.

use crate::{
    config::InvalidVariable,
    domain::{quarantine::QuarantineEntry, time::Time},
    listing::{page::Page, quarantine::QuarantineQuery},
    store::{StoreError, Tables, claims::Claims, quarantine::Quarantine},
};

/// The use case.
#[derive(Debug)]
pub struct ListQuarantine {
    claims: Claims,
    quarantine: Quarantine,
}

impl ListQuarantine {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { claims: tables.claims()?, quarantine: tables.quarantine()? })
    }

    /// One page.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(&self, query: &QuarantineQuery, now: Time) -> Result<Page<QuarantineEntry>, StoreError> {
        let entries = match self.claims.history_start().await? {
            Some(start) => self.quarantine.waiting(start, now, usize::MAX).await?,
            None => Vec::new(),
        };
        Ok(query.page(entries))
    }
}
