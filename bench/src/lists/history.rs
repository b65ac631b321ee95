//! Writes a history of 400 days straight into the tables. It is the same in each run.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{PutRequest, WriteRequest},
};
use fastrand::Rng;
use futures::{StreamExt, TryStreamExt, stream};
use local::Stack;
use shared::{
    domain::{
        alert::{Alert, AlertReport, AlertState},
        alert_status::AlertStatus,
        classification::{Classified, Evidence},
        delivery::DeliveryId,
        episode::EventKey,
        event::KeyScope,
        grouping::{Grouping, GroupingDecision, GroupingRule},
        id::IncidentId,
        incident::{Incident, Scatter},
        reported::Reported,
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    ids::IdGenerator,
    listing::segments::rows::Row,
    store::{Item, alerts, claims::Claims, incidents},
};

use crate::report::{Failure, progress};

const DAYS: i64 = 400;

const TITLES: [&str; 8] = [
    "Checkout answers slower than 800 ms at the 95th percentile",
    "Disk of the database is almost full",
    "Memory of a host is above 90 %",
    "Error rate of the payment provider is high",
    "Queue grows faster than it is processed",
    "TypeError: cannot read properties of undefined",
    "Certificate expires within a week",
    "No data from the synthetic test of the login",
];

/// How many problems there are. Each comes again and again.
const PROBLEMS: u32 = 2_000;

/// The name of an environment and a service, and a word of titles. One in 2,000 rows has it.
pub const RARE: &str = "rare";

/// `BatchWriteItem` takes at most 25 items (Amazon DynamoDB API Reference).
const BATCH: usize = 25;

const PARALLEL: usize = 8;

/// The end of the history. No row is later.
pub fn end() -> Time {
    // In the future, because the tables delete rows that have expired.
    Time::from_millis(4_930_671_480_000).unwrap_or(Time::LATEST)
}

/// The first and the last millisecond of a storm. This hour has a fiftieth of all alerts.
pub fn storm() -> (Time, Time) {
    let begin = end().plus_minutes(-100 * 24 * 60 - 58);
    (begin, begin.plus_minutes(60).plus_millis(-1))
}

/// Alerts and incidents as rows, without tables, in parts of the history: no row is later than those of the next part.
pub fn parts(alerts: usize, size: usize) -> impl Iterator<Item = (Vec<Row>, Vec<Row>)> {
    let (mut random, ids) = (Rng::with_seed(1), IdGenerator::seeded(2));
    let count = i64::try_from(alerts.div_ceil(size)).unwrap_or(1);
    let length = DAYS * 24 * 60 * 60_000 / count;
    let start = end().plus_minutes(-DAYS * 24 * 60);
    (0..count).map(move |part| {
        let mut within = || start.plus_millis(part * length + random.i64(0..length));
        let times: Vec<Time> = (0..size).map(|_| within()).collect();
        let incidents: Vec<Incident> = times.iter().step_by(10).map(|at| incident(&mut random, &ids, *at)).collect();
        let incident_ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
        let alerts = times.iter().map(|at| Row::from(&alert(&mut random, &ids, &incident_ids, *at)));
        (alerts.collect(), incidents.iter().map(Row::from).collect())
    })
}

/// Fills the tables with alerts and a tenth as many incidents.
pub async fn fill(stack: &Stack, alerts: usize) -> Result<(), Failure> {
    let environment = stack.environment("GroupAlerts");
    let client = stack.aws().dynamodb();
    let retention = environment.retention()?;
    let start = end().plus_minutes(-DAYS * 24 * 60);
    Claims::new(client.clone(), environment.claims_table()?).note_history_start(start).await?;
    let mut random = Rng::with_seed(1);
    let ids = IdGenerator::seeded(2);
    let incidents: Vec<Incident> = (0..alerts / 10)
        .map(|_| some_time(&mut random))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|at| incident(&mut random, &ids, at))
        .collect();
    let incident_ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let rows = incidents.iter().map(|incident| Ok(incidents::item(incident, retention)?));
    write(&client, &environment.incidents_table()?, alerts / 10, rows).await?;
    let rows = (0..alerts).map(|_| {
        let alert = alert_sometime(&mut random, &ids, &incident_ids);
        Ok(alerts::item(&alert, retention.of_alert(&alert, alert.created_at()))?)
    });
    write(&client, &environment.alerts_table()?, alerts, rows).await
}

async fn write(
    client: &Client,
    table: &str,
    count: usize,
    mut rows: impl Iterator<Item = Result<Item, Failure>>,
) -> Result<(), Failure> {
    let mut written = 0;
    while written < count {
        // Rows are made in parts, so that they are not all in memory at once.
        let part: Vec<Item> = rows.by_ref().take(BATCH * 400).collect::<Result<_, _>>()?;
        written += part.len();
        let batches: Vec<_> = part.chunks(BATCH).map(|batch| put(client, table, batch)).collect();
        stream::iter(batches).buffer_unordered(PARALLEL).try_collect::<Vec<()>>().await?;
        progress(table, written, count);
    }
    Ok(())
}

async fn put(client: &Client, table: &str, batch: &[Item]) -> Result<(), Failure> {
    let request = |item: &Item| {
        let put = PutRequest::builder().set_item(Some(item.clone())).build()?;
        Ok::<_, Failure>(WriteRequest::builder().put_request(put).build())
    };
    let requests = batch.iter().map(request).collect::<Result<_, _>>()?;
    client.batch_write_item().request_items(table, requests).send().await?;
    Ok(())
}

fn some_time(random: &mut Rng) -> Time {
    end().plus_millis(-random.i64(1..DAYS * 24 * 60 * 60_000))
}

fn severity(random: &mut Rng) -> Severity {
    match random.u8(..10) {
        0 => Severity::Critical,
        1..4 => Severity::Error,
        4..8 => Severity::Warning,
        _ => Severity::Info,
    }
}

fn title(random: &mut Rng, problem: u32) -> String {
    let title = TITLES[problem as usize % TITLES.len()];
    let host = format!("{title} on host-{}", problem % 300);
    if random.u16(..2_000) == 0 { format!("{host} {RARE}") } else { host }
}

fn rare(random: &mut Rng, usual: String) -> String {
    if random.u16(..2_000) == 0 { RARE.to_owned() } else { usual }
}

fn incident(random: &mut Rng, ids: &IdGenerator, created_at: Time) -> Incident {
    let updated_at = created_at.plus_minutes(random.i64(0..600)).min(end());
    let is_old = created_at < end().plus_minutes(-3 * 24 * 60);
    let services = (0..=random.u8(..4)).map(|_| format!("service-{:02}", random.u8(..50)));
    let mut services: Vec<String> = services.collect();
    services[0] = rare(random, services[0].clone());
    services.sort();
    services.dedup();
    let severity = severity(random);
    let problem = random.u32(..PROBLEMS);
    Incident {
        id: ids.next(created_at),
        title: title(random, problem),
        status: if is_old { Status::Closed } else { Status::Open },
        severity,
        alerts_by_severity: BTreeMap::from([(severity, 10)]),
        services,
        sources: vec![Source::named(if random.bool() { "datadog" } else { "sentry" })],
        team: (random.u8(..8) > 0).then(|| format!("team-{}", random.u8(..12))),
        environment: "production".to_owned(),
        environment_is_assumed: false,
        assignee: None,
        created_at,
        updated_at,
        acknowledged_at: Some(updated_at),
        resolved_at: Some(updated_at),
        closed_at: Some(updated_at),
        alert_count: 10,
        firing_alert_count: 0,
        first_alert_at: created_at,
        last_alert_at: updated_at,
        first_onset_at: created_at,
        last_onset_at: updated_at,
        youngest_outage_at: None,
        scatter: Scatter::default(),
        action_count: 12,
        recurrence_of: None,

        merged_into: None,
        also_in: Vec::new(),
        version: 12,
    }
}

fn alert_sometime(random: &mut Rng, ids: &IdGenerator, incidents: &[IncidentId]) -> Alert {
    let created_at =
        if random.u8(..50) == 0 { storm().0.plus_millis(random.i64(0..3_600_000)) } else { some_time(random) };
    alert(random, ids, incidents, created_at)
}

/// An alert that is created at that time.
pub fn alert(random: &mut Rng, ids: &IdGenerator, incidents: &[IncidentId], created_at: Time) -> Alert {
    let usual = if random.u8(..5) == 0 { "staging" } else { "production" };
    let environment = rare(random, usual.to_owned());
    let service = format!("service-{:02}", random.u8(..50));
    let severity = severity(random);
    let problem = random.u32(..PROBLEMS);
    let delivery = random.u64(..);
    let by = EventKey { at: created_at, delivery_id: DeliveryId::new(format!("datadog-1-{delivery:032x}")) };
    let text = |value: String| Some(Reported { value, by: by.clone() });
    Alert {
        id: ids.next(created_at),
        state: AlertState {
            source: Source::named(if random.bool() { "datadog" } else { "sentry" }),
            severity,
            status: if random.u8(..50) == 0 { AlertStatus::Firing } else { AlertStatus::Resolved },
            service: Some(service.clone()),
            environment: environment.clone(),
            team: Some("payments".to_owned()),
            incident_id: random.choice(incidents).copied(),
            occurred_at: created_at,
            last_seen_at: created_at,
            resolved_at: Some(created_at.plus_minutes(random.i64(1..90))),
            occurrences: random.u64(1..6),
            severity_classification: classified(severity, "P2", &by).value,
            is_test: false,
            bundle: None,
            updated_at: created_at,
            version: 1,
        },
        report: AlertReport {
            problem_key: format!("monitor:{problem}|env:{environment},service:{service}"),
            recurs_as: None,
            title: Reported { value: title(random, problem), by: by.clone() },
            external_id: text(problem.to_string()),
            message: text(
                "p95 of trace.http.request over service:checkout was > 0.8 for the last 5 minutes.".to_owned(),
            ),
            tags: Some(Reported {
                value: vec![format!("env:{environment}"), format!("service:{service}"), "team:payments".to_owned()],
                by: by.clone(),
            }),
            link: text(format!("https://app.datadoghq.eu/monitors/{problem}")),
            group: text(format!("env:{environment},service:{service}")),
            team: classified(Some("payments".to_owned()), "team:payments", &by),
            service: classified(Some(service), "service", &by),
            environment: classified(environment, "env", &by),
            key_scope: KeyScope::Problem,
            grouping: Grouping {
                decision: GroupingDecision::Joined,
                rule: Some(GroupingRule::SourceKey),
                key: Some("datadog monitor:1|env:production".to_owned()),
                note: Some("Joined: datadog says that it is the same problem as another here".to_owned()),
                evidence: None,
                moved: None,
            },
        },
    }
}

fn classified<T>(value: T, matched: &str, by: &EventKey) -> Reported<Classified<T>> {
    let value = Classified { value, evidence: Evidence::Stated, matched: Some(matched.to_owned()), confidence: 1.0 };
    Reported { value, by: by.clone() }
}
