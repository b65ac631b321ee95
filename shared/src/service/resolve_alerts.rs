//! People end alerts: one whose resolution never came, or all that fire in an incident they resolved.
//!
//! An alert, what is known of its problem, and its incident change in one transaction. Of an incident
//! with many firing alerts, each transaction ends some. What is left stands in the incident itself: it
//! is resolved and has firing alerts. So the work can go on after any interruption.

use std::collections::{BTreeMap, BTreeSet};

use super::retry::{MAX_ATTEMPTS, Retries, Retryable};
use crate::{
    config::InvalidVariable,
    domain::{
        action::{ActionKind, SYSTEM_ACTOR},
        alert::Alert,
        alert_status::AlertStatus,
        id::{AlertId, IncidentId},
        incident::{AlertChange, Incident},
        status::Status,
        time::Time,
    },
    keys,
    listing::buckets::Series,
    store::{
        StoreError, Tables,
        alerts::Alerts,
        claims::Claims,
        counts::{Counts, Invalidations},
        incidents::{Consistency, Incidents, invalidations},
        transaction::{TransactionError, Write},
    },
};

/// How many alerts one transaction ends. Each takes 2 of the 100 writes.
pub const MAX_TOGETHER: i32 = 40;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertResolution {
    pub comment: Option<String>,
    /// The name of the API token.
    pub actor: String,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedAlert {
    pub alert: Alert,
    /// False if the alert was resolved already.
    pub is_changed: bool,
}

/// Why an alert was not resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveAlertError {
    #[error("there is no alert with this id")]
    NotFound,
    /// A table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for ResolveAlertError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for ResolveAlertError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(error) if error.is_retryable())
    }
}

/// The use case.
#[derive(Debug)]
pub struct ResolveAlerts {
    tables: Tables,
    alerts: Alerts,
    claims: Claims,
    incidents: Incidents,
    counts: Counts,
}

/// Alerts that end, before they are written.
#[derive(Default)]
pub(super) struct Ending {
    /// The alerts as they will be.
    pub alerts: Vec<Alert>,
    /// The incident that they change, as it will be.
    pub incident: Option<Incident>,
    pub kinds: Vec<ActionKind>,
    /// The writes of the alerts and of what is known of their problems.
    pub writes: Vec<Write>,
    pub invalid: Invalidations,
}

impl ResolveAlerts {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self {
            tables: tables.clone(),
            alerts: tables.alerts()?,
            claims: tables.claims()?,
            incidents: tables.incidents()?,
            counts: tables.counts()?,
        })
    }

    /// Resolves one alert, or finds that it is resolved already and records nothing.
    ///
    /// # Errors
    /// [`ResolveAlertError`]
    pub async fn resolve(
        &self,
        id: AlertId,
        request: &AlertResolution,
        now: Time,
    ) -> Result<ResolvedAlert, ResolveAlertError> {
        let mut retries = Retries::new(MAX_ATTEMPTS);
        loop {
            match self.resolve_once(id, request, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn resolve_once(
        &self,
        id: AlertId,
        request: &AlertResolution,
        now: Time,
    ) -> Result<ResolvedAlert, ResolveAlertError> {
        let alert = self.alerts.get(id).await?.ok_or(ResolveAlertError::NotFound)?;
        if alert.state.status == AlertStatus::Resolved {
            return Ok(ResolvedAlert { alert, is_changed: false });
        }
        let incident = match alert.state.incident_id {
            Some(incident_id) => self.incidents.get(incident_id).await?,
            None => None,
        };
        // What changes the alert and its incident after the incident was read makes the write fail. What
        // changed both before must be seen here, else the incident would count it twice.
        let alert = self.alerts.get(id).await?.ok_or(ResolveAlertError::NotFound)?;
        if alert.state.status == AlertStatus::Resolved {
            return Ok(ResolvedAlert { alert, is_changed: false });
        }
        let ending = self.end(vec![alert], incident.clone(), now).await?;
        let Ending { alerts, incident: changed, mut kinds, mut writes, mut invalid } = ending;
        if let (Some(before), Some(changed)) = (&incident, changed) {
            let by_person = ActionKind::AlertResolved { alert_id: id, comment: request.comment.clone() };
            let changed = changed.with_action(by_person, &mut kinds);
            let actions = changed.last_actions(kinds, &request.actor);
            invalid.extend(invalidations([(before, &changed)], now));
            writes.extend(self.incidents.writes(Some(before), &changed, &actions)?);
        }
        self.counts.invalidate(&invalid, now).await?;
        self.tables.commit(writes).await?;
        let alert = alerts.into_iter().next().ok_or(ResolveAlertError::NotFound)?;
        Ok(ResolvedAlert { alert, is_changed: true })
    }

    /// The firing alerts of an incident, as its index knows them: up to [`MAX_TOGETHER`].
    pub(super) async fn firing_alerts(&self, id: IncidentId) -> Result<Vec<Alert>, StoreError> {
        let ids = self.alerts.firing_of_incident(id, MAX_TOGETHER).await?;
        let mut alerts = self.alerts.get_many(&ids, Consistency::Strong).await?;
        alerts.retain(|alert| alert.state.status == AlertStatus::Firing && alert.state.incident_id == Some(id));
        Ok(alerts)
    }

    /// Decides how alerts end at `now`, and what their incident becomes.
    pub(super) async fn end(
        &self,
        alerts: Vec<Alert>,
        incident: Option<Incident>,
        now: Time,
    ) -> Result<Ending, StoreError> {
        let problem_key = |alert: &Alert| keys::problem_claim(&alert.state.source, &alert.report.problem_key);
        let claims: BTreeMap<AlertId, String> = alerts.iter().map(|alert| (alert.id, problem_key(alert))).collect();
        let wanted: BTreeSet<&str> = claims.values().map(String::as_str).collect();
        let before = self.claims.read(wanted).await?;
        let mut after = before.clone();
        let mut ending = Ending { incident, ..Ending::default() };
        for alert in alerts {
            let mut ended = alert.clone();
            let problem = claims.get(&alert.id).and_then(|claim| after.problems.get_mut(claim));
            let known = problem.and_then(|problem| Some((problem.resolved_by_person(alert.id, now)?, problem)));
            if let Some((episode, problem)) = known {
                ended.revise(&episode, None);
                let lane = problem.lane_of(alert.id).unwrap_or_default().to_owned();
                problem.put(&lane, episode);
                problem.version += 1;
            } else {
                // The problem forgot the alert long ago.
                ended.end(now);
            }
            if let Some(incident) = ending.incident.take() {
                let change = AlertChange { before: &alert, after: &ended };
                match incident.clone().follow(change, now) {
                    Some((changed, kinds)) => {
                        ending.incident = Some(changed);
                        ending.kinds.extend(kinds);
                    }
                    None => ending.incident = Some(incident),
                }
            }
            ending.invalid.note(Series::Alerts, ended.created_at(), now);
            ending.writes.push(self.alerts.update(&alert, &ended, None)?);
            ending.alerts.push(ended);
        }
        ending.writes.extend(self.claims.changes(&before, &after, now)?);
        Ok(ending)
    }

    /// Ends the alerts that still fire in an incident that was resolved. Returns how many may be left.
    ///
    /// # Errors
    /// [`ResolveAlertError`]
    pub async fn sweep(&self, id: IncidentId, now: Time) -> Result<u64, ResolveAlertError> {
        let mut retries = Retries::new(MAX_ATTEMPTS);
        loop {
            match self.sweep_once(id, now).await {
                Ok(Swept::Some) => {}
                Ok(Swept::Left(left)) => return Ok(left),
                Err(error) if retries.pause_after(&error).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn sweep_once(&self, id: IncidentId, now: Time) -> Result<Swept, ResolveAlertError> {
        let Some(before) = self.incidents.get(id).await? else { return Ok(Swept::Left(0)) };
        let is_over = matches!(before.status, Status::Resolved | Status::Closed);
        if !is_over || before.firing_alert_count == 0 {
            return Ok(Swept::Left(0));
        }
        let alerts = self.firing_alerts(id).await?;
        if alerts.is_empty() {
            // The index does not show the latest yet.
            return Ok(Swept::Left(before.firing_alert_count));
        }
        let at = before.resolved_at.unwrap_or(now);
        let ending = self.end(alerts, Some(before.clone()), at).await?;
        let Ending { incident, kinds, mut writes, mut invalid, .. } = ending;
        if let Some(changed) = incident {
            let actions = changed.last_actions(kinds, SYSTEM_ACTOR);
            invalid.extend(invalidations([(&before, &changed)], now));
            writes.extend(self.incidents.writes(Some(&before), &changed, &actions)?);
        }
        self.counts.invalidate(&invalid, now).await?;
        self.tables.commit(writes).await?;
        Ok(Swept::Some)
    }
}

/// What one step of a sweep came to.
enum Swept {
    /// Alerts were ended; there may be more.
    Some,
    /// Nothing can be done now. So many alerts still fire.
    Left(u64),
}
