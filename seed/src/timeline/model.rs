//! What the product makes of a timeline, reckoned with its pure parts and no tables.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::{
    classification::classify,
    domain::{
        alert::Alert,
        episode::{self, Episode, Episodes},
        event::AlertEvent,
        id::{AlertId, IdGenerator, IncidentId},
        incident::Incident,
        status::Status,
        time::Time,
    },
    grouping::{Decision, Groups, Newcomer, decide, rules::Rules},
    vendors::{self, Reading},
};

use crate::{Delivery, Step, Timeline};

/// The incidents and alerts of a timeline.
pub(super) struct Model {
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) alerts: Vec<Alert>,
    pub(super) ignored: usize,
    pub(super) quarantined: usize,
    pub(super) duplicates: usize,
    /// The incident that each delivery opened, by the delivery's number.
    pub(super) opened: BTreeMap<usize, IncidentId>,
    rules: Rules,
    ids: IdGenerator,
    episodes: BTreeMap<String, Episodes>,
    vendor_keys: BTreeMap<String, IncidentId>,
    services: BTreeMap<(String, String), IncidentId>,
}

impl Model {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let mut model = Self {
            incidents: BTreeMap::new(),
            alerts: Vec::new(),
            ignored: 0,
            quarantined: 0,
            duplicates: 0,
            opened: BTreeMap::new(),
            rules: Rules::built_in().unwrap(),
            ids: IdGenerator::seeded(0),
            episodes: BTreeMap::new(),
            vendor_keys: BTreeMap::new(),
            services: BTreeMap::new(),
        };
        let mut seen = BTreeSet::new();
        let mut number = 0;
        for step in &timeline.steps {
            match step {
                Step::Delivery(delivery) => {
                    model.receive(number, delivery, &mut seen);
                    number += 1;
                }
                Step::StatusChange(change) => {
                    let id = model.opened[&change.opened_by];
                    let incident = model.incidents[&id].clone();
                    let comment = Some(change.comment.clone());
                    let changed = incident.change_status(change.to, comment, change.at.into()).unwrap();
                    model.incidents.insert(id, changed.unwrap().0);
                }
            }
        }
        model
    }

    pub(super) fn count(&self, status: Status) -> usize {
        self.incidents.values().filter(|incident| incident.status == status).count()
    }

    fn receive(&mut self, number: usize, delivery: &Delivery, seen: &mut BTreeSet<String>) {
        let now = Time::from(delivery.at);
        let vendor = vendors::find(delivery.vendor.name()).unwrap();
        let payload = vendors::parse(delivery.body.as_bytes()).unwrap();
        let (event, identity) = match vendor.read(&headers(delivery), &payload, now) {
            Ok(Reading::Event { event, identity }) => (*event, identity),
            Ok(Reading::Ignored { .. }) => return self.ignored += 1,
            Err(_) => return self.quarantined += 1,
        };
        let id = vendors::delivery_id(vendor.name(), identity.as_deref(), delivery.body.as_bytes());
        if !seen.insert(id.as_str().to_owned()) {
            return self.duplicates += 1;
        }
        self.group(number, event, now);
    }

    fn group(&mut self, number: usize, event: AlertEvent, now: Time) {
        let classification = classify(&event, &self.rules);
        let key = format!("{}|{}", event.source, event.dedup_key);
        let known = self.episodes.get(&key);
        let mut after = known.cloned().unwrap_or(Episodes { latest: None, recovered_at: None, version: 1 });
        match episode::step(known, event.transition, event.occurred_at, classification.severity.value) {
            episode::Step::Repeat(latest) => after.latest = Some(latest),
            episode::Step::Resolve(latest) => {
                self.recover(&latest, now);
                after.latest = Some(latest);
            }
            episode::Step::Remember { recovered_at } => after.recovered_at = Some(recovered_at),
            episode::Step::Nothing => {}
            episode::Step::Begin { resolved_at } => {
                after.latest = Some(self.begin(number, event, resolved_at, now));
                after.recovered_at = None;
            }
        }
        self.episodes.insert(key, after);
    }

    fn begin(&mut self, number: usize, event: AlertEvent, resolved_at: Option<Time>, now: Time) -> Episode {
        let classification = classify(&event, &self.rules);
        let vendor_key = format!("{}|{}", event.source, event.group_key);
        let service = classification.service.value.clone().map(|name| (classification.environment.value.clone(), name));
        let groups = Groups {
            vendor_key: self.vendor_keys.get(&vendor_key).copied(),
            service: service.as_ref().and_then(|service| self.services.get(service)).copied(),
            incidents: self.incidents.values().cloned().collect(),
        };
        let newcomer = Newcomer { event: &event, classification: &classification, resolved_at };
        let decision = decide(newcomer, &groups, &self.rules);
        let alert_id: AlertId = self.ids.next(now);
        let (incident_id, alert) = match decision {
            Decision::Ignore { .. } => panic!("nothing recovers before it arrives"),
            Decision::Join { incident_id, rule, grouping } => {
                let alert = Alert::first(alert_id, event, classification, resolved_at, (Some(incident_id), grouping));
                let joined = self.incidents[&incident_id].clone().join(&alert, rule, now).0;
                self.incidents.insert(incident_id, joined);
                (incident_id, alert)
            }
            Decision::Open { recurrence_of, grouping } => {
                let incident_id = self.ids.next(now);
                let alert = Alert::first(alert_id, event, classification, resolved_at, (Some(incident_id), grouping));
                self.incidents.insert(incident_id, Incident::open(incident_id, &alert, recurrence_of).0);
                self.opened.insert(number, incident_id);
                (incident_id, alert)
            }
        };
        self.vendor_keys.insert(vendor_key, incident_id);
        self.services.extend(service.map(|service| (service, incident_id)));
        let episode = Episode {
            alert_id,
            incident_id: Some(incident_id),
            occurred_at: alert.occurred_at,
            last_seen_at: alert.last_seen_at,
            resolved_at,
            occurrences: 1,
            severity: alert.severity,
        };
        self.alerts.push(alert);
        episode
    }

    fn recover(&mut self, latest: &Episode, now: Time) {
        let incident_id = latest.incident_id.unwrap();
        let recovered = self.incidents[&incident_id].clone().recover(latest.alert_id, now).0;
        self.incidents.insert(incident_id, recovered);
    }
}

fn headers(delivery: &Delivery) -> HeaderMap {
    let pairs = delivery.headers.iter();
    pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())).collect()
}
