//! Messages that `group-alerts` cannot process: they go to the quarantine whole, do not stop other
//! messages, and can be redriven.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use serde_json::{Value, json};
use shared::{
    domain::{delivery::Content, time::Time},
    service::{
        quarantine_dead_letter::QuarantineDeadLetter,
        read_webhook::{self, Received, Webhook},
    },
    sources,
    store::Tables,
};
use tests::{
    Api, Sandbox, TestStack, WAIT_TIMEOUT, WebhookRequest, assert_members, eventually, patient, random_digits,
    sentry::Issue,
};

use crate::{
    failing_transactions::with_failing_transactions,
    quarantine::{actions_of, delete, get_entry, redrive},
};

/// A message fails five times before it is a dead letter. Each attempt takes a second.
const DEAD_LETTER_TIMEOUT: Duration = WAIT_TIMEOUT.saturating_mul(2);

fn options() -> local::Options {
    local::Options { visibility_timeout: Some(Duration::from_secs(1)), ..TestStack::options() }
}

/// Options of a stack whose worker fails while the flag is set.
pub fn failing_worker() -> (local::Options, Arc<AtomicBool>) {
    let (options, broken) = with_failing_transactions(options(), |body| body.contains("\"AlertsTable\""));
    broken.store(true, Ordering::SeqCst);
    (options, broken)
}

/// Waits until the quarantine has one entry that matches a filter, and returns it.
pub async fn only_entry(api: &Api, filter: &str) -> Value {
    eventually(DEAD_LETTER_TIMEOUT, async || {
        let mut page = api.quarantine(filter).await;
        match page.total {
            1 => Ok(page.items.remove(0)),
            total => Err(format!("{total} entries")),
        }
    })
    .await
}

/// Waits until an entry is in a state, and returns it.
pub async fn entry_when(api: &Api, id: &str, state: &str) -> Value {
    eventually(DEAD_LETTER_TIMEOUT, async || {
        let entry = get_entry(api, id).await;
        if entry["state"] == state { Ok(entry) } else { Err(format!("not {state}: {entry:#}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_five_times_becomes_a_dead_letter_and_the_others_are_grouped() {
    let Some(stack) = TestStack::start(options()).await else { return };
    let sqs = stack.local().aws().sqs();
    let sandbox = Sandbox::on(Api::to(stack.access()));

    let poison = format!("{{\"nobody\":\"reads this {}", random_digits(12));
    let monitors: Vec<_> = (0..12).map(|_| sandbox.monitor()).collect();
    let poisoning = sqs.send_message().queue_url(stack.resource("AlertsQueue")).message_body(&poison).send();
    let (poisoned, ..) = futures::join!(poisoning, join_all(monitors.iter().map(|monitor| sandbox.send(monitor))));
    poisoned.expect("the queue takes the message");

    sandbox.alerts_when("12 alerts", |alerts| alerts.len() == 12).await;
    let entry = only_entry(&sandbox.api, "kind=dead_letter").await;
    let expected = json!({
        "source": null,
        "delivery_id": null,
        "received_at": null,
        "state": "pending",
        "body": poison,
        "body_bytes": poison.len(),
        "truncated": false,
    });
    assert_members(&entry, &expected);
    let id = entry["id"].as_str().unwrap();
    assert!(entry["reason"].as_str().unwrap().contains("not a delivery"), "{entry:#}");
    redrive(&sandbox.api, id).await.problem(422);
    delete(&sandbox.api, id).await.expect(204);
    assert_eq!(actions_of(&get_entry(&sandbox.api, id).await), [("deleted", "local-responder")]);

    let alerts = sandbox.deliver(&sandbox.monitor()).await;
    assert!(alerts.iter().all(|alert| alert["occurrences"] == 1), "the other messages were grouped once");
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 13);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_fails_returns_to_its_entry_and_one_that_succeeds_counts_once() {
    let (options, broken) = failing_worker();
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let api = &sandbox.api;

    let monitor = sandbox.monitor();
    let delivery_id = sandbox.send(&monitor).await;
    let entry = only_entry(api, "").await;
    let id = entry["id"].as_str().unwrap();
    assert_members(&entry, &json!({ "kind": "dead_letter", "source": "datadog", "delivery_id": delivery_id }));
    assert!(entry["reason"].as_str().unwrap().contains("broken by a test"), "the reason is the real one: {entry:#}");
    let body = get_entry(api, id).await["body"].clone();
    assert_eq!(serde_json::from_str::<Value>(body.as_str().unwrap()).unwrap(), monitor.body());

    let answer = redrive(api, id).await.expect(202);
    assert_members(&answer.json(), &json!({ "id": id, "state": "redriving" }));
    assert_eq!(api.quarantine("").await.total, 1, "an entry that is being redriven stays in the list");
    let returned = entry_when(api, id, "pending").await;
    let system = "incident-review";
    let once = [("redrive_requested", "local-responder"), ("redrive_failed", system)];
    assert_eq!(actions_of(&returned), once);
    assert_eq!(api.quarantine("").await.total, 1, "it is the same entry");

    broken.store(false, Ordering::SeqCst);
    let redrives = join_all((0..8).map(|_| redrive(api, id))).await;
    for answer in &redrives {
        assert!([202, 409].contains(&answer.status), "{}", answer.text());
    }
    let whole = entry_when(api, id, "redriven").await;
    assert_eq!(actions_of(&whole).last(), Some(&("redriven", system)));
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!((alerts.len(), &alerts[0]["occurrences"]), (1, &json!(1)));
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 1);
    sandbox.deliver_without_effect(&monitor).await;
    assert_eq!(redrive(api, id).await.problem(409).member("state"), "redriven");
    assert_eq!(delete(api, id).await.problem(409).member("state"), "redriven");
    assert_eq!(api.quarantine("").await.total, 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_after_the_source_sent_the_webhook_again_counts_nothing_twice() {
    let (options, broken) = failing_worker();
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let monitor = sandbox.monitor();
    sandbox.send(&monitor).await;
    let entry = only_entry(&sandbox.api, "").await;
    broken.store(false, Ordering::SeqCst);
    let alerts = sandbox.deliver(&monitor).await;

    let id = entry["id"].as_str().unwrap();
    redrive(&sandbox.api, id).await.expect(202);
    entry_when(&sandbox.api, id, "redriven").await;
    assert_eq!(sandbox.alerts().await, alerts);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_an_older_version_could_not_read_is_redriven_once() {
    let Some(stack) = TestStack::start(options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let webhook = Issue::of(&sandbox).event_alert(sandbox.time);
    let sent = WebhookRequest::from(&webhook);

    let headers = [("sentry-hook-resource", "event_alert")].into_iter().collect();
    let source = sources::find("sentry").unwrap();
    let (body, received_at) = (sent.body.as_slice(), shared::clock::now());
    let received = Received { source, headers: &headers, body, received_at, receipt: "1" };
    let Webhook::Delivery(read) = read_webhook::read(received) else {
        panic!("not a delivery");
    };
    let mut unread = *read;
    unread.content = Content::Unreadable("nobody knows this member".to_owned());
    unread.delivery_id = sources::unreadable_delivery_id("sentry", &sent.body);
    unread.headers = [("sentry-hook-resource".to_owned(), "event_alert".to_owned())].into();
    let message = serde_json::to_string(&unread).unwrap();
    let sqs = stack.local().aws().sqs();
    sqs.send_message().queue_url(stack.resource("AlertsQueue")).message_body(message).send().await.unwrap();

    let entry = only_entry(&sandbox.api, "kind=unreadable").await;
    let id = entry["id"].as_str().unwrap();
    assert_eq!(entry["reason"], "nobody knows this member");
    join_all((0..4).map(|_| redrive(&sandbox.api, id))).await;
    entry_when(&sandbox.api, id, "redriven").await;
    let alerts = sandbox.alerts_when("an alert", |alerts| alerts.len() == 1).await;
    assert_eq!(alerts[0]["occurrences"], 1);
    sandbox.deliver_without_effect(&webhook).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_received_twice_makes_one_entry() {
    let Some(stack) = TestStack::start(options()).await else { return };
    let environment = stack.local().environment("QuarantineDeadLetters");
    let mover = QuarantineDeadLetter::new(&Tables::new(environment, stack.local().aws()), 1).unwrap();
    let now: Time = shared::clock::now();
    let entries = join_all((0..6).map(|_| mover.put("one-message", "no delivery", now, patient()))).await;
    assert_eq!(entries.into_iter().flat_map(|entries| entries.expect("the tables are there")).count(), 1);
    assert_eq!(mover.put("one-message", "no delivery", now, patient()).await.unwrap(), []);
    only_entry(&Api::to(stack.access()), "kind=dead_letter").await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_moves_waiting_dead_letters_to_the_quarantine() {
    let directory = tempfile::tempdir().unwrap();
    let options = || local::Options { data: Some(directory.path().to_owned()), ..options() };
    let Some(stack) = TestStack::start(options()).await else { return };
    let sqs = stack.local().aws().sqs();
    let dead_letters = stack.resource("AlertsDeadLetterQueue");
    for number in 0..30 {
        let body = format!("dead {number}");
        sqs.send_message().queue_url(dead_letters).message_body(body).send().await.unwrap();
    }
    stack.stop().await;
    let stack = TestStack::start(options()).await.unwrap();
    assert_eq!(Api::to(stack.access()).quarantine("").await.total, 30);
    stack.stop().await;
}
