//! The limit of a source holds for all processes together, delays no webhook for long, and loses nothing.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use shared::{
    clock,
    deadline::Deadline,
    domain::time::Time,
    service::{
        limit_events::OverLimit,
        receive_webhook::{Receipt, ReceiveWebhook, Refusal},
    },
    sources::{self, Headers, limits::ResendKind},
};
use tests::{
    Access, TestStack,
    faults::{Fault, FaultInjector, FaultRates, Outage},
};
use tokio::time::Instant;

/// Sentry waits for a second, with the network in between.
const LONGEST: Duration = Duration::from_millis(900);

/// Two processes of the function, on a stack whose sources have limits.
struct Processes {
    stack: TestStack,
    faults: Arc<FaultInjector>,
    processes: Vec<ReceiveWebhook>,
    /// The beginning of a minute.
    started_at: Time,
}

impl Processes {
    /// `None` if the tests run against a deployed stack.
    async fn start(limits: &str) -> Option<Self> {
        let parameters = [("SourceLimits".to_owned(), limits.to_owned())].into();
        let stack = TestStack::start(local::Options { parameters, ..TestStack::options() }).await?;
        let faults = FaultInjector::seeded(6, FaultRates::none());
        let now = clock::now();
        let started_at = now.plus_millis(-now.as_millis().rem_euclid(60_000));
        let environment = stack.local().environment("ReceiveWebhook");
        let mut processes = Vec::new();
        for _ in 0..2 {
            let aws = faults.connection().wrap(stack.local().aws().clone());
            processes.push(ReceiveWebhook::start(environment, &aws, started_at).await.expect("the function starts"));
        }
        Some(Self { stack, faults, processes, started_at })
    }

    /// Receives a webhook so many seconds after the start of the minute, by one of the processes.
    async fn receive(&self, process: usize, webhook: &Webhook, seconds: i64) -> Result<Receipt, Refusal> {
        let source = sources::find(webhook.source).expect("a source");
        let headers: Headers = webhook.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (body, now) = (webhook.body.to_string(), self.started_at.plus_millis(seconds * 1000));
        let deadline = Deadline::after(Duration::from_secs(9));
        self.processes[process].receive(source, &headers, body.as_bytes(), None, now, deadline).await
    }

    fn break_down(&self, fault: Fault, operations: &'static [&'static str]) {
        self.faults.set_outage(Some(Outage { fault, operations: Some(operations) }));
    }

    async fn stop(self) {
        self.stack.stop().await;
    }
}

struct Webhook {
    source: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

fn event(number: usize) -> Webhook {
    let body = json!({
        "routing_key": Access::secret_of("pagerduty-events"), "event_action": "trigger",
        "dedup_key": format!("problem-{number}"), "payload": { "summary": "It is slow" },
    });
    Webhook { source: "pagerduty-events", headers: Vec::new(), body }
}

fn group(alerts: usize) -> Webhook {
    let alert = |number: usize| json!({ "status": "firing", "labels": { "alertname": format!("Slow{number}") } });
    Webhook {
        source: "alertmanager",
        headers: vec![("authorization", format!("Bearer {}", Access::secret_of("alertmanager")))],
        body: json!({ "groupLabels": {}, "alerts": (0..alerts).map(alert).collect::<Vec<_>>() }),
    }
}

fn notification(stack: &TestStack) -> Webhook {
    let headers = vec![("x-webhook-token", stack.access().datadog_secret)];
    Webhook { source: "datadog", headers, body: json!({ "title": "Disk is full" }) }
}

fn over(received: &Result<Receipt, Refusal>) -> Option<OverLimit> {
    match received {
        Err(Refusal::OverLimit(refused)) => Some(*refused),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_processes_together_accept_as_many_events_a_minute_as_the_limit() {
    let Some(function) = Processes::start("pagerduty-events=10").await else { return };
    for minute in [0, 1] {
        let events: Vec<Webhook> = (0..30).map(event).collect();
        let received =
            events.iter().enumerate().map(|(number, event)| function.receive(number % 2, event, minute * 60 + 17));
        let refused: Vec<OverLimit> = join_all(received).await.iter().filter_map(over).collect();
        assert_eq!(refused.len(), 20, "minute {minute}");
        let expected = OverLimit { resend: ResendKind::WhenLimited, wait_seconds: 43 };
        assert!(refused.iter().all(|refused| *refused == expected), "{refused:?}");
    }
    function.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_counts_each_of_its_events_and_is_not_refused_for_its_size() {
    let Some(function) = Processes::start("alertmanager=100").await else { return };
    assert_eq!(over(&function.receive(0, &group(60), 0).await), None);
    assert_eq!(over(&function.receive(1, &group(60), 1).await), None, "the minute is not full yet");
    let refused = OverLimit { resend: ResendKind::WhenUnavailable, wait_seconds: 58 };
    assert_eq!(over(&function.receive(0, &group(1), 2).await), Some(refused));
    assert_eq!(over(&function.receive(0, &group(500), 60).await), None);
    assert!(over(&function.receive(1, &group(1), 119).await).is_some());
    assert_eq!(over(&function.receive(1, &group(1), 120).await), None);
    // What is ignored does not count.
    let watchdog = json!({ "alerts": [{ "status": "firing", "labels": { "alertname": "Watchdog" } }] });
    assert_eq!(over(&function.receive(0, &Webhook { body: watchdog, ..group(1) }, 119).await), None);
    function.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_would_not_send_again_is_never_refused() {
    let Some(function) = Processes::start("datadog=1").await else { return };
    let notification = notification(&function.stack);
    for process in [0, 1, 0, 1] {
        assert!(matches!(function.receive(process, &notification, 5).await, Ok(Receipt::Accepted { .. })));
    }
    // Other sources have no limit.
    for number in 0..5 {
        assert_eq!(over(&function.receive(0, &event(number), 5).await), None);
    }
    function.stop().await;
}

#[rstest]
#[tokio::test]
async fn events_that_cannot_be_counted_are_accepted_in_time(
    #[values(Fault::Hung, Fault::AnswerHung, Fault::Throttled, Fault::Unsent, Fault::InternalError, Fault::Denied)]
    fault: Fault,
) {
    let Some(function) = Processes::start("pagerduty-events=1").await else { return };
    tokio::time::pause();
    function.break_down(fault, &["UpdateItem"]);
    for number in 0..3 {
        let start = Instant::now();
        let received = function.receive(number % 2, &event(number), 5).await;
        assert!(matches!(received, Ok(Receipt::Accepted { .. })), "{received:?}");
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    }
    function.break_down(fault, &["UpdateItem", "SendMessage"]);
    let start = Instant::now();
    let received = function.receive(0, &event(9), 5).await;
    assert!(matches!(received, Err(Refusal::Queue(_))), "{received:?}");
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    tokio::time::resume();
    function.stop().await;
}
