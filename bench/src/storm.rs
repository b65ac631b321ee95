//! Sends single deliveries of each kind, and then a burst of new alerts, through the queue and
//! `group-alerts`.
//!
//! The messages are those that `receive-webhook` makes of Datadog's webhooks. They go straight into
//! the queue. The whole burst is in the queue before `group-alerts` may use the tables. So only
//! grouping is timed.

mod reports;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use local::Stack;
use shared::{clock, store::Tables};
use tokio::time::sleep;

use crate::{
    meter::{Calls, Counts, Meter},
    notification::{KeyKind, Notification},
    report::{Failure, figure, per, table},
};

/// The pause between two checks whether the queue is empty.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The longest time that the queue may take to become empty.
const PATIENCE: Duration = Duration::from_mins(10);

/// How many messages are sent concurrently.
const SENDERS: usize = 16;

/// Alerts per second through grouping.
const TARGET_RATE: f64 = 1000.0;
/// For an alert that joins an open incident, alone in its batch.
const TARGET_WRITE_UNITS: f64 = 14.0;
const TARGET_ROUND_TRIPS: u64 = 4;

/// For an alert in a storm. What is shared by a transaction is less than one.
const fn in_a_storm(key: KeyKind) -> u64 {
    match key {
        KeyKind::Cycle => 8,
        KeyKind::Monitor => 6,
    }
}

/// The size of the burst.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of alerts. Each is a new problem
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER")]
    alerts: usize,
    /// The number of environments. Each has an incident of its own
    #[arg(long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    groups: u64,
    /// What tells the problems apart. Without it there are two bursts
    #[arg(long, value_enum)]
    key: Option<KeyKind>,
    #[command(flatten)]
    reports: reports::Options,
}

/// Runs the benchmark and prints its tables.
pub async fn run(options: &Options) -> Result<(), Failure> {
    singles().await?;
    for key in options.key.map_or_else(|| vec![KeyKind::Cycle, KeyKind::Monitor], |key| vec![key]) {
        burst(options, key).await?;
    }
    reports::run(&options.reports).await
}

type Row = HashMap<String, AttributeValue>;

/// A stack whose functions reach the services through a meter.
struct Bench {
    stack: Stack,
    meter: Arc<Meter>,
}

impl Bench {
    async fn start() -> Result<Self, Failure> {
        let meter = Arc::new(Meter::default());
        let stack = Stack::start(local::Options { wire: Some(meter.wire()), ..local::Options::default() }).await?;
        Ok(Self { stack, meter })
    }

    fn resource(&self, logical_id: &str) -> Result<&str, Failure> {
        Ok(self.stack.resource(logical_id).ok_or_else(|| format!("template.yaml has no {logical_id}"))?)
    }

    async fn send(&self, messages: impl IntoIterator<Item = String>) -> Result<(), Failure> {
        let sqs = self.stack.aws().sqs();
        let url = self.resource("AlertsQueue")?;
        let sent = stream::iter(messages).map(|message| {
            let request = sqs.send_message().queue_url(url).message_body(message);
            async move { request.send().await.map(drop) }
        });
        sent.buffer_unordered(SENDERS).try_collect::<()>().await?;
        Ok(())
    }

    /// How many messages are in a queue, visible or not.
    async fn left(&self, queue: &str) -> Result<u64, Failure> {
        let counts = [Attribute::ApproximateNumberOfMessages, Attribute::ApproximateNumberOfMessagesNotVisible];
        let request = self.stack.aws().sqs().get_queue_attributes().queue_url(self.resource(queue)?);
        let answer = request.set_attribute_names(Some(counts.to_vec())).send().await?;
        let attributes = answer.attributes.unwrap_or_default();
        Ok(counts.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum())
    }

    /// Waits until the queue is empty. Fails if a message became a dead letter.
    async fn empty(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        while self.left("AlertsQueue").await? > 0 {
            if Instant::now() > deadline {
                return Err("the queue did not become empty in time".into());
            }
            sleep(LOOK_EVERY).await;
        }
        match self.left("AlertsDeadLetterQueue").await? {
            0 => Ok(()),
            dead => Err(format!("{dead} messages ended in the dead-letter queue").into()),
        }
    }

    /// Sends one delivery and counts its calls and units.
    async fn cost(&self, notification: &Notification<'_>) -> Result<Counts, Failure> {
        let before = self.meter.counts();
        self.send([notification.message()?]).await?;
        self.empty().await?;
        Ok(self.meter.counts() - &before)
    }

    /// Reads all rows of a table. The meter does not count this.
    async fn rows(&self, logical_id: &str) -> Result<Vec<HashMap<String, AttributeValue>>, Failure> {
        let scan = self.stack.aws().dynamodb().scan().table_name(self.resource(logical_id)?).consistent_read(true);
        Ok(scan.into_paginator().items().send().collect::<Result<_, _>>().await?)
    }
}

/// Measures a single delivery of each kind, alone in its batch, and prints a table.
async fn singles() -> Result<(), Failure> {
    let bench = Bench::start().await?;
    let first = Notification {
        problem: "1001",
        environment: "production",
        service: "checkout",
        transition: "Triggered",
        id: "1",
        key: KeyKind::Cycle,
    };
    // The first delivery of a stack also writes the start of the history. It is not measured.
    bench.cost(&Notification { environment: "elsewhere", problem: "1000", id: "0", ..first }).await?;
    let mut rows = Vec::new();
    for (kind, target, notification) in [
        ("opens an incident", None, Notification { ..first }),
        (
            "joins an open incident",
            Some(TARGET_WRITE_UNITS),
            Notification { problem: "1002", id: "2", service: "payments", ..first },
        ),
        (
            "joins one of its service",
            Some(TARGET_WRITE_UNITS),
            Notification { problem: "1003", id: "3", service: "payments", ..first },
        ),
        (
            "the same, of a source with one key",
            Some(TARGET_WRITE_UNITS),
            Notification { problem: "1004", id: "6", service: "payments", key: KeyKind::Monitor, ..first },
        ),
        ("fires again", None, Notification { id: "4", transition: "Re-Triggered", ..first }),
        ("is resolved", None, Notification { id: "5", transition: "Recovered", ..first }),
        ("is a duplicate", None, Notification { id: "5", transition: "Recovered", ..first }),
    ] {
        let cost = bench.cost(&notification).await?;
        rows.push(single(kind, target, &cost));
    }
    bench.stack.stop().await;
    let head = [
        "one delivery",
        "round trips",
        "write units",
        "read units",
        "target",
        "write units: alerts + their indexes",
        "payloads",
        "incidents + their indexes",
        "claims",
    ];
    table("One delivery alone in its batch", &head, &rows);
    Ok(())
}

fn single(kind: &str, target: Option<f64>, cost: &Counts) -> Vec<String> {
    let all = cost.units_of("");
    let of_table = |table: &str| {
        let own = cost.units.get(table).map_or(0.0, |units| units.write);
        format!("{} + {}", figure(own), figure(cost.units_of(table).write - own))
    };
    let calls: u64 = cost.operations.values().map(|calls| calls.calls).sum();
    vec![
        kind.to_owned(),
        calls.to_string(),
        figure(all.write),
        figure(all.read),
        target.map_or_else(String::new, |units| format!("≤ {units} units, ≤ {TARGET_ROUND_TRIPS} round trips")),
        of_table("AlertsTable"),
        figure(cost.units_of("PayloadsTable").write),
        of_table("IncidentsTable"),
        figure(cost.units_of("ClaimsTable").write),
    ]
}

/// Groups a burst, checks that no alert is lost or counted twice, and prints times and costs.
async fn burst(options: &Options, key: KeyKind) -> Result<(), Failure> {
    print(options, key, &measured(options, key).await?);
    Ok(())
}

/// How long grouping a burst took, and what it cost.
struct Burst {
    took: Duration,
    counts: Counts,
}

async fn measured(options: &Options, key: KeyKind) -> Result<Burst, Failure> {
    let bench = Bench::start().await?;
    let mut random = fastrand::Rng::with_seed(1);
    let mut messages = Vec::with_capacity(options.alerts);
    for number in 0..options.alerts {
        let group = random.u64(..options.groups);
        let problem = (2_000_000 + number).to_string();
        let notification = Notification {
            problem: &problem,
            environment: &format!("region-{group}"),
            service: &format!("service-{}", random.u8(..5)),
            transition: "Triggered",
            id: &format!("{problem}0"),
            key,
        };
        messages.push(notification.message()?);
    }
    let held = bench.meter.hold().await;
    bench.send(messages).await?;
    let started = Instant::now();
    drop(held);
    bench.empty().await?;
    let took = started.elapsed();
    let counts = bench.meter.counts();
    check(&bench, options).await?;
    bench.stack.stop().await;
    Ok(Burst { took, counts })
}

/// Checks that each alert exists once, that incidents count their alerts, and that there are no more
/// incidents than environments.
async fn check(bench: &Bench, options: &Options) -> Result<(), Failure> {
    let alerts = bench.rows("AlertsTable").await?;
    let incident_rows = bench.rows("IncidentsTable").await?;
    let text = |row: &HashMap<String, AttributeValue>, name: &str| {
        row.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
    };
    let mut joined: BTreeMap<String, usize> = BTreeMap::new();
    for alert in &alerts {
        *joined.entry(text(alert, "incident_id")).or_default() += 1;
    }
    let incidents: BTreeMap<String, usize> = incident_rows
        .iter()
        .filter(|row| text(row, "entity_type") == "incident")
        .filter_map(|row| Some((text(row, "incident_id"), row.get("alert_count")?.as_n().ok()?.parse().ok()?)))
        .collect();
    let claims = bench.rows("ClaimsTable").await?;
    let of_deliveries = claims.iter().filter(|row| ["delivery", "known"].contains(&text(row, "entity_type").as_str()));
    let of_deliveries: BTreeSet<String> = of_deliveries.map(|row| text(row, "claim")).collect();
    let tables = Tables::new(bench.stack.environment("GroupAlerts"), bench.stack.aws());
    let known = tables.claims()?.read(of_deliveries.iter().map(String::as_str).collect(), clock::now()).await?;
    let delivered = known.delivered;
    let is_single =
        |row: &HashMap<String, AttributeValue>| row.get("occurrences") == Some(&AttributeValue::N("1".to_owned()));
    if !alerts.iter().all(is_single) {
        return Err("an alert was counted twice".into());
    }
    if alerts.len() != options.alerts || delivered.len() != options.alerts {
        let (rows, delivered) = (alerts.len(), delivered.len());
        return Err(
            format!("{} alerts were sent, but there are {rows} rows and {delivered} claims", options.alerts).into()
        );
    }
    if joined != incidents {
        return Err(format!("incidents count {incidents:?} alerts, but the rows of the alerts name {joined:?}").into());
    }
    let groups = usize::try_from(options.groups)?.min(options.alerts);
    if incidents.len() > groups {
        return Err(format!("there are {} incidents in {groups} environments", incidents.len()).into());
    }
    Ok(())
}

fn cancelled(transactions: Calls) -> String {
    let share = 100.0 * per(transactions.failed, usize::try_from(transactions.calls).unwrap_or(usize::MAX).max(1));
    format!("{} of {}: {} %", transactions.failed, transactions.calls, figure(share))
}

fn print(options: &Options, key: KeyKind, Burst { took, counts }: &Burst) {
    let alerts = options.alerts;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let rate = alerts as f64 / took.as_secs_f64();
    let transactions = counts.calls_of("TransactWriteItems");
    let batches = transactions.calls - transactions.failed;
    let all = counts.units_of("");
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let each = |units: f64| figure(units / alerts as f64);
    let row = |cells: [String; 3]| cells.to_vec();
    let rows = [
        row(["wall time".into(), format!("{:.1} s", took.as_secs_f64()), String::new()]),
        row(["alerts/s through grouping".into(), format!("{rate:.0}"), format!("≥ {TARGET_RATE}")]),
        row(["lost, counted twice".into(), "none".into(), "none".into()]),
        row(["batches written".into(), batches.to_string(), String::new()]),
        row(["transactions cancelled".into(), cancelled(transactions), "≤ 5 %".into()]),
        row(["write units per alert".into(), each(all.write), format!("≤ {}", in_a_storm(key))]),
        row(["read units per alert".into(), each(all.read), String::new()]),
    ];
    let told_apart = match key {
        KeyKind::Cycle => "cycles and monitors have keys",
        KeyKind::Monitor => "problems and groups have one key",
    };
    let title = format!("A burst of {alerts} alerts in {} environments: {told_apart}", options.groups);
    table(&title, &["", "measured", "target"], &rows);

    let batches = usize::try_from(batches).unwrap_or(usize::MAX).max(1);
    let rows: Vec<_> = counts
        .operations
        .iter()
        .map(|(operation, calls)| {
            vec![
                operation.clone(),
                calls.calls.to_string(),
                figure(per(calls.calls, batches)),
                figure(per(calls.calls, alerts)),
                figure(per(calls.sent_bytes, alerts)),
                figure(per(calls.received_bytes, alerts)),
            ]
        })
        .collect();
    let head = ["operation", "calls", "per batch", "per alert", "bytes sent per alert", "bytes received per alert"];
    table("Calls", &head, &rows);

    let units = counts.units.iter();
    let rows: Vec<_> = units.map(|(name, units)| vec![name.clone(), each(units.write), each(units.read)]).collect();
    table("Units by table and index", &["", "write units per alert", "read units per alert"], &rows);
}

#[cfg(test)]
mod tests;
