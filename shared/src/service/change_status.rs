//! A person changes the status of an incident.

use super::{retry, warm::warm};
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        action::Action,
        id::IncidentId,
        incident::Incident,
        status::{IllegalTransition, Status},
        time::Time,
    },
    store::{
        StoreError,
        counts::Counts,
        incidents::{Incidents, invalidations},
        transaction::TransactionError,
    },
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
pub struct ChangeStatus {
    incidents: Incidents,
    counts: Counts,
}

impl ChangeStatus {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let counts = Counts::new(client.clone(), environment.counts_table()?);
        Ok(Self { incidents: Incidents::new(client, environment.incidents_table()?), counts })
    }

    /// Makes the first call before the first request comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.incidents.get(IncidentId::first_at(Time::EARLIEST))).await;
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
        // Two people may ask for the very same in the same millisecond; this tells whose change was written.
        let mark = fastrand::u128(..);
        let mut unanswered = Vec::new();
        let mut attempts = 0;
        loop {
            let incident = self.incidents.get(id).await?.ok_or(ChangeStatusError::NotFound)?;
            if let Some(written) = self.written(&unanswered, mark).await? {
                return Ok(written);
            }
            if change.if_match.as_ref().is_some_and(|versions| !versions.contains(&incident.version)) {
                return Err(ChangeStatusError::Stale(Box::new(incident)));
            }
            let Some((changed, kinds)) = incident.clone().change_status(change.status, change.comment.clone(), now)?
            else {
                return Ok(incident);
            };
            let actions = changed.last_actions(kinds, &change.actor);
            self.counts.invalidate(&invalidations([(&incident, &changed)], now), now).await?;
            match self.incidents.change(&incident, &changed, &actions, mark).await {
                Ok(()) => return Ok(changed),
                Err(error) if error.is_retryable() && attempts + 1 < retry::ATTEMPTS => {
                    if matches!(error, TransactionError::Store(_)) {
                        unanswered.push((changed, actions));
                    }
                    retry::pause(attempts).await;
                }
                Err(error) => return Err(ChangeStatusError::Unavailable(error)),
            }
            attempts += 1;
        }
    }

    /// What the incident became by an attempt of which nobody answered whether it was written, if it was: a caller who
    /// insists on a version must not be told that somebody else changed it. Each attempt has to be asked for again,
    /// for it may still be on its way; once the incident has been read at another version, it no longer is.
    async fn written(
        &self,
        unanswered: &[(Incident, Vec<Action>)],
        mark: u128,
    ) -> Result<Option<Incident>, StoreError> {
        for (changed, actions) in unanswered {
            if let Some(action) = actions.first()
                && self.incidents.is_written(changed.id, action, mark).await?
            {
                return Ok(Some(changed.clone()));
            }
        }
        Ok(None)
    }
}
