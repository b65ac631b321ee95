//! One alert.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{alert::Alert, id::AlertId, time::Time},
    retry::Retries,
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
    pub async fn get(&self, id: AlertId, now: Time, deadline: Deadline) -> Result<Option<Alert>, StoreError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.alerts.get(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }
}
