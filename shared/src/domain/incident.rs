//! An incident: the alerts of one outage, reviewed together.
//!
//! Its changes are functions here: each takes the incident, `now` and the news, and returns what was
//! done, so that the history says exactly what changed.

use serde::{Deserialize, Serialize};

use super::{
    action::{Action, ActionKind},
    alert::Alert,
    id::{ActionId, AlertId, IncidentId},
    severity::Severity,
    source::Source,
    status::{IllegalTransition, Status},
    time::Time,
};

/// How many services an incident names: each joining alert writes them all again.
const MAX_SERVICES: usize = 100;

/// The alerts of one outage, reviewed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Identifies it; its time is `created_at`.
    pub id: IncidentId,
    /// The first alert's title.
    pub title: String,
    /// Where its review stands.
    pub status: Status,
    /// The highest of its alerts.
    pub severity: Severity,
    /// The services of its alerts, sorted.
    pub services: Vec<String>,
    /// The sources of its alerts, sorted.
    pub sources: Vec<Source>,
    /// The first alert's team.
    pub team: Option<String>,
    /// The first alert's environment.
    pub environment: String,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed; a joining alert is a change.
    pub updated_at: Time,
    /// When it became `INVESTIGATING`.
    pub acknowledged_at: Option<Time>,
    /// When it became `RESOLVED`.
    pub resolved_at: Option<Time>,
    /// When it became `CLOSED`.
    pub closed_at: Option<Time>,
    /// How many alerts it has: always the number of alert rows that name it.
    pub alert_count: u64,
    /// How many of them are firing.
    pub firing_alert_count: u64,
    /// When its earliest alert occurred, by the source's clock.
    pub first_alert_at: Time,
    /// When its latest alert occurred, by the source's clock.
    pub last_alert_at: Time,
    /// How many entries its history has.
    pub action_count: u64,
    /// The earlier, resolved incident of the same group.
    pub recurrence_of: Option<IncidentId>,
    /// Counts its changes, from 1.
    pub version: u64,
}

impl Incident {
    /// The incident that an alert opens.
    #[must_use]
    pub fn open(id: IncidentId, alert: &Alert, recurrence_of: Option<IncidentId>) -> (Self, Vec<ActionKind>) {
        let now = id.created_at();
        let incident = Self {
            id,
            title: alert.report.title.clone(),
            status: Status::Open,
            severity: alert.state.severity,
            services: alert.state.service.iter().cloned().collect(),
            sources: vec![alert.state.source.clone()],
            team: alert.state.team.clone(),
            environment: alert.state.environment.clone(),
            created_at: now,
            updated_at: now,
            acknowledged_at: None,
            resolved_at: None,
            closed_at: None,
            alert_count: 1,
            firing_alert_count: 1,
            first_alert_at: alert.state.occurred_at,
            last_alert_at: alert.state.occurred_at,
            action_count: 1,
            recurrence_of,
            version: 1,
        };
        let kind = ActionKind::IncidentOpened {
            alert_id: alert.id,
            severity: alert.state.severity,
            reason: alert.report.grouping.reason.clone(),
            recurrence_of,
        };
        (incident, vec![kind])
    }

    /// A new alert joins.
    #[must_use]
    pub fn join(mut self, alert: &Alert, now: Time) -> (Self, Vec<ActionKind>) {
        let mut kinds = vec![ActionKind::AlertJoined {
            alert_id: alert.id,
            severity: alert.state.severity,
            rule: alert.report.grouping.rule,
            reason: alert.report.grouping.reason.clone(),
        }];
        kinds.extend(self.raise(alert.id, alert.state.severity));
        self.name_service(alert);
        insert_sorted(&mut self.sources, Some(&alert.state.source));
        self.alert_count += 1;
        self.firing_alert_count += u64::from(alert.state.resolved_at.is_none());
        self.first_alert_at = self.first_alert_at.min(alert.state.occurred_at);
        self.last_alert_at = self.last_alert_at.max(alert.state.occurred_at);
        (self.changed(now, &kinds), kinds)
    }

    /// An alert of it was reported again, worse than before. `None` if that changes nothing here.
    #[must_use]
    pub fn worsen(mut self, alert_id: AlertId, severity: Severity, now: Time) -> Option<(Self, Vec<ActionKind>)> {
        let kinds = vec![self.raise(alert_id, severity)?];
        Some((self.changed(now, &kinds), kinds))
    }

    /// One of its alerts turns out to have fired earlier, and maybe elsewhere. `None` if that changes nothing here.
    #[must_use]
    pub fn reach_back(mut self, alert: &Alert, now: Time) -> Option<Self> {
        let before = (self.first_alert_at, self.services.len());
        self.first_alert_at = self.first_alert_at.min(alert.state.occurred_at);
        self.name_service(alert);
        (before != (self.first_alert_at, self.services.len())).then(|| self.changed(now, &[]))
    }

    /// One of its firing alerts was resolved.
    #[must_use]
    pub fn resolve_alert(mut self, alert_id: AlertId, now: Time) -> (Self, Vec<ActionKind>) {
        self.firing_alert_count = self.firing_alert_count.saturating_sub(1);
        let kinds = if self.firing_alert_count == 0 {
            vec![ActionKind::AlertsResolved { alert_id, alert_count: self.alert_count }]
        } else {
            Vec::new()
        };
        (self.changed(now, &kinds), kinds)
    }

    /// A person changes the status. `None` if it has that status already.
    ///
    /// # Errors
    /// [`IllegalTransition`] where the status machine has no such step.
    pub fn change_status(
        mut self,
        to: Status,
        comment: Option<String>,
        now: Time,
    ) -> Result<Option<(Self, Vec<ActionKind>)>, IllegalTransition> {
        let from = self.status;
        if from == to {
            return Ok(None);
        }
        from.check_transition(to)?;
        self.status = to;
        let kinds = vec![ActionKind::StatusChanged { from, to, comment }];
        let mut changed = self.changed(now, &kinds);
        let at = Some(changed.updated_at);
        match to {
            Status::Open => {}
            Status::Investigating => changed.acknowledged_at = at,
            Status::Resolved => changed.resolved_at = at,
            Status::Closed => changed.closed_at = at,
        }
        Ok(Some((changed, kinds)))
    }

    /// The entries of the history for what was done last. They are numbered through and carry the time of the change,
    /// which never goes back; so a history reads in the order in which things took effect.
    #[must_use]
    pub fn last_actions(&self, kinds: Vec<ActionKind>, actor: &str) -> Vec<Action> {
        let first = self.action_count - kinds.len() as u64;
        let numbered = kinds.into_iter().zip(first..);
        let action = |(kind, number)| Action {
            id: ActionId::numbered(self.updated_at, number),
            at: self.updated_at,
            actor: actor.to_owned(),
            kind,
        };
        numbered.map(action).collect()
    }

    fn name_service(&mut self, alert: &Alert) {
        if self.services.len() < MAX_SERVICES {
            insert_sorted(&mut self.services, alert.state.service.as_ref());
        }
    }

    fn raise(&mut self, alert_id: AlertId, to: Severity) -> Option<ActionKind> {
        let from = self.severity;
        (to > from).then(|| {
            self.severity = to;
            ActionKind::SeverityRaised { alert_id, from, to }
        })
    }

    fn changed(mut self, now: Time, kinds: &[ActionKind]) -> Self {
        // Writers' clocks may disagree by moments; an incident never seems to go back in time.
        self.updated_at = self.updated_at.max(now);
        self.action_count += kinds.len() as u64;
        self.version += 1;
        self
    }
}

fn insert_sorted<T: Ord + Clone>(values: &mut Vec<T>, value: Option<&T>) {
    if let Some(value) = value
        && let Err(position) = values.binary_search(value)
    {
        values.insert(position, value.clone());
    }
}

#[cfg(test)]
mod tests;
