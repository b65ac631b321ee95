//! What a report of an incident is made from.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{action::Action, alert::Alert, id::IncidentId, incident::Incident, time::Time},
    retry::Retries,
    store::{StoreError, Tables, alerts::Alerts, incidents::Incidents},
};

/// How many alerts a report names.
const MAX_ALERTS: usize = 500;

/// How many actions a report reads. Those of the alerts above are among them.
const MAX_ACTIONS: usize = 2_000;

/// An incident from its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentHistory {
    pub incident: Incident,
    /// The first alerts, oldest first.
    pub alerts: Vec<Alert>,
    /// The first actions, oldest first.
    pub actions: Vec<Action>,
}

/// The use case.
#[derive(Debug)]
pub struct GetIncidentReport {
    incidents: Incidents,
    alerts: Alerts,
}

impl GetIncidentReport {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, alerts: tables.alerts()? })
    }

    /// The incident of that id, if there is one: three reads side by side, and the rows of its alerts.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(
        &self,
        id: IncidentId,
        now: Time,
        deadline: Deadline,
    ) -> Result<Option<IncidentHistory>, StoreError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.read(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn read(&self, id: IncidentId, now: Time) -> Result<Option<IncidentHistory>, StoreError> {
        let (incident, alerts, actions) = tokio::try_join!(
            self.incidents.get(id, now),
            self.alerts.first_of_incident(id, MAX_ALERTS, now),
            self.incidents.first_actions(id, MAX_ACTIONS, now),
        )?;
        Ok(incident.map(|incident| IncidentHistory { incident, alerts, actions }))
    }
}
