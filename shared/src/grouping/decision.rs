//! The decision "open, join or ignore".
//!
//! An alert joins, in this order: the open incident of the source's own grouping key; an open incident of its
//! environment and service; an open incident of its environment, moments apart (a cascade). Each within
//! the rule's window, reckoned in the sources' time from the span of the incident's alerts, so that a
//! late delivery lands where it belongs. Else it opens an incident.

use super::group::Group;
use crate::{
    domain::{
        classification::Classification,
        event::AlertEvent,
        grouping::{Grouping, GroupingDecision, GroupingRule},
        id::IncidentId,
        incident::Incident,
        time::Time,
    },
    rules::{Cascade, Rules},
};

/// How long after an incident was resolved another problem of its service is a recurrence, in minutes: a day.
const SERVICE_RECURRENCE_MINUTES: i64 = 24 * 60;

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
    /// That of the source's grouping key.
    pub source_key: Group,
    /// That of the environment and service.
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
    let matched = [GroupingRule::SourceKey, GroupingRule::Service, GroupingRule::Cascade]
        .into_iter()
        .find_map(|rule| Some((rule, search.nearest(rule)?)));
    if let Some((rule, incident)) = matched {
        return search.join(rule, incident);
    }
    if new_alert.resolved_at.is_some() {
        let reason = "It had recovered before it arrived, and no open incident matches.".to_owned();
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
    fn nearest(&self, rule: GroupingRule) -> Option<&Incident> {
        let window_ms = i64::from(self.window_minutes(rule)) * 60_000;
        self.groups
            .incidents
            .iter()
            .filter(|incident| incident.status.is_active() && self.matches(rule, incident))
            .filter(|incident| self.distance_ms(incident) <= window_ms)
            .min_by_key(|incident| (self.distance_ms(incident), std::cmp::Reverse(incident.id)))
    }

    fn matches(&self, rule: GroupingRule, incident: &Incident) -> bool {
        let same_environment = incident.environment == self.environment();
        match rule {
            GroupingRule::SourceKey => self.groups.source_key.contains(incident.id),
            // An incident of very many services does not name them all.
            GroupingRule::Service => {
                let is_named = |service| incident.services.iter().any(|other| other == service);
                same_environment && (self.service().is_some_and(is_named) || self.groups.service.contains(incident.id))
            }
            GroupingRule::Cascade => same_environment && self.cascades_to(incident),
        }
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

    /// How far the alert is from the span of the incident's alerts, in milliseconds.
    fn distance_ms(&self, incident: &Incident) -> i64 {
        let at = self.new_alert.event.occurred_at.as_millis();
        let before = incident.first_alert_at.as_millis() - at;
        let after = at - incident.last_alert_at.as_millis();
        before.max(after).max(0)
    }

    fn window_minutes(&self, rule: GroupingRule) -> u32 {
        let windows = self.rules.windows();
        match rule {
            GroupingRule::SourceKey => windows.source_key_minutes,
            GroupingRule::Service => windows.service_minutes,
            GroupingRule::Cascade => windows.cascade_minutes,
        }
    }

    fn join(&self, rule: GroupingRule, incident: &Incident) -> Decision {
        let key = self.key(rule);
        let reason = match rule {
            GroupingRule::SourceKey => {
                format!("{} groups it with this incident's alerts: {key}.", self.new_alert.event.source)
            }
            GroupingRule::Service => format!("The same service and environment: {key}."),
            GroupingRule::Cascade => format!("A cascade in the same environment: {key}."),
        };
        let minutes = self.window_minutes(rule);
        let reason = format!(
            "{reason} It occurred {} of the incident's alerts; the window is {minutes} min.",
            within(self.distance_ms(incident))
        );
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
        let too_far = self.groups.incidents.iter().filter(|incident| incident.status.is_active());
        let too_far = too_far.filter(|incident| {
            self.matches(GroupingRule::SourceKey, incident) || self.matches(GroupingRule::Service, incident)
        });
        let too_far: Vec<IncidentId> = too_far.map(|incident| incident.id).collect();
        let ended = [(GroupingRule::SourceKey, &self.groups.source_key), (GroupingRule::Service, &self.groups.service)]
            .into_iter()
            .find_map(|(rule, group)| {
                let incident = self.groups.incidents.iter().find(|incident| Some(incident.id) == group.latest())?;
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
