//! A person changes the status of an incident.

use super::retry;
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        id::IncidentId,
        incident::Incident,
        status::{IllegalTransition, Status},
        time::Time,
    },
    store::{StoreError, incidents::Incidents, transaction::TransactionError},
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The status that the incident shall have.
    pub status: Status,
    /// What the person says.
    pub comment: Option<String>,
    /// Who it is.
    pub actor: String,
    /// The versions of the incident on which the person insists; `None` is any.
    pub if_match: Option<Vec<u64>>,
}

/// Why the status was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeStatusError {
    /// There is no such incident.
    #[error("there is no incident with this id")]
    NotFound,
    /// It is at another version than the person insists on.
    #[error("the incident has changed: it is at version {}", .0.version)]
    Stale(Box<Incident>),
    /// The status machine has no such step.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Others were faster, again and again, or the table cannot be reached.
    #[error(transparent)]
    Unavailable(TransactionError),
}

impl From<StoreError> for ChangeStatusError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Changes the status of incidents.
#[derive(Debug)]
pub struct StatusChanger {
    incidents: Incidents,
}

impl StatusChanger {
    /// Connects to the table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        Ok(Self { incidents: Incidents::new(aws.dynamodb(), environment.incidents_table()?) })
    }

    /// Changes the status, or finds that the incident has it already and records nothing.
    ///
    /// A change that meets another writer, such as an alert that joins, is decided anew on what that one wrote; so
    /// neither is lost.
    ///
    /// # Errors
    /// [`ChangeStatusError`]
    pub async fn change(
        &self,
        id: IncidentId,
        change: &StatusChange,
        now: Time,
    ) -> Result<Incident, ChangeStatusError> {
        let mut attempts = 0;
        loop {
            let incident = self.incidents.get(id).await?.ok_or(ChangeStatusError::NotFound)?;
            if change.if_match.as_ref().is_some_and(|versions| !versions.contains(&incident.version)) {
                return Err(ChangeStatusError::Stale(Box::new(incident)));
            }
            let Some((changed, deeds)) = incident.clone().change_status(change.status, change.comment.clone(), now)?
            else {
                return Ok(incident);
            };
            let actions = changed.last_actions(deeds, &change.actor);
            match self.incidents.change(&incident, &changed, &actions).await {
                Ok(()) => return Ok(changed),
                Err(error) if error.is_retryable() && attempts + 1 < retry::ATTEMPTS => retry::pause(attempts).await,
                Err(error) => return Err(ChangeStatusError::Unavailable(error)),
            }
            attempts += 1;
        }
    }
}
