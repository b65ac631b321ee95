//! The decision whether a new alert opens an incident, joins one, or belongs to none.
//!
//! An alert joins, in this order:
//!
//! 1. the open incident of the source's own grouping key, near in time to the last firing or
//!    resolution of that key;
//! 2. an open incident of its environment and service, near in time to an alert of that service;
//! 3. an open incident of its environment, moments apart (a cascade), as long as one of its alerts
//!    fires and its first alert is not long ago.
//!
//! Else it opens an incident. Times are those of the sources, so a delivery that arrives late lands
//! where it belongs.

use super::group::Group;
use crate::{
    domain::{
        classification::Classification,
        event::AlertEvent,
        grouping::{GroupedIncident, Grouping, GroupingDecision, GroupingRule},
        id::IncidentId,
        incident::Incident,
        time::Time,
    },
    rules::{Cascade, Rules},
};

/// How long after an incident was resolved another problem of its service is a recurrence, in minutes: a day.
const SERVICE_RECURRENCE_MINUTES: i64 = 24 * 60;

/// How long after its first alert an incident takes in alerts of a cascade, in minutes. Without a
/// bound, unrelated alerts that trickle in would become one incident.
const MAX_CASCADE_MINUTES: i64 = 15;

/// What grouping needs to know of a new alert.
#[derive(Debug, Clone, Copy)]
pub struct NewAlert<'alert> {
    /// The delivery that begins it.
    pub event: &'alert AlertEvent,
    /// How it was classified.
    pub classification: &'alert Classification,
    /// When it recovered, if its recovery came before it.
    pub resolved_at: Option<Time>,
}

/// What is known of the groups that an alert may belong to.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// The earlier alerts of the same problem, the latest last.
    pub problem: Vec<GroupedIncident>,
    /// The group of the source's key.
    pub source_key: Group,
    /// The group of the environment and service.
    pub service: Group,
    /// The incidents of these groups, and the recent ones of the environment.
    pub incidents: Vec<Incident>,
}

/// What to do with an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It joins.
    Join {
        /// The incident.
        incident_id: IncidentId,
        /// Why.
        grouping: Grouping,
    },
    /// It opens an incident.
    Open {
        /// The resolved incident of the same group.
        recurrence_of: Option<IncidentId>,
        /// Open incidents of the same group that are too far in time: another alert that joins one may bring it near,
        /// so the decision holds only as long as they do not change.
        too_far: Vec<IncidentId>,
        /// Why.
        grouping: Grouping,
    },
    /// It belongs to no incident.
    Ignore {
        /// Why.
        grouping: Grouping,
    },
}

/// Decides where a new alert belongs.
#[must_use]
pub fn decide(new_alert: NewAlert<'_>, groups: &Groups, rules: &Rules) -> Decision {
    let search = Search { new_alert, groups, rules };
    if new_alert.event.is_test {
        let reason = "It is a test notification: it joins nothing.".to_owned();
        return Decision::Ignore { grouping: record(GroupingDecision::Ignored, None, reason) };
    }
    let matched = [GroupingRule::SourceKey, GroupingRule::Service, GroupingRule::Cascade]
        .into_iter()
        .find_map(|rule| Some((rule, search.nearest(rule)?)));
    if let Some((rule, (incident, distance_ms))) = matched {
        return search.join(rule, incident, distance_ms);
    }
    if new_alert.resolved_at.is_some() {
        let reason = "It was resolved before it arrived, and no open incident matches.".to_owned();
        return Decision::Ignore { grouping: record(GroupingDecision::Ignored, None, reason) };
    }
    search.open()
}

struct Search<'search> {
    new_alert: NewAlert<'search>,
    groups: &'search Groups,
    rules: &'search Rules,
}

impl Search<'_> {
    /// The open incident that matches by a rule and is nearest in time; of equally near ones the youngest.
    fn nearest(&self, rule: GroupingRule) -> Option<(&Incident, i64)> {
        let window_ms = i64::from(self.window_minutes(rule)) * 60_000;
        let active = self.groups.incidents.iter().filter(|incident| incident.status.is_active());
        active
            .filter_map(|incident| Some((incident, self.distance_ms(rule, incident)?)))
            .filter(|(_, distance_ms)| *distance_ms <= window_ms)
            .min_by_key(|(incident, distance_ms)| (*distance_ms, std::cmp::Reverse(incident.id)))
    }

    /// How far the alert is from what matches by a rule in an incident, in milliseconds; `None` if
    /// nothing matches.
    fn distance_ms(&self, rule: GroupingRule, incident: &Incident) -> Option<i64> {
        let at = self.new_alert.event.occurred_at;
        let of_group = |group: &Group| group.incident(incident.id).map(|span| span.distance_ms(at));
        match rule {
            GroupingRule::SourceKey => {
                let of_problem = self.groups.problem.iter().filter(|span| span.incident_id == incident.id);
                let of_problem = of_problem.map(|span| span.distance_ms(at));
                of_problem.chain(of_group(&self.groups.source_key)).min()
            }
            GroupingRule::Service => of_group(&self.groups.service).filter(|_| self.is_same_environment(incident)),
            GroupingRule::Cascade => {
                let span = GroupedIncident {
                    incident_id: incident.id,
                    first_at: incident.first_alert_at,
                    last_at: incident.last_alert_at,
                };
                let is_bounded = at <= incident.first_alert_at.plus_minutes(MAX_CASCADE_MINUTES);
                let is_cascade = is_bounded && incident.firing_alert_count > 0 && self.cascades_to(incident);
                (is_cascade && self.is_same_environment(incident)).then(|| span.distance_ms(at))
            }
        }
    }

    fn is_same_environment(&self, incident: &Incident) -> bool {
        incident.environment == self.environment()
    }

    fn cascades_to(&self, incident: &Incident) -> bool {
        match self.rules.cascade() {
            Cascade::Off => false,
            Cascade::Environment => true,
            Cascade::Dependencies => self
                .service()
                .is_some_and(|service| incident.services.iter().any(|other| self.rules.are_near(service, other))),
        }
    }

    fn window_minutes(&self, rule: GroupingRule) -> u32 {
        let windows = self.rules.windows();
        match rule {
            GroupingRule::SourceKey => windows.source_key_minutes,
            GroupingRule::Service => windows.service_minutes,
            GroupingRule::Cascade => windows.cascade_minutes,
        }
    }

    fn join(&self, rule: GroupingRule, incident: &Incident, distance_ms: i64) -> Decision {
        let key = self.key(rule);
        let reason = match rule {
            GroupingRule::SourceKey => {
                format!("{} groups it with alerts of this incident: {key}.", self.new_alert.event.source)
            }
            GroupingRule::Service => format!("The same service and environment: {key}."),
            GroupingRule::Cascade => format!("A cascade in the same environment: {key}."),
        };
        let minutes = self.window_minutes(rule);
        let reason =
            format!("{reason} It occurred {} of those alerts; the window is {minutes} min.", within(distance_ms));
        let grouping = Grouping {
            decision: GroupingDecision::Joined,
            rule: Some(rule),
            key: Some(key),
            window_minutes: Some(minutes),
            reason,
        };
        Decision::Join { incident_id: incident.id, grouping }
    }

    fn open(&self) -> Decision {
        let active = self.groups.incidents.iter().filter(|incident| incident.status.is_active());
        let too_far = active.filter(|incident| {
            [GroupingRule::SourceKey, GroupingRule::Service]
                .iter()
                .any(|rule| self.distance_ms(*rule, incident).is_some())
        });
        let too_far: Vec<IncidentId> = too_far.map(|incident| incident.id).collect();
        let latest_of_problem = self.groups.problem.last().map(|span| span.incident_id);
        let latest_of_key = latest_of_problem.max(self.groups.source_key.latest());
        let ended = [(GroupingRule::SourceKey, latest_of_key), (GroupingRule::Service, self.groups.service.latest())]
            .into_iter()
            .find_map(|(rule, latest)| {
                let incident = self.groups.incidents.iter().find(|incident| Some(incident.id) == latest)?;
                let happens_again = !incident.status.is_active() && self.follows(rule, incident);
                happens_again.then_some((rule, incident))
            });
        let Some((rule, incident)) = ended else {
            let reason =
                "No open incident of its source key, service or environment is near enough in time.".to_owned();
            let grouping = record(GroupingDecision::Opened, None, reason);
            return Decision::Open { recurrence_of: None, too_far, grouping };
        };
        let key = self.key(rule);
        let reason = format!("The last incident of {key}, {}, is {}: it happens again.", incident.id, incident.status);
        let grouping = Grouping { key: Some(key), ..record(GroupingDecision::Opened, Some(rule), reason) };
        Decision::Open { recurrence_of: Some(incident.id), too_far, grouping }
    }

    /// The source's key names the same problem however late; another problem of a service is a recurrence only soon
    /// after people thought that it was over.
    fn follows(&self, rule: GroupingRule, ended: &Incident) -> bool {
        let is_soon =
            |over_at: Time| self.new_alert.event.occurred_at <= over_at.plus_minutes(SERVICE_RECURRENCE_MINUTES);
        rule == GroupingRule::SourceKey || ended.resolved_at.is_some_and(is_soon)
    }

    fn key(&self, rule: GroupingRule) -> String {
        let NewAlert { event, .. } = self.new_alert;
        match rule {
            GroupingRule::SourceKey => format!("{} {}", event.source, event.group_key),
            GroupingRule::Service => format!("{} in {}", self.service().unwrap_or_default(), self.environment()),
            GroupingRule::Cascade => self.environment().to_owned(),
        }
    }

    fn service(&self) -> Option<&str> {
        self.new_alert.classification.service.value.as_deref()
    }

    fn environment(&self) -> &str {
        &self.new_alert.classification.environment.value
    }
}

fn record(decision: GroupingDecision, rule: Option<GroupingRule>, reason: String) -> Grouping {
    Grouping { decision, rule, key: None, window_minutes: None, reason }
}

fn within(distance_ms: i64) -> String {
    match distance_ms {
        0 => "within the span".to_owned(),
        ..60_000 => format!("{} s from the span", distance_ms / 1000),
        _ => format!("{} min from the span", distance_ms / 60_000),
    }
}

#[cfg(test)]
mod tests;
