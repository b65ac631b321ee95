//! A person changes the status of an incident.

use super::retry::{MAX_ATTEMPTS, Retries, Retryable};
use crate::{
    config::InvalidVariable,
    domain::{
        action::Action,
        id::IncidentId,
        incident::Incident,
        status::{IllegalTransition, Status},
        time::Time,
    },
    store::{
        StoreError, Tables,
        counts::Counts,
        incidents::{Incidents, invalidations},
        transaction::TransactionError,
    },
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    pub status: Status,
    pub comment: Option<String>,
    /// The name of the API token.
    pub actor: String,
}

/// Whether the caller accepts that the incident is at this version.
pub type Precondition<'caller> = dyn Fn(u64) -> bool + Sync + 'caller;

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedStatus {
    pub incident: Incident,
    /// False if the incident had the status already.
    pub is_changed: bool,
}

/// Why the status was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeStatusError {
    #[error("there is no incident with this id")]
    NotFound,
    /// The incident is at a version that the caller does not accept.
    #[error("the incident has changed: it is at version {}", .0.version)]
    Stale(Box<Incident>),
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for ChangeStatusError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for ChangeStatusError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(error) if error.is_retryable())
    }
}

/// The use case.
#[derive(Debug)]
pub struct ChangeStatus {
    incidents: Incidents,
    counts: Counts,
}

/// An attempt whose answer was lost: it may have been committed.
struct Unanswered {
    changed: Incident,
    actions: Vec<Action>,
}

impl ChangeStatus {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, counts: tables.counts()? })
    }

    /// Changes the status, or finds that the incident has it already and records nothing.
    ///
    /// If another writer changes the incident meanwhile, such as an alert that joins, the change is
    /// decided again on what that writer wrote. So neither is lost.
    ///
    /// # Errors
    /// [`ChangeStatusError`]
    pub async fn change(
        &self,
        id: IncidentId,
        change: &StatusChange,
        precondition: &Precondition<'_>,
        now: Time,
    ) -> Result<ChangedStatus, ChangeStatusError> {
        // Two people may ask for the same in the same millisecond. This tells whose change was written.
        let change_id = fastrand::u128(..);
        let mut unanswered = Vec::new();
        let mut retries = Retries::new(MAX_ATTEMPTS);
        loop {
            match self.attempt(id, change, precondition, now, change_id, &mut unanswered).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        id: IncidentId,
        change: &StatusChange,
        precondition: &Precondition<'_>,
        now: Time,
        change_id: u128,
        unanswered: &mut Vec<Unanswered>,
    ) -> Result<ChangedStatus, ChangeStatusError> {
        let incident = self.incidents.get(id).await?.ok_or(ChangeStatusError::NotFound)?;
        if let Some(incident) = self.committed(unanswered, change_id).await? {
            return Ok(ChangedStatus { incident, is_changed: true });
        }
        if !precondition(incident.version) {
            return Err(ChangeStatusError::Stale(Box::new(incident)));
        }
        let Some((changed, kinds)) = incident.clone().change_status(change.status, change.comment.clone(), now)? else {
            return Ok(ChangedStatus { incident, is_changed: false });
        };
        let actions = changed.last_actions(kinds, &change.actor);
        self.counts.invalidate(&invalidations([(&incident, &changed)], now), now).await?;
        match self.incidents.change(&incident, &changed, &actions, change_id).await {
            Ok(()) => Ok(ChangedStatus { incident: changed, is_changed: true }),
            Err(error) => {
                if matches!(error, TransactionError::Store(_)) {
                    unanswered.push(Unanswered { changed, actions });
                }
                Err(error.into())
            }
        }
    }

    /// What the incident became by an earlier attempt whose answer was lost, if it was committed. A
    /// caller who insists on a version must not be told that somebody else changed it.
    ///
    /// Each attempt is looked for again, since it may still have been on its way. Once the incident
    /// has been read at another version, it no longer is.
    async fn committed(&self, unanswered: &[Unanswered], change_id: u128) -> Result<Option<Incident>, StoreError> {
        for Unanswered { changed, actions } in unanswered {
            if let Some(action) = actions.first()
                && self.incidents.is_written(changed.id, action, change_id).await?
            {
                return Ok(Some(changed.clone()));
            }
        }
        Ok(None)
    }
}
