//! Reads all tables through a client without faults.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::Stack;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value as Json};
use shared::{
    config::Environment,
    domain::{
        action::Action,
        alert::Alert,
        alert_status::AlertStatus,
        episode::Episode,
        grouping::GroupingDecision,
        id::{AlertId, IncidentId},
        incident::Incident,
        severity::Severity,
        time::Time,
    },
    grouping::{ServiceGroup, SourceGroup},
    store::{Item, alerts},
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

/// The claim of an environment.
#[derive(Debug, Clone, Deserialize)]
pub struct OpeningLock {
    pub version: u64,
    pub recent: Vec<IncidentId>,
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
            tables.add_entry(&json_of(item));
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
        for item in items(Environment::claims_table).await {
            tables.claims.add(json_of(item));
        }
        for history in tables.actions.values_mut() {
            history.sort_by_key(|action| action.id);
        }
        tables
    }

    fn add_entry(&mut self, item: &Json) {
        let id: IncidentId = typed(&item["incident_id"]);
        if item["entity_type"] == "incident" {
            self.incidents.insert(id, typed(item));
        } else {
            self.actions.entry(id).or_default().push(typed(item));
        }
    }
}

impl Claims {
    fn add(&mut self, item: Json) {
        let claim = item["claim"].as_str().expect("a claim").to_owned();
        match item["entity_type"].as_str() {
            Some("delivery") => self.deliveries.push(claim.trim_start_matches("DELIVERY#").to_owned()),
            Some("problem") => {
                let mut episodes = Vec::new();
                find_episodes(item, &mut episodes);
                self.episodes.insert(claim, episodes);
            }
            Some("source_group") => {
                let group: SourceGroup = typed(&item);
                self.groups.insert(claim, group.incidents.into_iter().map(|known| known.incident_id).collect());
            }
            Some("service_group") => {
                let group: ServiceGroup = typed(&item);
                self.groups.insert(claim, group.incidents);
            }
            Some("opening_locks") => {
                self.opening_locks.insert(claim, typed(&item));
            }
            // Of messages: why they failed, and that they are in the quarantine.
            Some("failure" | "dead_letter") => {}
            // Of workers: whose turn it was.
            Some("turn") => {}
            _ => self.others.push(claim),
        }
    }
}

/// Collects the alerts of a claim, wherever in the item they are.
fn find_episodes(value: Json, found: &mut Vec<Episode>) {
    match value {
        Json::Object(members) if members.contains_key("alert_id") => found.push(typed(&Json::Object(members))),
        Json::Object(members) => members.into_iter().for_each(|(_, member)| find_episodes(member, found)),
        Json::Array(list) => list.into_iter().for_each(|member| find_episodes(member, found)),
        _ => {}
    }
}

fn typed<T: DeserializeOwned>(value: &Json) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error} in {value:#}"))
}

async fn scan(client: &Client, table: &str) -> Vec<Item> {
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
