//! People end alerts: one whose resolution never came, or all that fire in an incident they resolved.
//!
//! An alert, what is known of its problem, and its incident change in one transaction. Of an incident
//! with many firing alerts, each transaction ends some. What is left stands in the incident itself: it
//! is resolved and has firing alerts. So the work can go on after any interruption.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        action::{ActionKind, SYSTEM_ACTOR},
        alert::Alert,
        alert_status::AlertStatus,
        id::{AlertId, IncidentId},
        incident::{AlertChange, Incident},
        retention::Retention,
        time::Time,
    },
    keys,
    retry::{Outlook, Retries, Retryable},
    store::{
        StoreError, Tables,
        alerts::Alerts,
        claims::Claims,
        incidents::{Consistency, Incidents},
        transaction::{TransactionError, Write},
    },
};

/// How many alerts one transaction ends. Each takes 2 of the 100 writes.
const MAX_TOGETHER: usize = 40;

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

impl ResolveAlertError {
    /// Whether the alerts or the product are the cause: the same request would always fail.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::NotFound => true,
            Self::Unavailable(error) => error.is_permanent(),
        }
    }

    /// Whether the cause is outside of the alerts, such as a table that is throttled.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        match self {
            Self::Unavailable(error) => error.is_external(),
            Self::NotFound => false,
        }
    }
}

impl From<StoreError> for ResolveAlertError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for ResolveAlertError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            Self::NotFound => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct ResolveAlerts {
    tables: Tables,
    alerts: Alerts,
    claims: Claims,
    incidents: Incidents,
    retention: Retention,
}

/// When alerts end, and when that is written: a sweep ends them when their incident was resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub at: Time,
    pub now: Time,
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
            retention: tables.retention()?,
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
        deadline: Deadline,
    ) -> Result<ResolvedAlert, ResolveAlertError> {
        let mut retries = Retries::of_person(deadline);
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
        let alert = self.alerts.get(id, now).await?.ok_or(ResolveAlertError::NotFound)?;
        if alert.state.status == AlertStatus::Resolved {
            return Ok(ResolvedAlert { alert, is_changed: false });
        }
        let incident = match alert.state.incident_id {
            Some(incident_id) => self.incidents.get(incident_id, now).await?,
            None => None,
        };
        // What changes the alert and its incident after the incident was read makes the write fail. What
        // changed both before must be seen here, else the incident would count it twice.
        let alert = self.alerts.get(id, now).await?.ok_or(ResolveAlertError::NotFound)?;
        if alert.state.status == AlertStatus::Resolved {
            return Ok(ResolvedAlert { alert, is_changed: false });
        }
        if alert.state.incident_id != incident.as_ref().map(|incident| incident.id) && incident.is_some() {
            // It moved meanwhile.
            return Err(TransactionError::Contended.into());
        }
        let ending = self.end(vec![alert], incident.clone(), Ends { at: now, now }).await?;
        let Ending { alerts, incident: changed, mut kinds, mut writes } = ending;
        if let (Some(before), Some(changed)) = (&incident, changed) {
            let by_person = ActionKind::AlertResolved { alert_id: id, comment: request.comment.clone() };
            let changed = changed.with_action(by_person, &mut kinds);
            let actions = changed.last_actions(kinds, &request.actor);
            writes.extend(self.incidents.writes(Some(before), &changed, &actions, self.retention)?);
        }
        self.tables.commit(writes, now).await?;
        let alert = alerts.into_iter().next().ok_or(ResolveAlertError::NotFound)?;
        Ok(ResolvedAlert { alert, is_changed: true })
    }

    /// The firing alerts of an incident behind an alert, up to [`MAX_TOGETHER`], and the last alert that
    /// was looked at. The index may be late: what it calls firing and has ended since is left out.
    pub(super) async fn firing_alerts(
        &self,
        id: IncidentId,
        after: AlertId,
        now: Time,
    ) -> Result<(Vec<Alert>, Option<AlertId>), StoreError> {
        let ids = self.alerts.firing_of_incident(id, after, MAX_TOGETHER).await?;
        let mut alerts = self.alerts.get_many(&ids, Consistency::Strong, now).await?;
        alerts.retain(|alert| alert.state.status == AlertStatus::Firing && alert.state.incident_id == Some(id));
        Ok((alerts, ids.last().copied()))
    }

    /// Decides how alerts end, and what their incident becomes.
    pub(super) async fn end(
        &self,
        alerts: Vec<Alert>,
        incident: Option<Incident>,
        Ends { at, now }: Ends,
    ) -> Result<Ending, StoreError> {
        let problem_key = |alert: &Alert| keys::problem_claim(&alert.state.source, &alert.report.problem_key);
        let claims: BTreeMap<AlertId, String> = alerts.iter().map(|alert| (alert.id, problem_key(alert))).collect();
        let wanted: BTreeSet<&str> = claims.values().map(String::as_str).collect();
        let before = self.claims.read(wanted, now).await?;
        let mut after = before.clone();
        let mut ending = Ending { incident, ..Ending::default() };
        for alert in alerts {
            let mut ended = alert.clone();
            let problem = claims.get(&alert.id).and_then(|claim| after.problems.get_mut(claim));
            let known = problem.and_then(|problem| Some((problem.resolved_by_person(alert.id, at)?, problem)));
            if let Some((episode, problem)) = known {
                ended.revise(&episode, None);
                let lane = problem.lane_of(alert.id).unwrap_or_default().to_owned();
                problem.put(&lane, episode);
            } else {
                // The problem forgot the alert long ago.
                ended.end(at);
            }
            let ended = ended.changed(now);
            let change = AlertChange { before: &alert, after: &ended };
            if let Some((changed, kinds)) = ending.incident.as_ref().and_then(|incident| incident.follow(change, now)) {
                ending.incident = Some(changed);
                ending.kinds.extend(kinds);
            }
            ending.writes.push(self.alerts.update(&alert, &ended, self.retention.of_alert(&ended, now))?);
            ending.alerts.push(ended);
        }
        ending.writes.extend(self.claims.changes(&before, &after, now)?);
        Ok(ending)
    }

    /// Ends the alerts that still fire in an incident that was resolved. Returns how many may be left.
    ///
    /// # Errors
    /// [`ResolveAlertError`]
    pub async fn sweep(&self, id: IncidentId, now: Time, deadline: Deadline) -> Result<u64, ResolveAlertError> {
        let mut retries = Retries::of_message(deadline);
        let mut after = AlertId::first_at(Time::EARLIEST);
        loop {
            match self.sweep_once(id, after, now).await {
                // The index may still call those firing that were ended here, so the next step begins
                // behind them.
                Ok(Swept::UpTo(last)) => after = last,
                Ok(Swept::Left(left)) => return Ok(left),
                Err(error) if retries.pause_after(&error).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn sweep_once(&self, id: IncidentId, after: AlertId, now: Time) -> Result<Swept, ResolveAlertError> {
        let Some(before) = self.incidents.get(id, now).await? else { return Ok(Swept::Left(0)) };
        // Alerts of a merged incident move, and end where they arrive.
        let is_over = before.merged_into.is_none() && !before.is_active();
        if !is_over || before.firing_alert_count == 0 {
            return Ok(Swept::Left(0));
        }
        let (alerts, last) = self.firing_alerts(id, after, now).await?;
        // Without one, the index does not show the latest yet.
        let Some(last) = last else { return Ok(Swept::Left(before.firing_alert_count)) };
        if alerts.is_empty() {
            return Ok(Swept::UpTo(last));
        }
        let ends = Ends { at: before.resolved_at.unwrap_or(now), now };
        let ending = self.end(alerts, Some(before.clone()), ends).await?;
        let Ending { incident, kinds, mut writes, .. } = ending;
        if let Some(changed) = incident {
            let actions = changed.last_actions(kinds, SYSTEM_ACTOR);
            writes.extend(self.incidents.writes(Some(&before), &changed, &actions, self.retention)?);
        }
        self.tables.commit(writes, now).await?;
        Ok(Swept::UpTo(last))
    }
}

/// What one step of a sweep came to.
enum Swept {
    /// No alert up to this one fires; there may be more behind it.
    UpTo(AlertId),
    /// Nothing can be done now. So many alerts still fire.
    Left(u64),
}
