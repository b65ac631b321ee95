//! One incident with its alerts and its history.

use super::warm::warm;
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{action::Action, alert::Alert, id::IncidentId, incident::Incident, time::Time},
    store::{StoreError, alerts, incidents::Incidents},
};

/// How many alerts are shown, newest first.
const ALERTS: i32 = 100;

/// How many entries of the history are shown, newest first.
const ACTIONS: i32 = 50;

/// An incident, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDetail {
    /// The incident. It counts its alerts and its actions.
    pub incident: Incident,
    /// Its youngest alerts, newest first.
    pub alerts: Vec<Alert>,
    /// Its latest actions, newest first.
    pub actions: Vec<Action>,
}

/// Finds incidents.
#[derive(Debug)]
pub struct GetIncident {
    client: aws_sdk_dynamodb::Client,
    incidents: Incidents,
    alerts_table: String,
}

impl GetIncident {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let incidents = Incidents::new(client.clone(), environment.incidents_table()?);
        Ok(Self { client, incidents, alerts_table: environment.alerts_table()? })
    }

    /// Makes the first call before the first request comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.incidents.get(IncidentId::first_at(Time::EARLIEST))).await;
    }

    /// The incident of that id, if there is one: three reads side by side.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
        let (incident, alerts, actions) = tokio::try_join!(
            self.incidents.get(id),
            alerts::latest_of_incident(&self.client, &self.alerts_table, id, ALERTS),
            self.incidents.latest_actions(id, ACTIONS),
        )?;
        Ok(incident.map(|incident| IncidentDetail { incident, alerts, actions }))
    }
}
