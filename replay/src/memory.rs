//! What `group-alerts` keeps in tables, in memory: the same decision over the same state.
//!
//! A test of the benchmark of grouping groups a stream by both and compares.

use std::collections::{BTreeSet, HashMap};

use shared::{
    classification::classify,
    domain::{
        alert::{Alert, Delivered as DeliveredEvent, Placement},
        classification::Classification,
        delivery::DeliveryId,
        episode::{Episode, EpisodeOf, EventKey, Firing, Resolution},
        event::AlertEvent,
        grouping::{GroupedIncident, Grouping},
        id::{AlertId, IncidentId},
        incident::{AlertChange, Incident},
        problem::{News, Problem, Step, StepKind},
        time::Time,
    },
    grouping::{Decision, Groups, NewAlert, OpeningLock, Place, ServiceGroup, SourceGroup, decide},
    rules::Rules,
};

/// The state of grouping.
#[derive(Debug, Default)]
pub struct Memory {
    incidents: HashMap<IncidentId, Incident>,
    alerts: HashMap<AlertId, Alert>,
    problems: HashMap<String, Problem>,
    sources: HashMap<String, SourceGroup>,
    services: HashMap<(String, String), ServiceGroup>,
    environments: HashMap<String, OpeningLock>,
    number: u64,
}

/// Where a new alert is.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The incident that it opened or joined. `None` if it belongs to none.
    pub incident_id: Option<IncidentId>,
    /// Why.
    pub grouping: Grouping,
}

/// An event on its way.
#[derive(Clone, Copy)]
struct Incoming<'event> {
    event: &'event AlertEvent,
    classification: &'event Classification,
    now: Time,
}

/// What an event begins.
struct Begun {
    lane: String,
    firing: Firing,
    resolution: Option<Resolution>,
}

impl Memory {
    /// Takes an event that arrived at a time. `leave_out` removes what the decision is not to know. Returns where the
    /// alert that begins is. `None` if none begins.
    pub fn take(
        &mut self,
        event: &AlertEvent,
        now: Time,
        rules: &Rules,
        leave_out: &dyn Fn(&mut Groups),
    ) -> Option<Placed> {
        self.number += 1;
        let classification = classify(event, rules);
        let key = EventKey { at: event.ordered_at, delivery_id: DeliveryId::new(format!("datadog-1-{}", self.number)) };
        let firing = Firing {
            key,
            occurred_at: event.occurred_at,
            severity: classification.severity.value,
            evidence: classification.severity.evidence,
            content: None,
            received_at: None,
        };
        let news = News {
            transition: event.transition,
            firing,
            ended_at: event.ended_at,
            received_at: now,
            key_scope: event.key_scope,
            environment: event.environment.as_deref(),
        };
        let mut grouped = None;
        let steps = self.problems.entry(event.dedup_key.clone()).or_default().steps(&news);
        for Step { lane, kind } in steps {
            match kind {
                StepKind::Begin { firing, resolution } => {
                    let begun = Begun { lane, firing, resolution };
                    let incoming = Incoming { event, classification: &classification, now };
                    grouped = Some(self.begin(incoming, begun, rules, leave_out));
                }
                StepKind::Resolve(episode) => self.resolve(event, &lane, *episode, now),
                StepKind::Remember(resolution) => self.problem(event).remember(&lane, resolution),
                // Each alert of these streams fires once, and belongs to one environment.
                StepKind::Repeat(_)
                | StepKind::Redate(_)
                | StepKind::Split { .. }
                | StepKind::RememberEverywhere(_) => {}
            }
        }
        grouped
    }

    fn begin(
        &mut self,
        incoming: Incoming<'_>,
        begun: Begun,
        rules: &Rules,
        leave_out: &dyn Fn(&mut Groups),
    ) -> Placed {
        let Incoming { event, classification, now } = incoming;
        let Begun { lane, firing, resolution } = begun;
        let environment = classification.environment.value.clone();
        let service = classification.service.value.clone().map(|service| (environment.clone(), service));
        let mut groups = self.groups(event, &environment, service.as_ref());
        leave_out(&mut groups);
        let resolved_at = resolution.map(|resolution| resolution.at);
        let decision = decide(NewAlert { event, classification, resolved_at }, &groups, rules);
        let (incident_id, place) = match decision {
            Decision::Join { incident_id, place } => (Some(incident_id), place),
            Decision::Open { place, .. } => {
                let incident_id = IncidentId::numbered(now, self.number);
                self.settle(&environment, &groups, event.occurred_at);
                self.environments.entry(environment).or_default().note(incident_id);
                (Some(incident_id), place)
            }
            Decision::Ignore { grouping } => (None, Place { grouping, delay_seconds: None }),
        };
        let alert_id = AlertId::numbered(now, self.number);
        let key = firing.key.clone();
        let episode = Episode::begin(EpisodeOf { alert_id, incident_id, resolution }, firing);
        let scatter = place.scatter_seconds();
        let placement = Placement { incident_id, grouping: place.grouping.clone() };
        let alert = Alert::first(&episode, DeliveredEvent { key: &key, event, classification }, placement);
        self.problem(event).put(&lane, episode);
        if let Some(incident_id) = incident_id {
            let (incident, _) = match self.incidents.remove(&incident_id) {
                Some(incident) => incident.join(&alert, now),
                None => Incident::open(incident_id, &alert, None),
            };
            self.incidents.insert(incident_id, incident.scattered(scatter));
            let source = self.sources.entry(event.group_key.clone()).or_default();
            source.note(incident_id, alert_id, event.occurred_at, place.delay_seconds);
            if let Some(service) = service {
                self.services.entry(service).or_default().note(incident_id, None);
            }
        }
        self.alerts.insert(alert_id, alert);
        Placed { incident_id, grouping: place.grouping }
    }

    fn resolve(&mut self, event: &AlertEvent, lane: &str, episode: Episode, now: Time) {
        let Some(before) = self.alerts.get(&episode.alert_id).cloned() else { return };
        let mut after = before.clone();
        after.revise(&episode, None);
        let incident = before.state.incident_id.and_then(|id| self.incidents.get_mut(&id));
        if let Some(incident) = incident
            && let Some((followed, _)) = incident.follow(AlertChange { before: &before, after: &after }, now)
        {
            *incident = followed;
        }
        self.alerts.insert(after.id, after);
        self.problem(event).put(lane, episode);
    }

    fn problem(&mut self, event: &AlertEvent) -> &mut Problem {
        self.problems.entry(event.dedup_key.clone()).or_default()
    }

    fn groups(&self, event: &AlertEvent, environment: &str, service: Option<&(String, String)>) -> Groups {
        let source = self.sources.get(&event.group_key).cloned().unwrap_or_default();
        let service = service.and_then(|service| self.services.get(service)).cloned().unwrap_or_default();
        let environment = self.environments.get(environment).cloned().unwrap_or_default();
        let activity = source.incidents.iter().map(|known| {
            let span = GroupedIncident::from(*known);
            let state = &self.alerts[&known.alert_id].state;
            let ended = state.resolved_at.map_or(state.last_seen_at, |end| end.max(state.last_seen_at));
            // As group-alerts does, which knows only the last alert of a key.
            let is_last = source.incidents.last().is_some_and(|last| last.alert_id == known.alert_id);
            GroupedIncident { last_at: if is_last { span.last_at.max(ended) } else { span.last_at }, ..span }
        });
        let activity: Vec<GroupedIncident> = activity.collect();
        let of_source = source.incidents.iter().map(|known| known.incident_id);
        let ids: BTreeSet<IncidentId> =
            of_source.chain(service.incidents.iter().copied()).chain(environment.recent.iter().copied()).collect();
        let incidents = ids.iter().filter_map(|id| self.incidents.get(id)).cloned().collect();
        Groups { activity, source, service, environment, incidents }
    }

    fn settle(&mut self, environment: &str, groups: &Groups, at: Time) {
        for outage in groups.environment.due(&groups.incidents, environment, at) {
            let services = outage.services();
            for service in &services {
                let others = services.iter().filter(|other| *other != service).copied();
                let key = (environment.to_owned(), (*service).to_owned());
                self.services.entry(key).or_default().learn(others);
            }
            self.environments.entry(environment.to_owned()).or_default().learn(&outage);
        }
    }
}
