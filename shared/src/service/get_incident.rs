//! One incident with its alerts and its history.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{action::Action, alert::Alert, id::IncidentId, incident::Incident},
    retry::Retries,
    store::{StoreError, Tables, alerts::Alerts, incidents::Incidents},
};

const MAX_ALERTS: i32 = 100;
const MAX_ACTIONS: i32 = 50;

/// An incident with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDetail {
    pub incident: Incident,
    /// The youngest alerts, newest first.
    pub alerts: Vec<Alert>,
    /// The latest actions, newest first.
    pub actions: Vec<Action>,
}

/// The use case.
#[derive(Debug)]
pub struct GetIncident {
    incidents: Incidents,
    alerts: Alerts,
}

impl GetIncident {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, alerts: tables.alerts()? })
    }

    /// The incident of that id, if there is one: three reads side by side.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: IncidentId, deadline: Deadline) -> Result<Option<IncidentDetail>, StoreError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.read(id).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn read(&self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
        let (incident, alerts, actions) = tokio::try_join!(
            self.incidents.get(id),
            self.alerts.latest_of_incident(id, MAX_ALERTS),
            self.incidents.latest_actions(id, MAX_ACTIONS),
        )?;
        Ok(incident.map(|incident| IncidentDetail { incident, alerts, actions }))
    }
}
