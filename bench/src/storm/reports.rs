//! Groups of reports, as Alertmanager sends them: a whole group comes again whenever one of its alerts changes.
//!
//! The webhooks go through `receive-webhook`, the queue and `group-alerts`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use clap::Args;
use local::secrets;
use serde_json::{Value as Json, json};
use shared::clock;

use super::Bench;
use crate::{
    meter::Counts,
    report::{Failure, figure, per, table},
};

/// How many alerts a group has.
const GROUP: usize = 500;

/// How often each group of the storm comes.
const TIMES: usize = 10;

/// How often a month something happens every five minutes.
const TIMES_A_MONTH: f64 = 12.0 * 24.0 * 30.0;

/// List prices of us-east-1 for a million, in dollars: those of docs/COSTS.md.
const MILLION_WRITE_UNITS: f64 = 0.625;
const MILLION_READ_UNITS: f64 = 0.125;
const MILLION_SQS_REQUESTS: f64 = 0.40;
const MILLION_API_REQUESTS: f64 = 1.00;

/// A message is sent, received and deleted.
const SQS_REQUESTS_A_MESSAGE: f64 = 3.0;

/// The size of the storm of reports.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of alerts that come ten times, in groups of 500
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER")]
    pub(super) reported_alerts: usize,
}

/// Whether all alerts of a group fire or are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Firing,
    Resolved,
}

/// Runs the scenarios and prints their tables.
pub async fn run(options: &Options) -> Result<(), Failure> {
    one_group().await?;
    storm(options).await
}

/// A webhook with the alerts from a number on.
fn group(first: usize, alerts: usize, state: State) -> Json {
    let now = clock::now().to_string();
    let alert = |number: usize| {
        let service = format!("service-{}", number / GROUP);
        json!({
            "status": if state == State::Firing { "firing" } else { "resolved" },
            "labels": {
                "alertname": "PodNotReady", "cluster": "main", "environment": "production", "namespace": service,
                "pod": format!("{service}-{number:05}-x7k2p"), "service": service, "severity": "error", "team": "payments",
                "prometheus": "monitoring/main",
            },
            "annotations": {
                "summary": format!("A pod of {service} is not ready"),
                "description": format!("The pod {service}-{number:05}-x7k2p has been in a non-ready state for longer than 15 minutes."),
                "runbook_url": format!("https://wiki.example.com/runbooks/{service}/pod-not-ready"),
            },
            "startsAt": "2026-11-23T09:12:44.101Z",
            "endsAt": if state == State::Firing { "0001-01-01T00:00:00Z" } else { now.as_str() },
            "generatorURL": "https://prometheus.example.com/graph?g0.expr=kube_pod_status_ready&g0.tab=1",
            "fingerprint": format!("{number:016x}"),
        })
    };
    json!({
        "receiver": "incident\\-review", "status": if state == State::Firing { "firing" } else { "resolved" },
        "alerts": (first..first + alerts).map(alert).collect::<Vec<_>>(),
        "groupLabels": { "alertname": "PodNotReady", "group": (first / GROUP).to_string() },
        "commonLabels": { "alertname": "PodNotReady" }, "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com", "version": "4",
        "groupKey": format!("{{}}:{{alertname=\"PodNotReady\", group=\"{}\"}}", first / GROUP), "truncatedAlerts": 0,
    })
}

impl Bench {
    async fn post(&self, webhook: &Json) -> Result<(), Failure> {
        let request = reqwest::Client::new().post(format!("{}/webhooks/alertmanager", self.stack.url()));
        let request = request.bearer_auth(secrets::ALERTMANAGER).header("content-type", "application/json");
        let answer = request.body(webhook.to_string()).send().await?.error_for_status()?;
        let receipt: Json = serde_json::from_slice(&answer.bytes().await?)?;
        let alerts = webhook["alerts"].as_array().map_or(0, Vec::len);
        if receipt["accepted"] == alerts { Ok(()) } else { Err(format!("{receipt} for {alerts} alerts").into()) }
    }

    /// Sends a webhook and counts its calls and units.
    async fn cost_of(&self, webhook: &Json) -> Result<Counts, Failure> {
        let before = self.meter.counts();
        self.post(webhook).await?;
        self.empty().await?;
        Ok(self.meter.counts() - &before)
    }
}

/// What so many webhooks with these calls and units cost, in dollars, without Lambda and logs.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn dollars(counts: &Counts, webhooks: f64) -> f64 {
    let units = counts.units_of("");
    let messages = counts.calls_of("SendMessage").calls as f64;
    let millionths = units.write * MILLION_WRITE_UNITS
        + units.read * MILLION_READ_UNITS
        + messages * SQS_REQUESTS_A_MESSAGE * MILLION_SQS_REQUESTS
        + webhooks * MILLION_API_REQUESTS;
    millionths / 1_000_000.0
}

/// Measures each kind of webhook of one group, and prints what it costs if it comes every five minutes.
async fn one_group() -> Result<(), Failure> {
    let bench = Bench::start().await?;
    let mut rows = Vec::new();
    for (kind, state) in [
        ("all fire", State::Firing),
        ("all fire, again", State::Firing),
        ("the same, the tenth time", State::Firing),
        ("all are resolved", State::Resolved),
        ("resolved, again", State::Resolved),
        ("all fire anew", State::Firing),
        ("all are resolved anew", State::Resolved),
    ] {
        if kind.ends_with("tenth time") {
            for _ in 0..7 {
                bench.cost_of(&group(0, GROUP, state)).await?;
            }
        }
        let cost = bench.cost_of(&group(0, GROUP, state)).await?;
        let all = cost.units_of("");
        #[expect(clippy::cast_precision_loss, reason = "a group is small")]
        let each = |units: f64| figure(units / GROUP as f64);
        let calls = |operation: &str| cost.calls_of(operation).calls.to_string();
        rows.push(vec![
            kind.to_owned(),
            calls("SendMessage"),
            calls("BatchGetItem"),
            calls("TransactWriteItems"),
            each(all.write),
            each(all.read),
            format!("{:.2}", dollars(&cost, 1.0) * TIMES_A_MONTH),
        ]);
    }
    bench.stack.stop().await;
    let head = [
        "a group of 500",
        "messages",
        "BatchGetItem",
        "TransactWriteItems",
        "write units per alert",
        "read units per alert",
        "$ a month, every 5 minutes",
    ];
    table("Reports: one webhook of a group", &head, &rows);
    Ok(())
}

/// Sends all groups ten times, checks that no alert is lost or counted twice, and prints times and costs.
async fn storm(options: &Options) -> Result<(), Failure> {
    let bench = Bench::start().await?;
    let webhooks: Vec<Json> = (0..options.reported_alerts)
        .step_by(GROUP)
        .map(|first| group(first, GROUP.min(options.reported_alerts - first), State::Firing))
        .collect();
    let started = Instant::now();
    let mut costs = Vec::new();
    for _ in 0..TIMES {
        let before = bench.meter.counts();
        for webhook in &webhooks {
            bench.post(webhook).await?;
        }
        bench.empty().await?;
        costs.push(bench.meter.counts() - &before);
    }
    let took = started.elapsed();
    check(&bench, options).await?;
    bench.stack.stop().await;
    let (first, again) = costs.split_first().ok_or("nothing was sent")?;
    let row = |what: &str, counts: &[Counts]| {
        let times = counts.len() * options.reported_alerts;
        let sum = |of: fn(&Counts) -> f64| counts.iter().map(of).sum::<f64>();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let each = |units: f64| figure(units / times as f64);
        let messages: u64 = counts.iter().map(|counts| counts.calls_of("SendMessage").calls).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let webhooks = webhooks.len() as f64;
        vec![
            what.to_owned(),
            figure(per(messages, counts.len())),
            each(sum(|counts| counts.units_of("").write)),
            each(sum(|counts| counts.units_of("").read)),
            format!("{:.3}", counts.iter().map(|counts| dollars(counts, webhooks)).sum::<f64>()),
        ]
    };
    let rows = [row("the first time", std::slice::from_ref(first)), row("the other nine times together", again)];
    let title = format!(
        "Reports: {} alerts in groups of {GROUP}, {TIMES} times, in {:.0} s: none lost, none twice",
        options.reported_alerts,
        took.as_secs_f64()
    );
    table(&title, &["", "messages", "write units per alert", "read units per alert", "$"], &rows);
    Ok(())
}

/// Checks that each alert exists once and occurred once, and that incidents count their alerts.
async fn check(bench: &Bench, options: &Options) -> Result<(), Failure> {
    let alerts = bench.rows("AlertsTable").await?;
    let number =
        |row: &super::Row, name: &str| row.get(name).and_then(|value| value.as_n().ok()?.parse::<usize>().ok());
    let text = |row: &super::Row, name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned();
    let ids: BTreeSet<String> = alerts.iter().filter_map(|row| text(row, "alert_id")).collect();
    let is_single = |row: &super::Row| number(row, "occurrences") == Some(1);
    if ids.len() != options.reported_alerts || !alerts.iter().all(is_single) {
        return Err(format!(
            "{} alerts were reported, but there are {}, or one occurred twice",
            options.reported_alerts,
            ids.len()
        )
        .into());
    }
    let mut joined: BTreeMap<String, usize> = BTreeMap::new();
    for alert in &alerts {
        *joined.entry(text(alert, "incident_id").unwrap_or_default()).or_default() += 1;
    }
    let incidents = bench.rows("IncidentsTable").await?;
    let counted: BTreeMap<String, usize> =
        incidents.iter().filter_map(|row| Some((text(row, "incident_id")?, number(row, "alert_count")?))).collect();
    if joined != counted {
        return Err(format!("incidents count {counted:?} alerts, but the rows of the alerts name {joined:?}").into());
    }
    Ok(())
}
