//! Writes a person's change of an incident once, even if the answer of an attempt is lost.

use crate::{
    config::InvalidVariable,
    domain::{
        action::{Action, ActionKind},
        id::IncidentId,
        incident::Incident,
        retention::Retention,
        time::Time,
    },
    retry::{Outlook, Retryable},
    store::{
        StoreError, Tables,
        incidents::Incidents,
        transaction::{TransactionError, Write},
    },
};

/// Whether the caller accepts that the incident is at this version.
pub type Precondition<'caller> = dyn Fn(u64) -> bool + Sync + 'caller;

/// Why an incident was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeIncidentError {
    #[error("there is no incident with this id")]
    NotFound,
    /// The incident is part of this one.
    #[error("the incident is part of {0}")]
    Merged(IncidentId),
    /// The incident is at a version that the caller does not accept.
    #[error("the incident has changed: it is at version {}", .0.version)]
    Stale(Box<Incident>),
    /// The table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for ChangeIncidentError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for ChangeIncidentError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// What one request tried so far.
#[derive(Debug)]
pub(super) struct Attempts {
    /// Two people may ask for the same in the same millisecond. This tells whose change was written.
    change_id: u128,
    /// Attempts whose answer was lost: each may have been committed.
    unanswered: Vec<WrittenChange>,
    /// How many attempts began, if the caller counts them.
    pub tried: u32,
}

/// A change as it was written, or would have been.
#[derive(Debug, Clone)]
pub(super) struct WrittenChange {
    pub incident: Incident,
    pub actions: Vec<Action>,
}

/// A change that was decided.
pub(super) struct DecidedChange<'change> {
    pub before: &'change Incident,
    pub change: WrittenChange,
    /// What is written with it.
    pub others: Vec<Write>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { change_id: fastrand::u128(..), unanswered: Vec::new(), tried: 0 }
    }
}

impl WrittenChange {
    /// A change by somebody.
    pub(super) fn of((incident, kinds): (Incident, Vec<ActionKind>), actor: &str) -> Self {
        Self { actions: incident.last_actions(kinds, actor), incident }
    }
}

/// Reads and writes incidents for a person.
#[derive(Debug)]
pub(super) struct IncidentWriter {
    tables: Tables,
    incidents: Incidents,
    retention: Retention,
}

impl IncidentWriter {
    pub(super) fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { tables: tables.clone(), incidents: tables.incidents()?, retention: tables.retention()? })
    }

    /// The incident, if people may change it.
    pub(super) async fn get(&self, id: IncidentId, now: Time) -> Result<Incident, ChangeIncidentError> {
        match self.incidents.get(id, now).await? {
            None => Err(ChangeIncidentError::NotFound),
            Some(Incident { merged_into: Some(into), .. }) => Err(ChangeIncidentError::Merged(into)),
            Some(incident) => Ok(incident),
        }
    }

    /// The writes of a change of another incident, which is written with this one. Without `before`, it is new.
    pub(super) fn writes(
        &self,
        before: Option<&Incident>,
        change: &WrittenChange,
        attempts: &Attempts,
    ) -> Result<Vec<Write>, StoreError> {
        let WrittenChange { incident, actions } = change;
        match before {
            Some(before) => {
                self.incidents.writes_of_person(before, incident, actions, attempts.change_id, self.retention)
            }
            None => self.incidents.writes(None, incident, actions, self.retention),
        }
    }

    /// The earlier attempt whose answer was lost and that was committed. A caller who insists on a version must not be
    /// told that somebody else changed it.
    ///
    /// To be asked after the incident was read: an attempt that was still on its way then can no longer be committed,
    /// because its condition is the version of then.
    pub(super) async fn committed(&self, attempts: &Attempts) -> Result<Option<WrittenChange>, StoreError> {
        for change in &attempts.unanswered {
            if let Some(action) = change.actions.first()
                && self.incidents.is_written(change.incident.id, action, attempts.change_id).await?
            {
                return Ok(Some(change.clone()));
            }
        }
        Ok(None)
    }

    /// Writes a change, and what belongs to it, if the incident is still as it was read.
    pub(super) async fn write(
        &self,
        decided: DecidedChange<'_>,
        attempts: &mut Attempts,
        now: Time,
    ) -> Result<WrittenChange, TransactionError> {
        let DecidedChange { before, change, others } = decided;
        let WrittenChange { incident, actions } = &change;
        let mut writes =
            self.incidents.writes_of_person(before, incident, actions, attempts.change_id, self.retention)?;
        writes.extend(others);
        let committed = self.tables.commit(writes, now).await;
        if matches!(committed, Err(TransactionError::Store(_))) {
            attempts.unanswered.push(change.clone());
        }
        committed.map(|()| change)
    }
}
