//! Alerts that move from one incident to another, because people merged or split incidents.

use std::collections::{BTreeMap, BTreeSet};

use super::{Changed, Incident, MAX_SERVICES, Scatter, insert_sorted};
use crate::domain::{
    action::ActionKind,
    alert::Alert,
    alert_status::AlertStatus,
    id::{AlertId, IncidentId},
    time::Time,
};

/// Why alerts of an incident are somewhere else now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    pub from: IncidentId,
    pub into: IncidentId,
    pub alert_ids: Vec<AlertId>,
    pub reason: Option<String>,
}

impl Incident {
    /// Whether alerts may still join: it is not over, and no part of another.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.merged_into.is_none() && self.status.is_active()
    }

    /// Whether it is an incident of an environment, or an incident of that became part of it.
    #[must_use]
    pub fn is_in(&self, environment: &str) -> bool {
        self.environment == environment || self.also_in.iter().any(|other| other == environment)
    }

    /// It becomes part of another incident. It keeps what it says; its alerts follow.
    #[must_use]
    pub fn merge_into(mut self, into: IncidentId, reason: Option<String>, now: Time) -> Changed {
        self.merged_into = Some(into);
        self.note(ActionKind::MergedInto { into, reason }, now)
    }

    /// Other incidents become part of it. Their alerts follow.
    #[must_use]
    pub fn absorb(mut self, others: &[Self], reason: Option<String>, now: Time) -> Changed {
        self.youngest_outage_at = others.iter().map(Self::outage_from).chain([self.outage_from()]).max();
        for other in others {
            // New alerts must find it by its times and services before the alerts have moved.
            self.first_alert_at = self.first_alert_at.min(other.first_alert_at);
            self.last_alert_at = self.last_alert_at.max(other.last_alert_at);
            self.first_onset_at = self.first_onset_at.min(other.first_onset_at);
            self.last_onset_at = self.last_onset_at.max(other.last_onset_at);
            for service in &other.services {
                if self.services.len() < MAX_SERVICES {
                    insert_sorted(&mut self.services, Some(service));
                }
            }
            let Scatter { alerts, seconds } = other.scatter;
            self.scatter.alerts = self.scatter.alerts.saturating_add(alerts);
            self.scatter.seconds = self.scatter.seconds.saturating_add(seconds);
            for environment in std::iter::once(&other.environment).chain(&other.also_in) {
                if *environment != self.environment && self.also_in.len() < MAX_SERVICES {
                    insert_sorted(&mut self.also_in, Some(environment));
                }
            }
        }
        let incident_ids = others.iter().map(|other| other.id).collect();
        self.note(ActionKind::IncidentsMerged { incident_ids, reason }, now)
    }

    /// Alerts of an incident that is merged into it arrive. The history has told that already.
    #[must_use]
    pub fn receive(mut self, alerts: &[Alert], now: Time) -> Changed {
        let kinds = self.take_in(alerts);
        (self.changed(now, &kinds), kinds)
    }

    /// Alerts leave an incident that is merged into another. What else it says stays: it is what it was.
    #[must_use]
    pub fn hand_over(mut self, alerts: &[Alert], now: Time) -> Self {
        self.give_away(alerts);
        self.changed(now, &[])
    }

    /// Alerts leave it. `rest` are those that stay, earliest first; `None` if they are too many to be read. Then it keeps
    /// the services and times that it has.
    #[must_use]
    pub fn divide(mut self, leaving: &[Alert], rest: Option<&[Alert]>, division: &Division, now: Time) -> Changed {
        let Division { into, alert_ids, reason, .. } = division;
        let mut kinds =
            vec![ActionKind::AlertsMovedOut { into: *into, alert_ids: alert_ids.clone(), reason: reason.clone() }];
        self.give_away(leaving);
        if let Some((first, others)) = rest.and_then(<[Alert]>::split_first) {
            if leaving.iter().any(|alert| alert.id < first.id && self.is_named_after(alert)) {
                self.title.clone_from(&first.report.title.value);
                self.team.clone_from(&first.state.team);
            }
            self.begin_with(first);
            for alert in others {
                self.cover_all(alert);
            }
        }
        if let Some(alert) = leaving.first() {
            kinds.extend(self.follow_severity(alert.id));
        }
        (self.changed(now, &kinds), kinds)
    }

    /// Alerts of another incident come to it.
    #[must_use]
    pub fn take_over(mut self, alerts: &[Alert], division: &Division, now: Time) -> Changed {
        let mut kinds = vec![division.arrival()];
        let moved_from = alerts.iter().map(Alert::onset_at).min();
        self.youngest_outage_at = moved_from.map(|moved_from| moved_from.max(self.outage_from()));
        kinds.extend(self.take_in(alerts));
        (self.changed(now, &kinds), kinds)
    }

    /// The incident that alerts of another make, as if it had been one of its own from the beginning: what people did so
    /// far, they did for it, too. `None` without alerts. The earliest comes first.
    #[must_use]
    pub fn split_off(from: &Self, id: IncidentId, alerts: &[Alert], division: &Division, now: Time) -> Option<Changed> {
        let first = alerts.first()?;
        let (mut incident, _) = Self::open(id, first, from.recurrence_of);
        let not_before = |at: Option<Time>| at.map(|at| at.max(incident.created_at));
        let (acknowledged_at, resolved_at) = (not_before(from.acknowledged_at), not_before(from.resolved_at));
        let closed_at = not_before(from.closed_at);
        incident.status = from.status;
        (incident.acknowledged_at, incident.resolved_at, incident.closed_at) =
            (acknowledged_at, resolved_at, closed_at);
        incident.assignee.clone_from(&from.assignee);
        incident.alerts_by_severity = BTreeMap::new();
        (incident.alert_count, incident.firing_alert_count) = (0, 0);
        (incident.action_count, incident.version) = (0, 0);
        // It changes nothing that the highest severity of its alerts is found one by one.
        let _ = incident.take_in(alerts);
        let kinds = vec![division.arrival()];
        Some((incident.changed(now, &kinds), kinds))
    }

    fn is_named_after(&self, alert: &Alert) -> bool {
        self.title == alert.report.title.value
    }

    fn take_in(&mut self, alerts: &[Alert]) -> Vec<ActionKind> {
        let mut kinds = Vec::new();
        for alert in alerts {
            self.alert_count += 1;
            self.firing_alert_count += u64::from(alert.state.status == AlertStatus::Firing);
            *self.alerts_by_severity.entry(alert.state.severity).or_default() += 1;
            kinds.extend(self.follow_severity(alert.id));
            self.cover_all(alert);
        }
        kinds
    }

    fn give_away(&mut self, alerts: &[Alert]) {
        for alert in alerts {
            self.alert_count = self.alert_count.saturating_sub(1);
            let firing = u64::from(alert.state.status == AlertStatus::Firing);
            self.firing_alert_count = self.firing_alert_count.saturating_sub(firing);
            if let Some(count) = self.alerts_by_severity.get_mut(&alert.state.severity) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Narrows its span, services and sources to one alert.
    fn begin_with(&mut self, alert: &Alert) {
        let state = &alert.state;
        self.services = state.service.iter().cloned().collect();
        self.sources = vec![state.source.clone()];
        (self.first_alert_at, self.last_alert_at) = (state.occurred_at, state.occurred_at);
        (self.first_onset_at, self.last_onset_at) = (alert.onset_at(), alert.onset_at());
        self.youngest_outage_at = None;
    }

    fn cover_all(&mut self, alert: &Alert) {
        insert_sorted(&mut self.sources, Some(&alert.state.source));
        self.cover(alert);
    }

    /// The services of some incidents, each once, as far as an incident names them.
    #[must_use]
    pub fn services_of<'incident>(incidents: impl IntoIterator<Item = &'incident Self>) -> BTreeSet<&'incident str> {
        let services = incidents.into_iter().flat_map(|incident| &incident.services);
        services.map(String::as_str).take(MAX_SERVICES).collect()
    }
}

impl Division {
    fn arrival(&self) -> ActionKind {
        let Self { from, alert_ids, reason, .. } = self;
        ActionKind::AlertsMovedIn { from: *from, alert_ids: alert_ids.clone(), reason: reason.clone() }
    }
}

#[cfg(test)]
mod tests;
