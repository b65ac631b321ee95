//! One alert.

use crate::{
    config::InvalidVariable,
    domain::{alert::Alert, id::AlertId, time::Time},
    store::{StoreError, Tables, alerts::Alerts},
};

/// The use case.
#[derive(Debug)]
pub struct GetAlert {
    alerts: Alerts,
}

impl GetAlert {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { alerts: tables.alerts()? })
    }

    /// The alert of that id, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: AlertId, now: Time) -> Result<Option<Alert>, StoreError> {
        self.alerts.get(id, now).await
    }
}
