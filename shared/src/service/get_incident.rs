//! One incident with its alerts and its history.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{action::Action, alert::Alert, id::IncidentId, incident::Incident, retention::Retention, time::Time},
    retry::Retries,
    store::{StoreError, Tables, alerts::Alerts, incidents::Incidents},
};

const MAX_ALERTS: usize = 100;
const MAX_ACTIONS: usize = 50;

/// An incident with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDetail {
    pub incident: Incident,
    /// The youngest alerts, newest first.
    pub alerts: Vec<Alert>,
    /// How many alerts there are.
    pub alerts_total: u64,
    /// The latest actions, newest first.
    pub actions: Vec<Action>,
    /// How many actions there are.
    pub actions_total: u64,
}

/// The use case.
#[derive(Debug)]
pub struct GetIncident {
    incidents: Incidents,
    alerts: Alerts,
    retention: Retention,
}

impl GetIncident {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, alerts: tables.alerts()?, retention: tables.retention()? })
    }

    /// The incident of that id, if there is one: three reads side by side.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(
        &self,
        id: IncidentId,
        now: Time,
        deadline: Deadline,
    ) -> Result<Option<IncidentDetail>, StoreError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.read(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn read(&self, id: IncidentId, now: Time) -> Result<Option<IncidentDetail>, StoreError> {
        let (incident, alerts, actions) = tokio::try_join!(
            self.incidents.get(id, now),
            self.alerts.latest_of_incident(id, MAX_ALERTS, now),
            self.incidents.latest_actions(id, MAX_ACTIONS, now),
        )?;
        let Some(incident) = incident else { return Ok(None) };
        let (alerts_total, actions_total) = self.totals(&incident, now).await?;
        Ok(Some(IncidentDetail { incident, alerts, alerts_total, actions, actions_total }))
    }

    /// How many alerts and actions there are. The incident counts those that have expired too, so they
    /// are counted anew where some may have.
    async fn totals(&self, incident: &Incident, now: Time) -> Result<(u64, u64), StoreError> {
        if self.retention.may_have_expired_rows(incident, now) {
            let alerts = self.alerts.count_of_incident(incident.id, now);
            tokio::try_join!(alerts, self.incidents.count_actions(incident, now))
        } else {
            Ok((incident.alert_count, incident.action_count))
        }
    }
}
