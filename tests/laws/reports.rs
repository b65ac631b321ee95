//! Reports have no identity. Receipt orders them, and what they come to does not depend on the order in which
//! the queue delivers them, on how they share messages, and on how often they come.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures::FutureExt;
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use serde_json::{Value, json};
use shared::{
    domain::{alert::Alert, delivery::Delivery, severity::Severity, time::Time},
    queue::{self, Message},
    service::{
        group_alerts::GroupAlerts,
        read_webhook::{self, Received},
    },
    sources::{self, Headers},
    store::Tables,
};
use tests::patient;

use super::{
    batches::{SourceFacts, rows, source_facts},
    history::{self, Sealing},
    sealing::{Hook, hooked},
};

/// What a sender says about a problem in one of its webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Firing(Severity),
    Resolved,
    /// The problem is not in the group.
    Nothing,
}

/// How many problems a group has. Each fires at most six times in a history: so much of an alert is remembered one by one.
const PROBLEMS: usize = 4;
const MAX_WEBHOOKS: usize = 6;

/// The most that a repetition writes.
const MAX_REPETITION_BYTES: usize = 3072;

/// What a sender says in a webhook, problem by problem.
type Spoken = [Said; PROBLEMS];

/// Webhooks in the order of their receipt, three minutes apart.
fn histories() -> impl Strategy<Value = Vec<Spoken>> {
    let said = prop_oneof![
        4 => Just(Said::Firing(Severity::Error)),
        1 => Just(Said::Firing(Severity::Critical)),
        3 => Just(Said::Resolved),
        1 => Just(Said::Nothing),
    ];
    proptest::collection::vec(proptest::array::uniform4(said), 1..=MAX_WEBHOOKS)
}

fn received_at(webhook: usize) -> Time {
    history::now().plus_minutes(3 * i64::try_from(webhook).expect("few") - 60)
}

fn read(source: &str, webhook: usize, body: &Value) -> Vec<Delivery> {
    let headers = Headers::default();
    let receipt = format!("receipt-{webhook}");
    let body = body.to_string();
    let received = Received {
        source: sources::find(source).expect("a source"),
        headers: &headers,
        body: body.as_bytes(),
        received_at: received_at(webhook),
        receipt: &receipt,
    };
    read_webhook::read(received).deliveries()
}

/// The deliveries of a group of Alertmanager or Grafana. Whether a problem fires for the first time or again, it says
/// the same.
fn of_group(source: &str, webhook: usize, spoken: Spoken) -> Vec<Delivery> {
    let alert = |(problem, said): (usize, &Said)| {
        let (status, severity) = match said {
            Said::Firing(severity) => ("firing", severity.to_string()),
            Said::Resolved => ("resolved", Severity::Error.to_string()),
            Said::Nothing => return None,
        };
        Some(json!({
            "status": status, "fingerprint": format!("{problem:016x}"), "startsAt": "2026-11-01T00:00:00Z",
            "endsAt": if *said == Said::Resolved { received_at(webhook).to_string() } else { "0001-01-01T00:00:00Z".to_owned() },
            "labels": { "alertname": format!("Slow{problem}"), "severity": severity, "service": "web", "env": "production" },
            "annotations": { "summary": format!("Writes of {problem} are slow") },
        }))
    };
    let alerts: Vec<Value> = spoken.iter().enumerate().filter_map(alert).collect();
    read(source, webhook, &json!({ "groupKey": "{}:{}", "groupLabels": { "a": "b" }, "alerts": alerts }))
}

/// The deliveries of events in PagerDuty's form. Each is a webhook of its own.
fn of_events(webhook: usize, spoken: Spoken) -> Vec<Delivery> {
    let event = |(problem, said): (usize, &Said)| {
        let (action, severity) = match said {
            Said::Firing(severity) => ("trigger", severity.to_string()),
            Said::Resolved => ("resolve", Severity::Error.to_string()),
            Said::Nothing => return Vec::new(),
        };
        let details = json!({ "service": "web", "environment": "production" });
        let body = json!({
            "routing_key": "R", "event_action": action, "dedup_key": format!("problem-{problem}"),
            "payload": { "summary": format!("Writes of {problem} are slow"), "severity": severity, "custom_details": details },
        });
        read("pagerduty-events", webhook * PROBLEMS + problem, &body)
            .into_iter()
            .map(|delivery| at(delivery, received_at(webhook)))
            .collect()
    };
    spoken.iter().enumerate().flat_map(event).collect()
}

/// The same delivery, received at another time.
fn at(mut delivery: Delivery, received_at: Time) -> Delivery {
    delivery.received_at = received_at;
    if let shared::domain::delivery::Content::Event(event) = &mut delivery.content {
        (event.occurred_at, event.ordered_at) = (received_at, received_at);
    }
    delivery
}

fn deliveries(source: &str, history: &[Spoken]) -> Vec<Delivery> {
    let of = |(webhook, spoken): (usize, &Spoken)| match source {
        "pagerduty-events" => of_events(webhook, *spoken),
        source => of_group(source, webhook, *spoken),
    };
    history.iter().enumerate().flat_map(of).collect()
}

/// An alert of the naive model: whether it was resolved when, and how often its severity was another.
type Outcome = (Option<Time>, u64);

/// What a problem comes to: firing begins an alert, unless it fires; resolved ends it; all else changes nothing.
fn model(history: &[Spoken]) -> Vec<Vec<Outcome>> {
    let of_problem = |problem: usize| {
        let mut alerts: Vec<Outcome> = Vec::new();
        let mut fires: Option<Severity> = None;
        for (webhook, spoken) in history.iter().enumerate() {
            match spoken[problem] {
                Said::Nothing => {}
                Said::Resolved => {
                    if let Some(last) = alerts.last_mut().filter(|_| fires.is_some()) {
                        last.0 = Some(received_at(webhook));
                    }
                    fires = None;
                }
                Said::Firing(severity) => {
                    match alerts.last_mut().filter(|_| fires.is_some()) {
                        None => alerts.push((None, 1)),
                        Some(last) => last.1 += u64::from(fires != Some(severity)),
                    }
                    fires = Some(severity);
                }
            }
        }
        alerts
    };
    (0..PROBLEMS).map(of_problem).collect()
}

/// The alerts by problem, in the order in which they ended.
fn outcomes(alerts: &[Alert]) -> Vec<Vec<Outcome>> {
    let mut by_problem: BTreeMap<usize, Vec<Outcome>> = (0..PROBLEMS).map(|problem| (problem, Vec::new())).collect();
    for alert in alerts {
        let key = alert.dedup_key();
        let problem = key.chars().last().and_then(|last| last.to_digit(10)).expect("a digit") as usize;
        by_problem.entry(problem).or_default().push((alert.state.resolved_at, alert.state.occurrences));
    }
    for alerts in by_problem.values_mut() {
        // The one that fires is the last.
        alerts.sort_unstable_by_key(|(resolved_at, _)| (resolved_at.is_none(), *resolved_at));
    }
    by_problem.into_values().collect()
}

fn facts(alerts: &[Alert]) -> Vec<SourceFacts> {
    // The tags are those of the last report that said something else. They hold the severity.
    let without_tags = |alert: &Alert| {
        let mut facts = source_facts(alert);
        facts.tags = None;
        facts
    };
    let mut facts: Vec<SourceFacts> = alerts.iter().map(without_tags).collect();
    facts.sort_by_key(|facts| (facts.dedup_key.clone(), facts.resolved_at.is_none(), facts.resolved_at));
    facts
}

/// The deliveries as messages of the queue hold them.
fn through_messages(deliveries: &[Delivery]) -> Vec<Delivery> {
    let messages = queue::messages(deliveries).expect("JSON");
    let deliveries = messages.iter().flat_map(|message| match Message::read(message).expect("a message") {
        Message::Delivery(delivery) => vec![*delivery],
        Message::Group(group) => group.deliveries,
        Message::Sweep(_) => panic!("nobody sent a sweep"),
    });
    deliveries.collect()
}

fn check(source: &str, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let again = proptest::collection::vec(any::<Index>(), 0..=2);
    let drawn = (histories(), again, 1_usize..=14, any::<u64>());
    let outcome = TestRunner::new(config).run(&drawn, |(history, again, size, seed)| {
        let in_order = through_messages(&deliveries(source, &history));
        let (alerts, _) = runtime.block_on(rows(&in_order, 1));
        prop_assert_eq!(outcomes(&alerts), model(&history));

        let mut shuffled = in_order.clone();
        if !in_order.is_empty() {
            shuffled.extend(again.iter().map(|index| in_order[index.index(in_order.len())].clone()));
        }
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let (of_shuffled, _) = runtime.block_on(rows(&shuffled, size));
        prop_assert_eq!(outcomes(&of_shuffled), model(&history), "in another order, and some twice");
        prop_assert_eq!(facts(&of_shuffled), facts(&alerts));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_group_of_alertmanager_comes_to_the_same_in_whatever_order_its_parts_arrive() {
    check("alertmanager", 20);
}

#[test]
fn a_group_of_grafana_comes_to_the_same_in_whatever_order_its_parts_arrive() {
    check("grafana", 12);
}

#[test]
fn events_in_pagerdutys_form_come_to_the_same_in_whatever_order_they_arrive() {
    check("pagerduty-events", 12);
}

/// The rows that transactions write, as JSON.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<Value>>>);

impl Written {
    fn hook(&self) -> Hook {
        let written = Arc::clone(&self.0);
        Arc::new(move |operation, body| {
            if operation == "TransactWriteItems" {
                let body: Value = serde_json::from_slice(body).expect("JSON");
                let parts = body["TransactItems"].as_array().expect("parts").iter();
                written.lock().expect("no test panics while it writes").extend(parts.cloned());
            }
            std::future::ready(()).boxed()
        })
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.lock().expect("no test panics while it writes"))
    }
}

/// The size of an attribute (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").
fn size(attribute: &Value) -> usize {
    let Some((kind, value)) = attribute.as_object().and_then(|members| members.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("N", Value::String(digits)) => digits.len() / 2 + 1,
        ("B", Value::String(base64)) => base64.len() * 3 / 4,
        (_, Value::String(text)) => text.len(),
        (_, Value::Array(items)) => 3 + items.iter().map(|item| 1 + size(item)).sum::<usize>(),
        (_, Value::Object(members)) => {
            3 + members.iter().map(|(name, member)| 1 + name.len() + size(member)).sum::<usize>()
        }
        _ => 1,
    }
}

#[tokio::test]
async fn a_repetition_writes_one_small_row_and_nothing_if_the_queue_delivers_it_again() {
    const FIRING: Spoken = [Said::Firing(Severity::Error); PROBLEMS];
    const RESOLVED: Spoken = [Said::Resolved; PROBLEMS];
    let stack = history::stack_with(&[], &[], Sealing::Nothing).await;
    let written = Written::default();
    let aws = hooked(stack.aws(), &written.hook());
    let grouper = GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), &aws), 1).expect("configured");
    for (webhook, spoken, is_repetition) in [
        (0, FIRING, false),
        (1, FIRING, true),
        (2, FIRING, true),
        (3, FIRING, true),
        (12, FIRING, true),
        (13, RESOLVED, false),
        (14, RESOLVED, true),
        (15, FIRING, false),
        (16, FIRING, true),
    ] {
        let deliveries = of_group("alertmanager", webhook, spoken);
        let together: Vec<&Delivery> = deliveries.iter().collect();
        grouper.group_together(&together, history::now(), patient()).await.expect("grouped");
        let rows = written.take();
        if is_repetition {
            assert_eq!(rows.len(), PROBLEMS, "webhook {webhook}: {rows:#?}");
            for row in &rows {
                let claim = row["Put"]["Item"]["claim"]["S"].as_str().unwrap_or_default();
                assert!(claim.starts_with("PROBLEM#"), "webhook {webhook}: {row:#}");
                let bytes = size(&json!({ "M": row["Put"]["Item"] }));
                assert!(bytes < MAX_REPETITION_BYTES, "webhook {webhook}: {bytes} bytes");
            }
        } else {
            assert!(rows.len() > PROBLEMS, "webhook {webhook}");
        }
        grouper.group_together(&together, history::now(), patient()).await.expect("grouped");
        assert_eq!(written.take(), Vec::<Value>::new(), "webhook {webhook}, delivered again");
    }
    stack.stop().await;
}
