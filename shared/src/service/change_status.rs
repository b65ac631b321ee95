//! A person changes the status of an incident.

use std::time::Duration;

use super::{
    incident_writer::{Attempts, ChangeIncidentError, DecidedChange, IncidentWriter, Precondition, WrittenChange},
    resolve_alerts::{Ending, Ends, ResolveAlertError, ResolveAlerts},
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        action::ActionKind,
        id::{AlertId, IncidentId},
        incident::Incident,
        status::{IllegalTransition, Status},
        time::Time,
    },
    queue::{MAX_SEND_TIME, Queue, QueueError},
    retry::{Outlook, Retries, Retryable},
    store::{StoreError, Tables, transaction::TransactionError},
};

/// How long a request ends alerts that one transaction could not.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(3);

/// The status that an incident is to have, who wants it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    pub status: Status,
    pub comment: Option<String>,
    /// The name of the API token.
    pub actor: String,
}

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
    /// The incident is part of this one.
    #[error("the incident is part of {0}")]
    Merged(IncidentId),
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
    /// The incident is resolved, but alerts of it still fire, and the queue that would end them cannot
    /// be reached. The same request again ends them.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<ChangeIncidentError> for ChangeStatusError {
    fn from(error: ChangeIncidentError) -> Self {
        match error {
            ChangeIncidentError::NotFound => Self::NotFound,
            ChangeIncidentError::Merged(into) => Self::Merged(into),
            ChangeIncidentError::Stale(incident) => Self::Stale(incident),
            ChangeIncidentError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<ResolveAlertError> for ChangeStatusError {
    fn from(error: ResolveAlertError) -> Self {
        match error {
            ResolveAlertError::NotFound => Self::NotFound,
            ResolveAlertError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<StoreError> for ChangeStatusError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for ChangeStatusError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct ChangeStatus {
    writer: IncidentWriter,
    resolve_alerts: ResolveAlerts,
    queue: Option<Queue>,
}

impl ChangeStatus {
    /// `queue` takes over what a request has no time for. Without it, that is left to the next request.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, queue: Option<Queue>) -> Result<Self, InvalidVariable> {
        Ok(Self { writer: IncidentWriter::new(tables)?, resolve_alerts: ResolveAlerts::new(tables)?, queue })
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
        deadline: Deadline,
    ) -> Result<ChangedStatus, ChangeStatusError> {
        let mut attempts = Attempts::new();
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.attempt(id, change, precondition, now, &mut attempts).await {
                Err(error) if retries.pause_after(&error).await => {}
                Err(error) => return Err(error),
                Ok(ChangedStatus { incident, is_changed }) => {
                    return Ok(ChangedStatus { incident: self.sweep(incident, now, deadline).await?, is_changed });
                }
            }
        }
    }

    async fn attempt(
        &self,
        id: IncidentId,
        change: &StatusChange,
        precondition: &Precondition<'_>,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<ChangedStatus, ChangeStatusError> {
        let incident = self.writer.get(id, now).await?;
        if let Some(written) = self.writer.committed(attempts).await? {
            return Ok(ChangedStatus { incident: written.incident, is_changed: true });
        }
        if !precondition(incident.version) {
            return Err(ChangeStatusError::Stale(Box::new(incident)));
        }
        let Some((changed, kinds)) = incident.clone().change_status(change.status, change.comment.clone(), now)? else {
            return Ok(ChangedStatus { incident, is_changed: false });
        };
        let (changed, kinds, ending) = self.end_alerts(changed, kinds, now).await?;
        let change = WrittenChange::of((changed, kinds), &change.actor);
        let decided = DecidedChange { before: &incident, change, others: ending.writes };
        let written = self.writer.write(decided, attempts, now).await?;
        Ok(ChangedStatus { incident: written.incident, is_changed: true })
    }

    /// With an incident that becomes RESOLVED, the alerts that still fire in it end: as many as one
    /// transaction takes.
    async fn end_alerts(
        &self,
        changed: Incident,
        mut kinds: Vec<ActionKind>,
        now: Time,
    ) -> Result<(Incident, Vec<ActionKind>, Ending), StoreError> {
        if changed.status != Status::Resolved || changed.firing_alert_count == 0 {
            return Ok((changed, kinds, Ending::default()));
        }
        let (firing, _) = self.resolve_alerts.firing_alerts(changed.id, AlertId::first_at(Time::EARLIEST), now).await?;
        let mut ending = self.resolve_alerts.end(firing, Some(changed.clone()), Ends { at: now, now }).await?;
        kinds.append(&mut ending.kinds);
        let ended = ending.incident.take().map(|incident| incident.as_one_change(&changed));
        Ok((ended.unwrap_or(changed), kinds, ending))
    }

    /// Ends the alerts that still fire after an incident was resolved. If time runs out, a message asks
    /// `group-alerts` to go on.
    async fn sweep(&self, incident: Incident, now: Time, deadline: Deadline) -> Result<Incident, ChangeStatusError> {
        if incident.is_active() || incident.firing_alert_count == 0 {
            return Ok(incident);
        }
        let sweeping = deadline.leaving(MAX_SEND_TIME).within(SWEEP_TIMEOUT);
        let swept = sweeping.bound(self.resolve_alerts.sweep(incident.id, now, sweeping)).await;
        if let (Some(queue), false) = (&self.queue, matches!(swept, Ok(Ok(0)))) {
            queue.send_sweep(incident.id, deadline).await?;
        }
        Ok(self.writer.get(incident.id, now).await?)
    }
}
