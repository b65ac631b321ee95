//! A person says that some alerts of an incident belong elsewhere: to an incident of their own, or to another one.
//!
//! It is one transaction. Its bound on alerts is what a transaction takes.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{
    correct_learning::CorrectLearning,
    incident_writer::{Attempts, ChangeIncidentError, DecidedChange, IncidentWriter, Precondition, WrittenChange},
    move_alerts::MoveAlerts,
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        alert::Alert,
        grouping::Moved,
        id::{AlertId, IncidentId},
        incident::{Division, Incident},
        retention::Retention,
        time::Time,
    },
    retry::{Outlook, Retries, Retryable},
    store::{
        StoreError, Tables,
        alerts::Alerts,
        incidents::{Consistency, Incidents},
        transaction::TransactionError,
    },
};

/// How many alerts one request moves.
pub const MAX_SPLIT: usize = 25;

/// Of an incident with more alerts, those that stay are not read: it keeps the services and times that it has.
const MAX_READ: usize = 1_000;

/// How often the index is asked for those that stay, if it does not show all of them yet. Where alerts join all the time,
/// it may never do.
const MAX_LOOKS: u32 = 5;

/// How often the same alerts may become an incident of their own.
const MAX_NAMES: u8 = 16;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The alerts that leave. At least one and at most [`MAX_SPLIT`].
    pub alerts: BTreeSet<AlertId>,
    /// Where they go. `None`: into a new incident.
    pub into: Option<IncidentId>,
    pub reason: Option<String>,
    /// The name of the API token.
    pub actor: String,
}

/// What a split came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DividedIncident {
    pub incident: Incident,
    /// Where the alerts are.
    pub into: Incident,
    /// False if they were there already.
    pub is_changed: bool,
}

/// Why alerts did not leave their incident.
#[derive(Debug, thiserror::Error)]
pub enum SplitIncidentError {
    #[error(transparent)]
    Change(#[from] ChangeIncidentError),
    /// Alerts are not in the incident.
    #[error("some alerts are not in the incident: {0:?}")]
    NotHere(Vec<AlertId>),
    /// There is no incident into which they could go.
    #[error("there is no incident {0}")]
    Unknown(IncidentId),
    #[error("alerts cannot go where they are")]
    Itself,
    /// The other incident is part of yet another.
    #[error("the incident {id} is part of {into}")]
    Elsewhere { id: IncidentId, into: IncidentId },
    /// Alerts of an incident that people work on would go into one that is over.
    #[error("the incident {0} is over")]
    Over(IncidentId),
    /// Nothing would be left.
    #[error("an alert must stay")]
    AllLeave,
}

impl From<StoreError> for SplitIncidentError {
    fn from(error: StoreError) -> Self {
        Self::Change(error.into())
    }
}

impl From<TransactionError> for SplitIncidentError {
    fn from(error: TransactionError) -> Self {
        Self::Change(error.into())
    }
}

impl Retryable for SplitIncidentError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Change(error) => error.outlook(),
            _ => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct SplitIncident {
    writer: IncidentWriter,
    incidents: Incidents,
    alerts: Alerts,
    learning: CorrectLearning,
    mover: MoveAlerts,
    retention: Retention,
}

/// Where alerts go.
enum Target {
    /// An incident that is there.
    Known(Box<Incident>),
    /// A new one with this id.
    New(IncidentId),
}

impl SplitIncident {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self {
            writer: IncidentWriter::new(tables)?,
            incidents: tables.incidents()?,
            alerts: tables.alerts()?,
            learning: CorrectLearning::new(tables)?,
            mover: MoveAlerts::new(tables)?,
            retention: tables.retention()?,
        })
    }

    /// Moves alerts out of an incident, or finds that they are where they shall be, and records nothing. The same request
    /// again finds the incident that the first one made.
    ///
    /// # Errors
    /// [`SplitIncidentError`]
    pub async fn split(
        &self,
        id: IncidentId,
        split: &Split,
        precondition: &Precondition<'_>,
        now: Time,
        deadline: Deadline,
    ) -> Result<DividedIncident, SplitIncidentError> {
        if split.into == Some(id) {
            return Err(SplitIncidentError::Itself);
        }
        let mut attempts = Attempts::new();
        let mut retries = Retries::of_person(deadline);
        loop {
            attempts.tried += 1;
            match self.attempt(id, split, precondition, now, &mut attempts).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        id: IncidentId,
        split: &Split,
        precondition: &Precondition<'_>,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<DividedIncident, SplitIncidentError> {
        let incident = self.writer.get(id, now).await?;
        let wanted: Vec<AlertId> = split.alerts.iter().copied().collect();
        let mut leaving = self.alerts.get_many(&wanted, Consistency::Strong, now).await?;
        leaving.sort_unstable_by_key(|alert| alert.id);
        let target = self.target(&incident, split, &leaving, now).await?;
        if let Target::Known(into) = &target
            && leaving.len() == wanted.len()
            && leaving.iter().all(|alert| alert.state.incident_id == Some(into.id))
        {
            let is_changed = self.writer.committed(attempts).await?.is_some();
            return Ok(DividedIncident { incident, into: into.as_ref().clone(), is_changed });
        }
        let here = |alert: &Alert| alert.state.incident_id == Some(id);
        let is_here = |id: &AlertId| leaving.iter().any(|alert| alert.id == *id && here(alert));
        let elsewhere: Vec<AlertId> = wanted.iter().filter(|id| !is_here(id)).copied().collect();
        if !elsewhere.is_empty() {
            return Err(SplitIncidentError::NotHere(elsewhere));
        }
        if leaving.len() as u64 >= incident.alert_count {
            return Err(SplitIncidentError::AllLeave);
        }
        if !precondition(incident.version) {
            return Err(ChangeIncidentError::Stale(Box::new(incident)).into());
        }
        self.write(incident, target, leaving, split, now, attempts).await
    }

    /// Where the alerts go. A new incident has an id that follows from what is asked for, so that the same request finds it.
    async fn target(
        &self,
        incident: &Incident,
        split: &Split,
        leaving: &[Alert],
        now: Time,
    ) -> Result<Target, SplitIncidentError> {
        if let Some(id) = split.into {
            let into = self.incidents.get(id, now).await?.ok_or(SplitIncidentError::Unknown(id))?;
            return match into.merged_into {
                Some(into) => Err(SplitIncidentError::Elsewhere { id, into }),
                None if incident.is_active() && !into.is_active() => Err(SplitIncidentError::Over(id)),
                None => Ok(Target::Known(Box::new(into))),
            };
        }
        let created_at = leaving.first().map_or(incident.created_at, Alert::created_at).max(incident.created_at);
        for name in 0..MAX_NAMES {
            let id = name_of(incident.id, split, created_at, name);
            match self.incidents.get(id, now).await? {
                None => return Ok(Target::New(id)),
                Some(found) if leaving.iter().all(|alert| alert.state.incident_id == Some(id)) => {
                    return Ok(Target::Known(Box::new(found)));
                }
                Some(_) => {}
            }
        }
        Ok(Target::New(IncidentId::new(created_at, fastrand::u128(..))))
    }

    async fn write(
        &self,
        incident: Incident,
        target: Target,
        leaving: Vec<Alert>,
        split: &Split,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<DividedIncident, SplitIncidentError> {
        let (into_id, known) = match target {
            Target::Known(into) => (into.id, Some(*into)),
            Target::New(id) => (id, None),
        };
        let alert_ids = leaving.iter().map(|alert| alert.id).collect();
        let division = Division { from: incident.id, into: into_id, alert_ids, reason: split.reason.clone() };
        let by = Some(split.actor.clone());
        let moved = self.mover.moved(&leaving, into_id, &Moved { from: incident.id, by }, now).await?;
        let taken = match &known {
            Some(into) => Some(into.clone().take_over(&moved.alerts, &division, now)),
            None => Incident::split_off(&incident, into_id, &moved.alerts, &division, now),
        };
        let taken = WrittenChange::of(taken.ok_or(SplitIncidentError::NotHere(Vec::new()))?, &split.actor);
        let rest = self.rest(&incident, &split.alerts, now, attempts.tried).await?;
        let divided = incident.clone().divide(&leaving, rest.as_deref(), &division, now);
        let change = WrittenChange::of(divided, &split.actor);
        let mut writes = moved.writes;
        writes.extend(self.writer.writes(known.as_ref(), &taken, attempts)?);
        writes.extend(self.learning.apart(&incident, &change.incident, &taken.incident, now).await?);
        let decided = DecidedChange { before: &incident, change, others: writes };
        let written = self.writer.write(decided, attempts, now).await?;
        Ok(DividedIncident { incident: written.incident, into: taken.incident, is_changed: true })
    }

    /// The alerts that stay, earliest first. `None` if they are too many, or if the index did not show all of them in
    /// the first [`MAX_LOOKS`] attempts. Later attempts do not ask it: an answer takes time, and others change the
    /// incident meanwhile.
    async fn rest(
        &self,
        incident: &Incident,
        leaving: &BTreeSet<AlertId>,
        now: Time,
        tried: u32,
    ) -> Result<Option<Vec<Alert>>, SplitIncidentError> {
        let staying = usize::try_from(incident.alert_count).unwrap_or(usize::MAX).saturating_sub(leaving.len());
        if staying > MAX_READ || tried > MAX_LOOKS {
            return Ok(None);
        }
        let mut rest = self.alerts.first_of_incident(incident.id, MAX_READ + leaving.len() + 1, now).await?;
        rest.retain(|alert| alert.state.incident_id == Some(incident.id) && !leaving.contains(&alert.id));
        if rest.len() != staying && !self.retention.may_have_expired_rows(incident, now) {
            // The index does not show all of them yet.
            return if tried < MAX_LOOKS { Err(TransactionError::Contended.into()) } else { Ok(None) };
        }
        Ok(Some(rest))
    }
}

fn name_of(incident: IncidentId, split: &Split, created_at: Time, name: u8) -> IncidentId {
    let mut hash = Sha256::new().chain_update(incident.to_string()).chain_update([name]);
    for id in &split.alerts {
        hash.update(id.to_string());
    }
    let random = hash.finalize().iter().take(10).fold(0_u128, |random, byte| random << 8 | u128::from(*byte));
    IncidentId::new(created_at, random)
}
