//! Reads all tables through a client without faults.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::Stack;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as Json};
use shared::{
    config::Environment,
    domain::{
        action::Action,
        alert::Alert,
        alert_status::AlertStatus,
        episode::Episode,
        grouping::GroupingDecision,
        id::{AlertId, BundleId, IncidentId},
        incident::Incident,
        payload::StoredPayload,
        severity::Severity,
        time::Time,
    },
    grouping::OpeningLock,
    keys,
    store::{Item, alerts, claims::Snapshot, incidents},
};
use tests::faults::Clock;

/// The contents of the tables.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// The actions of each incident, in order.
    pub actions: BTreeMap<IncidentId, Vec<Action>>,
    pub alerts: BTreeMap<AlertId, AlertRow>,
    /// The delivery ids of the quarantine's entries.
    pub quarantined: Vec<String>,
    /// What is in the quarantine and no delivery: the beginnings of these messages.
    pub quarantined_messages: Vec<String>,
    pub claims: Claims,
    /// What is kept of the payloads of alerts, if somebody [asked](Tables::with_payloads).
    pub payloads: Option<BTreeMap<AlertId, Option<StoredPayload>>>,
}

/// An alert as its row shows it.
#[derive(Debug, Clone)]
pub struct AlertRow {
    pub alert_id: AlertId,
    pub source: String,
    pub severity: Severity,
    pub status: AlertStatus,
    pub service: Option<String>,
    pub environment: String,
    pub incident_id: Option<IncidentId>,
    /// The key of its problem, in whatever environment.
    pub problem_key: String,
    pub occurred_at: Time,
    pub last_seen_at: Time,
    pub resolved_at: Option<Time>,
    pub occurrences: u64,
    pub decision: GroupingDecision,
    /// Whether it was part of another alert. Then it may have no payload.
    pub is_split: bool,
    /// Where its payload is, if that has no row of its own.
    pub bundle: Option<BundleId>,
    /// How late its monitor usually is.
    pub usual_delay_ms: i64,
}

impl From<Alert> for AlertRow {
    fn from(alert: Alert) -> Self {
        let Alert { id, state, report } = alert;
        Self {
            alert_id: id,
            source: state.source.to_string(),
            severity: state.severity,
            status: state.status,
            service: state.service,
            environment: state.environment,
            incident_id: state.incident_id,
            problem_key: report.problem_key,
            occurred_at: state.occurred_at,
            last_seen_at: state.last_seen_at,
            resolved_at: state.resolved_at,
            occurrences: state.occurrences,
            decision: report.grouping.decision,
            is_split: report.grouping.note.as_ref().is_some_and(|note| note.contains("was part of the alert")),
            bundle: state.bundle,
            usual_delay_ms: report.grouping.usual_delay_ms(),
        }
    }
}

/// The claims, by their keys.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    pub deliveries: Vec<String>,
    /// The alerts that the claim of a problem knows.
    pub episodes: BTreeMap<String, Vec<Episode>>,
    pub groups: BTreeMap<String, Vec<IncidentId>>,
    pub opening_locks: BTreeMap<String, OpeningLock>,
    pub others: Vec<String>,
}

impl Tables {
    /// Reads all tables.
    pub async fn read(stack: &Stack) -> Self {
        let _clock = Clock::hold();
        let client = stack.aws().dynamodb();
        let environment = stack.environment("GroupAlerts");
        let items = async |table: fn(&Environment) -> _| {
            let name: Result<String, shared::config::InvalidVariable> = table(environment);
            scan(&client, &name.expect("the function knows its tables")).await
        };
        let mut tables = Self::default();
        for item in items(Environment::incidents_table).await {
            tables.add_entry(item);
        }
        for item in items(Environment::alerts_table).await {
            let alert = alerts::read(item).expect("an alert");
            tables.alerts.insert(alert.id, alert.into());
        }
        for item in items(Environment::quarantine_table).await {
            let entry = json_of(item);
            match entry["delivery_id"].as_str() {
                Some(delivery_id) => tables.quarantined.push(delivery_id.to_owned()),
                None => tables.quarantined_messages.push(typed(&entry["first_lines"])),
            }
        }
        let mut known = BTreeSet::new();
        for item in items(Environment::claims_table).await {
            let item = json_of(item);
            let claim = item["claim"].as_str().expect("a claim").to_owned();
            match item["entity_type"].as_str() {
                Some("delivery" | "known" | "service_group" | "opening_locks") => drop(known.insert(claim)),
                // Of messages: why they failed, and that they are in the quarantine. Of workers: whose turn it was.
                Some("failure" | "dead_letter" | "turn") => {}
                _ => tables.claims.others.push(claim),
            }
        }
        let claims = shared::store::Tables::new(environment, stack.aws()).claims().expect("configured");
        let known = claims.read(known.iter().map(String::as_str).collect(), Time::EARLIEST).await.expect("claims");
        tables.claims.add(known);
        for history in tables.actions.values_mut() {
            history.sort_by_key(|action| action.id);
        }
        tables
    }

    /// Reads the payload of each alert, too.
    pub async fn with_payloads(mut self, stack: &Stack) -> Self {
        let _clock = Clock::hold();
        let tables = shared::store::Tables::new(stack.environment("GroupAlerts"), stack.aws());
        let payloads = tables.payloads().expect("configured");
        let mut found = BTreeMap::new();
        for alert in self.alerts.values() {
            let own = payloads.get(alert.alert_id, Time::EARLIEST).await.expect("the table can be read");
            let stored = match (own, alert.bundle) {
                (None, Some(bundle)) => payloads.get_bundled(alert.alert_id, bundle, Time::EARLIEST).await,
                (own, _) => Ok(own),
            };
            found.insert(alert.alert_id, stored.expect("the table can be read"));
        }
        self.payloads = Some(found);
        self
    }

    fn add_entry(&mut self, item: Item) {
        let actions = incidents::actions(&item);
        let item = json_of(item);
        let id: IncidentId = typed(&item["incident_id"]);
        if item["entity_type"] == "incident" {
            self.incidents.insert(id, typed(&item));
        } else {
            self.actions.entry(id).or_default().extend(actions.expect("actions"));
        }
    }
}

impl Claims {
    fn add(&mut self, known: Snapshot) {
        let id = |claim: &String| keys::parse_delivery_claim(claim).expect("a delivery").to_string();
        self.deliveries.extend(known.delivered.keys().map(id));
        for (claim, problem) in known.problems {
            self.episodes.insert(claim, problem.episodes().cloned().collect());
        }
        for (name, group) in known.source_groups {
            self.groups.insert(name, group.incidents.into_iter().map(|known| known.incident_id).collect());
        }
        self.groups.extend(known.service_groups.into_iter().map(|(claim, group)| (claim, group.incidents)));
        self.opening_locks.extend(known.opening_locks);
    }
}

fn typed<T: DeserializeOwned>(value: &Json) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error} in {value:#}"))
}

pub async fn scan(client: &Client, table: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut after: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let page = client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(after.take());
        let page = page.send().await.expect("the table can be read");
        items.extend(page.items.unwrap_or_default());
        after = page.last_evaluated_key;
        if after.is_none() {
            return items;
        }
    }
}

fn json_of(item: Item) -> Json {
    json(AttributeValue::M(item))
}

/// An attribute as JSON. Of bytes it keeps only the length.
fn json(value: AttributeValue) -> Json {
    match value {
        AttributeValue::S(text) => text.into(),
        AttributeValue::N(number) => number.parse::<Number>().expect("a number").into(),
        AttributeValue::Bool(truth) => truth.into(),
        AttributeValue::B(bytes) => bytes.as_ref().len().into(),
        AttributeValue::L(list) => list.into_iter().map(json).collect(),
        AttributeValue::M(members) => {
            members.into_iter().map(|(name, value)| (name, json(value))).collect::<Map<_, _>>().into()
        }
        _ => Json::Null,
    }
}
