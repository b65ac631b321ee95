//! A person says that several incidents are one.
//!
//! One transaction records it: each of the others names its successor from then on, takes in nothing, and is in no list.
//! Their alerts follow in steps; see [`super::move_alerts`].

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    correct_learning::CorrectLearning,
    incident_writer::{Attempts, ChangeIncidentError, DecidedChange, IncidentWriter, Precondition, WrittenChange},
    sweep_incident::SweepIncident,
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::IncidentId, incident::Incident, time::Time},
    queue::{MAX_SEND_TIME, Queue, QueueError},
    retry::{Outlook, Retries, Retryable},
    store::{
        StoreError, Tables,
        incidents::{Consistency, Incidents},
        transaction::TransactionError,
    },
};

/// How many incidents one request merges into another.
pub const MAX_MERGED: usize = 10;

/// How long a request moves alerts.
const MOVE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The incidents that become part of another. At most [`MAX_MERGED`].
    pub others: BTreeSet<IncidentId>,
    pub reason: Option<String>,
    /// The name of the API token.
    pub actor: String,
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedIncidents {
    pub incident: Incident,
    /// The others, in the order of their ids. The alerts that they have left are on their way.
    pub others: Vec<Incident>,
    /// False if all of them were merged already.
    pub is_changed: bool,
}

/// Why incidents were not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeIncidentsError {
    #[error(transparent)]
    Change(#[from] ChangeIncidentError),
    #[error("an incident cannot become part of itself")]
    Itself,
    /// There are no such incidents.
    #[error("some incidents do not exist: {0:?}")]
    Unknown(Vec<IncidentId>),
    /// An incident is part of yet another.
    #[error("the incident {id} is part of {into}")]
    Elsewhere { id: IncidentId, into: IncidentId },
    /// People still work on an incident, and the one that it would become part of is over.
    #[error("the incident {0} is still open")]
    StillOpen(IncidentId),
    /// The incidents are merged, but alerts are left, and the queue that would move them cannot be reached. The same
    /// request again goes on.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<StoreError> for MergeIncidentsError {
    fn from(error: StoreError) -> Self {
        Self::Change(error.into())
    }
}

impl From<TransactionError> for MergeIncidentsError {
    fn from(error: TransactionError) -> Self {
        Self::Change(error.into())
    }
}

impl Retryable for MergeIncidentsError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Change(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct MergeIncidents {
    writer: IncidentWriter,
    incidents: Incidents,
    learning: CorrectLearning,
    sweeper: SweepIncident,
    queue: Option<Queue>,
}

impl MergeIncidents {
    /// `queue` takes over what a request has no time for. Without it, that is left to the next request.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, queue: Option<Queue>) -> Result<Self, InvalidVariable> {
        Ok(Self {
            writer: IncidentWriter::new(tables)?,
            incidents: tables.incidents()?,
            learning: CorrectLearning::new(tables)?,
            sweeper: SweepIncident::new(tables)?,
            queue,
        })
    }

    /// Makes other incidents a part of this one, or finds that they are already, and records nothing. Then it moves
    /// their alerts.
    ///
    /// # Errors
    /// [`MergeIncidentsError`]
    pub async fn merge(
        &self,
        id: IncidentId,
        merge: &Merge,
        precondition: &Precondition<'_>,
        now: Time,
        deadline: Deadline,
    ) -> Result<MergedIncidents, MergeIncidentsError> {
        if merge.others.contains(&id) {
            return Err(MergeIncidentsError::Itself);
        }
        let mut attempts = Attempts::new();
        let mut retries = Retries::of_person(deadline);
        let is_changed = loop {
            match self.attempt(id, merge, precondition, now, &mut attempts).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => break result?,
            }
        };
        self.move_alerts(&merge.others, now, deadline).await?;
        let ids: Vec<IncidentId> = merge.others.iter().copied().collect();
        let others = self.incidents.get_many(&ids, Consistency::Strong, now).await?;
        let incident = self.incidents.get(id, now).await?.ok_or(ChangeIncidentError::NotFound)?;
        Ok(MergedIncidents { incident, others, is_changed })
    }

    /// Returns whether something was changed.
    async fn attempt(
        &self,
        id: IncidentId,
        merge: &Merge,
        precondition: &Precondition<'_>,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<bool, MergeIncidentsError> {
        let ids: Vec<IncidentId> = merge.others.iter().copied().collect();
        let incident = self.writer.get(id, now).await?;
        let others = self.incidents.get_many(&ids, Consistency::Strong, now).await?;
        if self.writer.committed(attempts).await?.is_some() {
            return Ok(true);
        }
        let pending = pending(&incident, others, merge)?;
        if pending.is_empty() {
            return Ok(false);
        }
        if !precondition(incident.version) {
            return Err(ChangeIncidentError::Stale(Box::new(incident)).into());
        }
        let mut writes = self.learning.together(&incident, &pending, now).await?;
        for other in &pending {
            let merged = other.clone().merge_into(id, merge.reason.clone(), now);
            let merged = WrittenChange::of(merged, &merge.actor);
            writes.extend(self.writer.writes(Some(other), &merged, attempts)?);
        }
        let change = WrittenChange::of(incident.clone().absorb(&pending, merge.reason.clone(), now), &merge.actor);
        self.writer.write(DecidedChange { before: &incident, change, others: writes }, attempts, now).await?;
        Ok(true)
    }

    /// Moves the alerts of merged incidents. If time runs out, messages ask `group-alerts` to go on.
    async fn move_alerts(
        &self,
        others: &BTreeSet<IncidentId>,
        now: Time,
        deadline: Deadline,
    ) -> Result<(), MergeIncidentsError> {
        let moving = deadline.leaving(MAX_SEND_TIME).within(MOVE_TIMEOUT);
        for id in others {
            let moved = moving.bound(self.sweeper.sweep(*id, now, moving)).await;
            if let (Some(queue), false) = (&self.queue, matches!(moved, Ok(Ok(0)))) {
                queue.send_sweep(*id, deadline).await?;
            }
        }
        Ok(())
    }
}

/// The incidents that are not part of the other yet.
fn pending(incident: &Incident, others: Vec<Incident>, merge: &Merge) -> Result<Vec<Incident>, MergeIncidentsError> {
    let found: BTreeMap<IncidentId, Incident> = others.into_iter().map(|other| (other.id, other)).collect();
    let unknown: Vec<IncidentId> = merge.others.iter().filter(|id| !found.contains_key(id)).copied().collect();
    if !unknown.is_empty() {
        return Err(MergeIncidentsError::Unknown(unknown));
    }
    let mut pending = Vec::new();
    for (id, other) in found {
        match other.merged_into {
            Some(into) if into == incident.id => {}
            Some(into) => return Err(MergeIncidentsError::Elsewhere { id, into }),
            None if other.is_active() && !incident.is_active() => return Err(MergeIncidentsError::StillOpen(id)),
            None => pending.push(other),
        }
    }
    Ok(pending)
}
