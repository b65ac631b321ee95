//! Moves the alerts of incidents that people merged, step by step.
//!
//! What is left stands in the merged incident itself: it names its successor and has alerts. Each step is a transaction
//! that moves some of them and counts them here and there. So the work can stop after any step, and go on at any time, by
//! whoever comes: the request that merged, the same request again, or a message of the queue.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        action::SYSTEM_ACTOR,
        alert::Alert,
        grouping::Moved,
        id::{AlertId, IncidentId},
        incident::Incident,
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

/// How many alerts one transaction moves. Each takes up to 2 of the 100 writes.
const MAX_TOGETHER: usize = 40;

/// How many incidents in a row may be merged into each other before nobody looks further.
pub(super) const MAX_SUCCESSORS: usize = 64;

/// Why alerts were not moved. The next attempt goes on where this one ended.
#[derive(Debug, thiserror::Error)]
pub enum MoveAlertsError {
    /// A table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for MoveAlertsError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for MoveAlertsError {
    fn outlook(&self) -> Outlook {
        let Self::Unavailable(error) = self;
        error.outlook()
    }
}

/// The use case.
#[derive(Debug)]
pub struct MoveAlerts {
    tables: Tables,
    alerts: Alerts,
    claims: Claims,
    incidents: Incidents,
    retention: Retention,
}

/// Alerts that are somewhere else, before they are written.
pub(super) struct MovedAlerts {
    /// The alerts as they will be.
    pub alerts: Vec<Alert>,
    /// The writes of the alerts and of what is known of their problems.
    pub writes: Vec<Write>,
}

/// What one step came to.
enum Step {
    /// No alert up to this one is left; there may be more behind it.
    UpTo(AlertId),
    /// Nothing can be done now. So many alerts are left.
    Left(u64),
}

impl MoveAlerts {
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

    /// Moves the alerts that are left in a merged incident to its successor. Returns how many may still be left, because
    /// the index does not show them yet.
    ///
    /// # Errors
    /// [`MoveAlertsError`]
    pub async fn go_on(&self, id: IncidentId, now: Time, deadline: Deadline) -> Result<u64, MoveAlertsError> {
        let mut retries = Retries::of_message(deadline);
        let mut after = AlertId::first_at(Time::EARLIEST);
        loop {
            match self.step(id, after, now).await {
                // The index may still show those that were moved, so the next step begins behind them.
                Ok(Step::UpTo(last)) => after = last,
                Ok(Step::Left(left)) => return Ok(left),
                Err(error) if retries.pause_after(&error).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The incident that an incident is part of now: itself, if it was not merged. `None` if it has expired.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn successor(&self, id: IncidentId, now: Time) -> Result<Option<Incident>, StoreError> {
        let mut next = id;
        for _ in 0..MAX_SUCCESSORS {
            match self.incidents.get(next, now).await? {
                Some(Incident { merged_into: Some(into), .. }) => next = into,
                found => return Ok(found),
            }
        }
        Ok(None)
    }

    async fn step(&self, id: IncidentId, after: AlertId, now: Time) -> Result<Step, MoveAlertsError> {
        let Some(from) = self.incidents.get(id, now).await? else { return Ok(Step::Left(0)) };
        let Some(into) = from.merged_into else { return Ok(Step::Left(0)) };
        if from.alert_count == 0 {
            return Ok(Step::Left(0));
        }
        let Some(to) = self.successor(into, now).await? else { return Ok(Step::Left(0)) };
        let ids = self.alerts.ids_of_incident_after(id, after, MAX_TOGETHER).await?;
        let Some(last) = ids.last().copied() else {
            // What has expired is counted, but is not there.
            let left = if self.retention.may_have_expired_rows(&from, now) { 0 } else { from.alert_count };
            return Ok(Step::Left(left));
        };
        let mut alerts = self.alerts.get_many(&ids, Consistency::Strong, now).await?;
        alerts.retain(|alert| alert.state.incident_id == Some(id));
        if alerts.is_empty() {
            return Ok(Step::UpTo(last));
        }
        let moved = self.moved(&alerts, to.id, &Moved { from: id, by: None }, now).await?;
        let (received, kinds) = to.clone().receive(&alerts, now);
        let actions = received.last_actions(kinds, SYSTEM_ACTOR);
        let mut writes = moved.writes;
        writes.extend(self.incidents.writes(Some(&to), &received, &actions, self.retention)?);
        let rest = from.clone().hand_over(&alerts, now);
        writes.extend(self.incidents.writes(Some(&from), &rest, &[], self.retention)?);
        self.tables.commit(writes, now).await?;
        Ok(Step::UpTo(last))
    }

    /// Decides what alerts and their problems become when they move.
    pub(super) async fn moved(
        &self,
        alerts: &[Alert],
        to: IncidentId,
        moved: &Moved,
        now: Time,
    ) -> Result<MovedAlerts, StoreError> {
        let problem_key = |alert: &Alert| keys::problem_claim(&alert.state.source, &alert.report.problem_key);
        let claims: BTreeMap<AlertId, String> = alerts.iter().map(|alert| (alert.id, problem_key(alert))).collect();
        let wanted: BTreeSet<&str> = claims.values().map(String::as_str).collect();
        let before = self.claims.read(wanted, now).await?;
        let mut after = before.clone();
        let mut done = MovedAlerts { alerts: Vec::with_capacity(alerts.len()), writes: Vec::new() };
        for alert in alerts {
            let problem = claims.get(&alert.id).and_then(|claim| after.problems.get_mut(claim));
            if let Some(problem) = problem {
                problem.move_alert(alert.id, to);
            }
            let there = alert.clone().moved(to, moved.clone()).changed(now);
            done.writes.push(self.alerts.update(alert, &there, self.retention.of_alert(&there, now))?);
            done.alerts.push(there);
        }
        done.writes.extend(self.claims.changes(&before, &after, now)?);
        Ok(done)
    }
}
