//! An incident: the alerts of one outage, reviewed together.
//!
//! Its changes are functions here: each takes the incident, `now` and the news, and returns what was
//! done, so that the history says exactly what changed.

mod moving;

pub use moving::Division;

use std::{cmp::Ordering, collections::BTreeMap, mem};

use serde::{Deserialize, Serialize};

use super::{
    action::{Action, ActionKind},
    alert::Alert,
    alert_status::AlertStatus,
    assignee::Assignee,
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
    pub id: IncidentId,
    /// The first alert's title.
    pub title: String,
    pub status: Status,
    /// The highest severity of its alerts.
    pub severity: Severity,
    /// How many of its alerts have each severity, so that the highest is known after one is lowered.
    pub alerts_by_severity: BTreeMap<Severity, u64>,
    /// The services of its alerts, sorted.
    pub services: Vec<String>,
    /// The sources of its alerts, sorted.
    pub sources: Vec<Source>,
    /// The first alert's team.
    pub team: Option<String>,
    /// The first alert's environment, unless that was a guess and another alert states one.
    pub environment: String,
    /// Whether `environment` is a guess.
    pub environment_is_assumed: bool,
    /// Who works on it.
    pub assignee: Option<Assignee>,
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
    /// How many of them fire.
    pub firing_alert_count: u64,
    /// When its earliest alert occurred, by the source's clock.
    pub first_alert_at: Time,
    /// When its latest alert occurred, by the source's clock.
    pub last_alert_at: Time,
    /// When the first of its problems began: when an alert occurred, less the usual delay of its
    /// monitor. An alert that only fires again does not count.
    pub first_onset_at: Time,
    /// When the last of its problems began.
    pub last_onset_at: Time,
    /// When the youngest of the outages began that people put together in it. Else it began with its first problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub youngest_outage_at: Option<Time>,
    /// How far its alerts were from the beginning of their bursts, less the usual delays of their
    /// monitors, as far as that is known.
    #[serde(default)]
    pub scatter: Scatter,
    /// How many actions its history has.
    pub action_count: u64,
    /// The earlier, resolved incident of the same group.
    pub recurrence_of: Option<IncidentId>,
    /// The incident that it is part of, since people merged them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentId>,
    /// The other environments of incidents that became part of it, sorted. What happens there may join.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    /// Counts its changes, from 1.
    pub version: u64,
}

/// How far alerts were apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scatter {
    pub alerts: u32,
    /// The sum over these alerts.
    pub seconds: u32,
}

/// An incident after a change, and what was done.
pub type Changed = (Incident, Vec<ActionKind>);

/// What a delivery changed of one alert of an incident.
#[derive(Debug, Clone, Copy)]
pub struct AlertChange<'alert> {
    pub before: &'alert Alert,
    pub after: &'alert Alert,
}

impl Incident {
    /// The incident that an alert opens.
    #[must_use]
    pub fn open(id: IncidentId, alert: &Alert, recurrence_of: Option<IncidentId>) -> Changed {
        let (now, state) = (id.created_at(), &alert.state);
        let incident = Self {
            id,
            title: alert.report.title.value.clone(),
            status: Status::Open,
            severity: state.severity,
            alerts_by_severity: BTreeMap::from([(state.severity, 1)]),
            services: state.service.iter().cloned().collect(),
            sources: vec![state.source.clone()],
            team: state.team.clone(),
            environment: state.environment.clone(),
            environment_is_assumed: !alert.report.environment.is_stated(),
            assignee: None,
            created_at: now,
            updated_at: now,
            acknowledged_at: None,
            resolved_at: None,
            closed_at: None,
            alert_count: 1,
            firing_alert_count: 1,
            first_alert_at: state.occurred_at,
            last_alert_at: state.occurred_at,
            first_onset_at: alert.onset_at(),
            last_onset_at: alert.onset_at(),
            youngest_outage_at: None,
            scatter: Scatter::default(),
            action_count: 1,
            recurrence_of,
            merged_into: None,
            also_in: Vec::new(),
            version: 1,
        };
        let kind = ActionKind::IncidentOpened {
            alert_id: alert.id,
            severity: state.severity,
            reason: alert.report.grouping.reason(),
            recurrence_of,
        };
        (incident, vec![kind])
    }

    /// A new alert joins.
    #[must_use]
    pub fn join(mut self, alert: &Alert, now: Time) -> Changed {
        let mut kinds = vec![ActionKind::AlertJoined {
            alert_id: alert.id,
            severity: alert.state.severity,
            rule: alert.report.grouping.rule,
            reason: alert.report.grouping.reason(),
        }];
        self.alert_count += 1;
        self.firing_alert_count += u64::from(alert.state.status == AlertStatus::Firing);
        *self.alerts_by_severity.entry(alert.state.severity).or_default() += 1;
        kinds.extend(self.follow_severity(alert.id));
        kinds.extend(self.follow_environment(alert));
        insert_sorted(&mut self.sources, Some(&alert.state.source));
        self.cover(alert);
        (self.changed(now, &kinds), kinds)
    }

    /// The same with the distance of an alert from the beginning of its burst.
    #[must_use]
    pub const fn scattered(mut self, seconds: Option<u32>) -> Self {
        if let Some(seconds) = seconds {
            self.scatter.alerts = self.scatter.alerts.saturating_add(1);
            self.scatter.seconds = self.scatter.seconds.saturating_add(seconds);
        }
        self
    }

    /// A delivery changed one of its alerts. `None` if that changes nothing here.
    #[must_use]
    pub fn follow(&self, change: AlertChange<'_>, now: Time) -> Option<Changed> {
        let AlertChange { before, after } = change;
        let mut next = self.clone();
        let mut kinds = Vec::new();
        if before.state.severity != after.state.severity {
            if let Some(count) = next.alerts_by_severity.get_mut(&before.state.severity) {
                *count = count.saturating_sub(1);
            }
            *next.alerts_by_severity.entry(after.state.severity).or_default() += 1;
            kinds.extend(next.follow_severity(after.id));
        }
        kinds.extend(next.follow_environment(after));
        next.cover(after);
        match (before.state.status, after.state.status) {
            (AlertStatus::Firing, AlertStatus::Resolved) => {
                next.firing_alert_count = next.firing_alert_count.saturating_sub(1);
                if next.firing_alert_count == 0 {
                    kinds.push(ActionKind::AlertsResolved { alert_id: after.id, alert_count: next.alert_count });
                }
            }
            (AlertStatus::Resolved, AlertStatus::Firing) => next.firing_alert_count += 1,
            _ => {}
        }
        (next != *self).then(|| (next.changed(now, &kinds), kinds))
    }

    /// A person did something that only the history tells.
    #[must_use]
    pub fn note(self, kind: ActionKind, now: Time) -> Changed {
        let kinds = vec![kind];
        (self.changed(now, &kinds), kinds)
    }

    /// Several changes that are written at once count as one: that of `first`.
    #[must_use]
    pub const fn as_one_change(mut self, first: &Self) -> Self {
        self.version = first.version;
        self
    }

    /// The same change with an action of a person about one of its alerts.
    #[must_use]
    pub fn with_action(mut self, kind: ActionKind, kinds: &mut Vec<ActionKind>) -> Self {
        kinds.insert(0, kind);
        self.action_count += 1;
        self
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
    ) -> Result<Option<Changed>, IllegalTransition> {
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

    /// A person gives it to somebody, or to nobody. `None` if that is so already.
    #[must_use]
    pub fn assign(mut self, to: Option<Assignee>, now: Time) -> Option<Changed> {
        if self.assignee == to {
            return None;
        }
        let from = mem::replace(&mut self.assignee, to.clone());
        Some(self.note(ActionKind::AssigneeChanged { from, to }, now))
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

    /// When the outage began whose alerts still join it: what people put together may be of different times.
    #[must_use]
    pub fn outage_from(&self) -> Time {
        self.youngest_outage_at.unwrap_or(self.first_onset_at)
    }

    /// Widens the span and the services to an alert.
    fn cover(&mut self, alert: &Alert) {
        self.first_alert_at = self.first_alert_at.min(alert.state.occurred_at);
        self.last_alert_at = self.last_alert_at.max(alert.state.occurred_at);
        if alert.is_onset() {
            self.first_onset_at = self.first_onset_at.min(alert.onset_at());
            self.last_onset_at = self.last_onset_at.max(alert.onset_at());
        }
        if self.services.len() < MAX_SERVICES {
            insert_sorted(&mut self.services, alert.state.service.as_ref());
        }
    }

    fn follow_severity(&mut self, alert_id: AlertId) -> Option<ActionKind> {
        let from = self.severity;
        let highest = self.alerts_by_severity.iter().rev().find(|(_, count)| **count > 0);
        let to = highest.map_or(from, |(severity, _)| *severity);
        self.severity = to;
        match to.cmp(&from) {
            Ordering::Greater => Some(ActionKind::SeverityRaised { alert_id, from, to }),
            Ordering::Less => Some(ActionKind::SeverityLowered { alert_id, from, to }),
            Ordering::Equal => None,
        }
    }

    /// Corrects an environment that was assumed, once an alert states one.
    fn follow_environment(&mut self, alert: &Alert) -> Option<ActionKind> {
        if !self.environment_is_assumed || !alert.report.environment.is_stated() {
            return None;
        }
        self.environment_is_assumed = false;
        let to = alert.state.environment.clone();
        let from = mem::replace(&mut self.environment, to.clone());
        (from != to).then_some(ActionKind::EnvironmentCorrected { alert_id: alert.id, from, to })
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
