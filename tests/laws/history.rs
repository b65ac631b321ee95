//! Random alerts and incidents, and a stack that contains them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use local::{Options, Stack};
use shared::{
    domain::{
        alert::{Alert, AlertReport, AlertState},
        alert_status::AlertStatus,
        assignee::Assignee,
        classification::{Classified, Evidence},
        delivery::DeliveryId,
        episode::EventKey,
        event::KeyScope,
        grouping::{Grouping, GroupingDecision},
        id::IncidentId,
        incident::{Incident, Scatter},
        reported::Reported,
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    ids::IdGenerator,
    service::{list_alerts::ListAlerts, list_incidents::ListIncidents},
    store::{
        Tables,
        segments::{Purpose, Sealed, Segments},
        transaction::{Write, commit},
    },
};
use strum::VariantArray;

use super::asked;

pub const SERVICES: [&str; 4] = ["cart", "search", "ledger", "web"];
pub const TEAMS: [&str; 3] = ["red", "green", "blue"];
pub const ASSIGNEES: [&str; 3] = ["Ada", "ada", "Grace Hopper"];
pub const ENVIRONMENTS: [&str; 2] = ["production", "staging"];
pub const SOURCES: [&str; 2] = ["datadog", "sentry"];
pub const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

/// One below the limit of `TransactWriteItems`: an entry of the change log comes with them.
const WRITES: usize = 99;

/// The end of all histories. A month begins a few days before. It is in the future, because the
/// tables would take old claims for expired.
pub fn now() -> Time {
    at("2126-03-05T12:00:00Z")
}

pub fn at(text: &str) -> Time {
    text.parse::<Timestamp>().expect("a time").into()
}

/// A time in the 100 days before [`now`]. Several rows often share a time, and many are at the
/// border of a month.
pub fn some_time(random: &mut fastrand::Rng) -> Time {
    let borders =
        ["2126-02-28T23:59:59.999Z", "2126-03-01T00:00:00Z", "2126-01-01T00:00:00Z", "2125-12-31T23:59:59.999Z"];
    match random.u8(..8) {
        0 => at(borders[random.usize(..borders.len())]),
        1 => now().plus_minutes(-random.i64(0..5) * 24 * 60),
        _ => now().plus_millis(-random.i64(0..100 * 24 * 60 * 60 * 1000)),
    }
}

pub fn one<T: Clone>(random: &mut fastrand::Rng, values: &[T]) -> T {
    values[random.usize(..values.len())].clone()
}

fn some(random: &mut fastrand::Rng, values: &[&str]) -> Vec<String> {
    values.iter().filter(|_| random.bool()).map(|value| (*value).to_owned()).collect()
}

pub fn incidents(random: &mut fastrand::Rng, count: usize) -> Vec<Incident> {
    let ids = IdGenerator::seeded(random.u64(..));
    (0..count)
        .map(|_| {
            let created_at = some_time(random);
            let severity = one(random, &SEVERITIES);
            let latest = now().as_millis() - created_at.as_millis();
            Incident {
                id: ids.next(created_at),
                title: "Checkout is slow".to_owned(),
                status: one(random, Status::VARIANTS),
                severity,
                alerts_by_severity: BTreeMap::from([(severity, 1)]),
                services: some(random, &SERVICES),
                sources: some(random, &SOURCES).iter().map(|source| Source::named(source)).collect(),
                team: random.bool().then(|| one(random, &TEAMS).to_owned()),
                environment: one(random, &ENVIRONMENTS).to_owned(),
                environment_is_assumed: false,
                assignee: random.bool().then(|| Assignee::read(one(random, &ASSIGNEES)).expect("a name")),
                created_at,
                updated_at: if random.bool() { created_at } else { created_at.plus_millis(random.i64(0..=latest)) },
                acknowledged_at: None,
                resolved_at: None,
                closed_at: None,
                alert_count: random.u64(1..5),
                firing_alert_count: u64::from(random.u8(..4) == 0),
                first_alert_at: created_at,
                last_alert_at: created_at,
                first_onset_at: created_at,
                last_onset_at: created_at,
                youngest_outage_at: None,
                scatter: Scatter::default(),
                action_count: 0,
                recurrence_of: None,
                merged_into: None,
                also_in: Vec::new(),
                version: 1,
            }
        })
        .collect()
}

pub fn alerts(random: &mut fastrand::Rng, count: usize) -> Vec<Alert> {
    alerts_at(random, count, some_time)
}

/// Alerts that were created at such times.
pub fn alerts_at(random: &mut fastrand::Rng, count: usize, time: impl Fn(&mut fastrand::Rng) -> Time) -> Vec<Alert> {
    let ids = IdGenerator::seeded(random.u64(..));
    let incidents: Vec<IncidentId> = (0..5).map(|_| ids.next(some_time(random))).collect();
    (0..count)
        .map(|_| {
            let created_at = time(random);
            let severity = one(random, &SEVERITIES);
            let service = (random.u8(..4) > 0).then(|| one(random, &SERVICES).to_owned());
            let environment = one(random, &ENVIRONMENTS).to_owned();
            let by = EventKey { at: created_at, delivery_id: DeliveryId::new("datadog-1-0".to_owned()) };
            Alert {
                id: ids.next(created_at),
                state: AlertState {
                    source: Source::named(one(random, &SOURCES)),
                    severity,
                    status: one(random, &[AlertStatus::Firing, AlertStatus::Resolved]),
                    service: service.clone(),
                    environment: environment.clone(),
                    team: None,
                    incident_id: (random.u8(..8) > 0).then(|| one(random, &incidents)),
                    occurred_at: created_at,
                    last_seen_at: created_at,
                    resolved_at: None,
                    occurrences: random.u64(1..5),
                    severity_classification: classified(severity),
                    is_test: false,
                    bundle: None,
                    updated_at: created_at,
                    version: 1,
                },
                report: AlertReport {
                    problem_key: "monitor:1|".to_owned(),
                    recurs_as: None,
                    title: Reported { value: "Checkout is slow".to_owned(), by: by.clone() },
                    external_id: None,
                    message: None,
                    tags: None,
                    link: None,
                    group: None,
                    team: Reported { value: classified(None), by: by.clone() },
                    service: Reported { value: classified(service), by: by.clone() },
                    environment: Reported { value: classified(environment), by },
                    key_scope: KeyScope::Problem,
                    grouping: Grouping {
                        decision: GroupingDecision::Opened,
                        rule: None,
                        key: None,
                        note: None,
                        evidence: None,
                        moved: None,
                    },
                },
            }
        })
        .collect()
}

fn classified<T>(value: T) -> Classified<T> {
    Classified { value, evidence: Evidence::Stated, matched: None, confidence: 1.0 }
}

/// How a history was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// The table of segments was lost: everything is summarised anew.
    Rebuilt,
    /// All of it is in the change log.
    Nothing,
    /// Half of it is sealed, the rest is in the change log.
    Half,
    /// All of it is sealed, with many patches.
    Patched,
}

/// Starts an embedded stack with these incidents and alerts.
pub async fn stack_with(incidents: &[Incident], alerts: &[Alert], sealing: Sealing) -> Stack {
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    let tables = Tables::new(stack.environment("SealSegments"), stack.aws());
    let times = incidents.iter().map(|incident| incident.created_at).chain(alerts.iter().map(Alert::created_at));
    if let Some(first) = times.min() {
        tables.claims().expect("a name").note_history_start(first).await.expect("noted");
    }
    let (incident_table, alert_table) = (tables.incidents().expect("a name"), tables.alerts().expect("a name"));
    let retention = stack.environment("GroupAlerts").retention().expect("days");
    let mut writes: Vec<Write> = incidents
        .iter()
        .flat_map(|incident| incident_table.writes(None, incident, &[], retention).expect("a write"))
        .collect();
    writes.extend(
        alerts
            .iter()
            .map(|alert| alert_table.insertion(alert, retention.of_alert(alert, alert.created_at())).expect("a write")),
    );
    let segments = tables.segments().expect("names");
    let before = now().plus_minutes(-60);
    if sealing != Sealing::Rebuilt {
        seal(&segments, before).await;
    }
    let parts = if sealing == Sealing::Patched { 20_u8 } else { 2 };
    let size = writes.len().div_ceil(usize::from(parts)).max(1);
    for part in 0..parts {
        let at = before.plus_minutes(10 + i64::from(part));
        let mut written: Vec<Write> = writes.drain(..size.min(writes.len())).collect();
        while !written.is_empty() {
            let rest = written.split_off(written.len().min(WRITES));
            let written = std::mem::replace(&mut written, rest);
            match sealing {
                Sealing::Rebuilt => commit(&stack.aws().dynamodb(), written).await.expect("written"),
                _ => tables.commit(written, at).await.expect("written"),
            }
        }
        if sealing == Sealing::Patched || (sealing, part) == (Sealing::Half, 0) {
            seal(&segments, at.plus_minutes(4)).await;
        }
    }
    stack
}

/// Seals all that can be sealed.
pub async fn seal(segments: &Segments, now: Time) {
    let sealed = segments.seal(Purpose::All, now, asked::deadline()).await.expect("sealed");
    assert_eq!(sealed, Sealed::Done);
}

/// Lists the alerts of a stack as its function does.
pub fn alert_lister(stack: &Stack) -> ListAlerts {
    let environment = stack.environment("ListAlerts");
    let budget = environment.list_budget().expect("a time");
    ListAlerts::new(&Tables::new(environment, stack.aws()), budget).expect("configured")
}

/// Lists the incidents of a stack as its function does.
pub fn incident_lister(stack: &Stack) -> ListIncidents {
    let environment = stack.environment("ListIncidents");
    let budget = environment.list_budget().expect("a time");
    ListIncidents::new(&Tables::new(environment, stack.aws()), budget).expect("configured")
}
