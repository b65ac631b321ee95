//! What the product makes of a timeline, computed with its pure parts and without tables.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::{
    classification::classify,
    domain::{
        alert::Alert,
        delivery::DeliveryId,
        episode::{Episode, Episodes, Mark, Step as EpisodeStep},
        event::AlertEvent,
        id::{AlertId, IdGenerator, IncidentId},
        incident::Incident,
        status::Status,
        time::Time,
    },
    grouping::{Decision, Group, Groups, NewAlert, decide},
    rules::Rules,
    sources::{self, Reading},
};

use crate::{
    timeline::{Action, Timeline},
    webhook::Webhook,
};

/// The incidents and alerts of a timeline.
pub(super) struct Model {
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) alerts: Vec<Alert>,
    pub(super) ignored: usize,
    pub(super) quarantined: usize,
    pub(super) duplicates: usize,
    /// The incident that each webhook opened, by the webhook's number.
    pub(super) opened: BTreeMap<usize, IncidentId>,
    rules: Rules,
    ids: IdGenerator,
    episodes: BTreeMap<String, Episodes>,
    source_keys: BTreeMap<String, Group>,
    services: BTreeMap<(String, String), Group>,
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
            source_keys: BTreeMap::new(),
            services: BTreeMap::new(),
        };
        let mut seen = BTreeSet::new();
        for step in &timeline.steps {
            match &step.action {
                Action::Webhook { number, webhook } => model.receive(*number, webhook, &mut seen),
                Action::StatusChange(change) => {
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

    fn receive(&mut self, number: usize, webhook: &Webhook, seen: &mut BTreeSet<String>) {
        let now = Time::from(webhook.at);
        let source = sources::find(webhook.source.name()).unwrap();
        let payload = sources::parse(webhook.body.as_bytes()).unwrap();
        let (event, identity) = match source.read(&headers(webhook), &payload, now) {
            Ok(Reading::Event { event, identity }) => (*event, identity),
            Ok(Reading::Ignored { .. }) => return self.ignored += 1,
            Err(_) => return self.quarantined += 1,
        };
        let id = sources::delivery_id(source.name(), identity.as_deref(), webhook.body.as_bytes());
        if !seen.insert(id.as_str().to_owned()) {
            return self.duplicates += 1;
        }
        self.group(number, event, id, now);
    }

    fn group(&mut self, number: usize, event: AlertEvent, delivery_id: DeliveryId, now: Time) {
        let severity = classify(&event, &self.rules).severity.value;
        let key = format!("{}|{}", event.source, event.dedup_key);
        let mark = Mark { at: event.occurred_at, delivery_id };
        let mut known = self.episodes.get(&key).cloned().unwrap_or_default();
        match known.step(event.transition, mark.clone(), severity) {
            EpisodeStep::Repeat(episode) => known.put(episode),
            EpisodeStep::Resolve(episode) => {
                self.resolve(&episode, now);
                known.put(episode);
            }
            EpisodeStep::Remember => known.remember(mark.at),
            EpisodeStep::Nothing => {}
            EpisodeStep::Begin { resolved_at } => {
                known.put(self.begin(number, event, mark.delivery_id, resolved_at, now));
            }
            EpisodeStep::Split { .. } => panic!("webhooks arrive in order"),
        }
        self.episodes.insert(key, known);
    }

    fn begin(
        &mut self,
        number: usize,
        event: AlertEvent,
        delivery_id: DeliveryId,
        resolved_at: Option<Time>,
        now: Time,
    ) -> Episode {
        let classification = classify(&event, &self.rules);
        let source_key = format!("{}|{}", event.source, event.group_key);
        let service = classification.service.value.clone().map(|name| (classification.environment.value.clone(), name));
        let groups = Groups {
            source_key: self.source_keys.get(&source_key).cloned().unwrap_or_default(),
            service: service.as_ref().and_then(|service| self.services.get(service)).cloned().unwrap_or_default(),
            incidents: self.incidents.values().cloned().collect(),
        };
        let new_alert = NewAlert { event: &event, classification: &classification, resolved_at };
        let decision = decide(new_alert, &groups, &self.rules);
        let alert_id: AlertId = self.ids.next(now);
        let (incident_id, alert) = match decision {
            Decision::Ignore { .. } => panic!("no resolution arrives before its trigger"),
            Decision::Join { incident_id, rule, grouping } => {
                let alert = Alert::first(alert_id, event, classification, resolved_at, (Some(incident_id), grouping));
                let joined = self.incidents[&incident_id].clone().join(&alert, rule, now).0;
                self.incidents.insert(incident_id, joined);
                (incident_id, alert)
            }
            Decision::Open { recurrence_of, grouping, .. } => {
                let incident_id = self.ids.next(now);
                let alert = Alert::first(alert_id, event, classification, resolved_at, (Some(incident_id), grouping));
                self.incidents.insert(incident_id, Incident::open(incident_id, &alert, recurrence_of).0);
                self.opened.insert(number, incident_id);
                (incident_id, alert)
            }
        };
        self.source_keys.entry(source_key).or_default().note(incident_id);
        if let Some(service) = service {
            self.services.entry(service).or_default().note(incident_id);
        }
        let episode = Episode::begin(&alert, delivery_id);
        self.alerts.push(alert);
        episode
    }

    fn resolve(&mut self, latest: &Episode, now: Time) {
        let incident_id = latest.incident_id.unwrap();
        let resolved = self.incidents[&incident_id].clone().recover(latest.alert_id, now).0;
        self.incidents.insert(incident_id, resolved);
    }
}

fn headers(webhook: &Webhook) -> HeaderMap {
    let pairs = webhook.headers.iter();
    pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())).collect()
}
