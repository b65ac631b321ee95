//! What the grouping worker cannot do goes to the quarantine, whole, harms nobody else, and can be redriven.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use futures::future::join_all;
use http::HeaderMap;
use local::Wire;
use serde_json::{Value, json};
use shared::{
    aws::AwsService,
    domain::{delivery::Content, time::Time},
    service::{
        quarantine_dead_letter::QuarantineDeadLetter,
        receive_webhook::{self, Webhook},
    },
    sources,
    store::Tables,
};
use tests::{Api, DEADLINE, Delivery, OwnStack, Scene, assert_members, digits, eventually, sentry::Issue};

use crate::quarantine::{delete, kinds, redrive, whole};

/// A message that fails five times, one second each.
const DYING: Duration = DEADLINE.saturating_mul(2);

/// Refuses every transaction that writes an alert, while it is broken.
#[derive(Debug)]
struct Breakable {
    connector: SharedHttpConnector,
    broken: Arc<AtomicBool>,
}

impl HttpConnector for Breakable {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_transaction =
            request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".TransactWriteItems"));
        let body = request.body().bytes().unwrap_or_default();
        let is_of_alerts = body.windows(13).any(|part| part == b"\"AlertsTable\"");
        if is_transaction && is_of_alerts && self.broken.load(Ordering::SeqCst) {
            let error =
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"broken by a test"}"#;
            let mut answer = HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(error));
            answer.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            return HttpConnectorFuture::ready(Ok(answer));
        }
        self.connector.call(request)
    }
}

fn options() -> local::Options {
    local::Options { visibility_timeout: Some(Duration::from_secs(1)), ..OwnStack::options() }
}

/// Options of a stack whose worker is broken while the flag is set.
pub fn breakable() -> (local::Options, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&broken);
    let wire = Wire(Arc::new(move |aws| {
        aws.map(|service, config| {
            let (AwsService::DynamoDb, Some(inner)) = (service, config.http_client()) else { return config };
            let broken = Arc::clone(&flag);
            let client = http_client_fn(move |settings, components| {
                let connector = inner.http_connector(settings, components);
                SharedHttpConnector::new(Breakable { connector, broken: Arc::clone(&broken) })
            });
            config.to_builder().http_client(client).build()
        })
    }));
    (local::Options { wire: Some(wire), ..options() }, broken)
}

/// The one entry of a list, as soon as it is there.
pub async fn the_entry(api: &Api, filter: &str) -> Value {
    eventually(DYING, async || {
        let mut page = api.quarantine(filter).await;
        match page.total {
            1 => Ok(page.items.remove(0)),
            total => Err(format!("{total} entries")),
        }
    })
    .await
}

/// An entry, as soon as it is in a state.
pub async fn entry_when(api: &Api, id: &str, state: &str) -> Value {
    eventually(DYING, async || {
        let entry = whole(api, id).await;
        if entry["state"] == state { Ok(entry) } else { Err(format!("not {state}: {entry:#}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_five_times_becomes_a_dead_letter_and_its_neighbours_are_grouped() {
    let name = "a_message_that_fails_five_times_becomes_a_dead_letter_and_its_neighbours_are_grouped";
    let Some(stack) = OwnStack::start(name, options()).await else { return };
    let sqs = stack.inside().aws().sqs();
    let scene = Scene::on(Api::to(stack.access()));

    let poison = format!("{{\"nobody\":\"reads this {}", digits(12));
    let monitors: Vec<_> = (0..12).map(|_| scene.monitor()).collect();
    let poisoning = sqs.send_message().queue_url(stack.resource("AlertsQueue")).message_body(&poison).send();
    let (poisoned, ..) = futures::join!(poisoning, join_all(monitors.iter().map(|monitor| scene.send(monitor))));
    poisoned.expect("the queue takes the message");

    scene.alerts_when("12 alerts", |alerts| alerts.len() == 12).await;
    let entry = the_entry(&scene.api, "kind=dead_letter").await;
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
    redrive(&scene.api, id).await.problem(422);
    delete(&scene.api, id).await.expect(204);
    assert_eq!(kinds(&whole(&scene.api, id).await), [("deleted", "local-responder")]);

    let alerts = scene.deliver(&scene.monitor()).await;
    assert!(alerts.iter().all(|alert| alert["occurrences"] == 1), "the neighbours were grouped once");
    assert_eq!(scene.incidents().await[0]["alert_count"], 13);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_redriven_once_and_comes_back_to_its_entry_while_it_fails() {
    let name = "a_dead_letter_is_redriven_once_and_comes_back_to_its_entry_while_it_fails";
    let (options, broken) = breakable();
    let Some(stack) = OwnStack::start(name, options).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    let api = &scene.api;

    let monitor = scene.monitor();
    let delivery_id = scene.send(&monitor).await;
    let entry = the_entry(api, "").await;
    let id = entry["id"].as_str().unwrap();
    assert_members(&entry, &json!({ "kind": "dead_letter", "source": "datadog", "delivery_id": delivery_id }));
    assert!(entry["reason"].as_str().unwrap().contains("broken by a test"), "the reason is the real one: {entry:#}");
    let body = whole(api, id).await["body"].clone();
    assert_eq!(serde_json::from_str::<Value>(body.as_str().unwrap()).unwrap(), monitor.body());

    let answer = redrive(api, id).await.expect(202);
    assert_members(&answer.json(), &json!({ "id": id, "state": "redriving" }));
    assert_eq!(api.quarantine("").await.total, 1, "what is redriving still needs work");
    let returned = entry_when(api, id, "pending").await;
    let system = "incident-review";
    let once = [("redrive_requested", "local-responder"), ("redrive_failed", system)];
    assert_eq!(kinds(&returned), once);
    assert_eq!(api.quarantine("").await.total, 1, "it is the same entry");

    broken.store(false, Ordering::SeqCst);
    let redrives = join_all((0..8).map(|_| redrive(api, id))).await;
    for answer in &redrives {
        assert!([202, 409].contains(&answer.status), "{}", answer.text());
    }
    let whole = entry_when(api, id, "redriven").await;
    assert_eq!(kinds(&whole).last(), Some(&("redriven", system)));
    scene.fence().await;
    let alerts = scene.alerts().await;
    assert_eq!((alerts.len(), &alerts[0]["occurrences"]), (1, &json!(1)));
    assert_eq!(scene.incidents().await[0]["alert_count"], 1);
    scene.deliver_in_vain(&monitor).await;
    assert_eq!(redrive(api, id).await.problem(409).member("state"), "redriven");
    assert_eq!(delete(api, id).await.problem(409).member("state"), "redriven");
    assert_eq!(api.quarantine("").await.total, 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_of_what_the_source_sent_again_meanwhile_counts_nothing_twice() {
    let name = "a_redrive_of_what_the_source_sent_again_meanwhile_counts_nothing_twice";
    let (options, broken) = breakable();
    let Some(stack) = OwnStack::start(name, options).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    let monitor = scene.monitor();
    scene.send(&monitor).await;
    let entry = the_entry(&scene.api, "").await;
    broken.store(false, Ordering::SeqCst);
    let alerts = scene.deliver(&monitor).await;

    let id = entry["id"].as_str().unwrap();
    redrive(&scene.api, id).await.expect(202);
    entry_when(&scene.api, id, "redriven").await;
    assert_eq!(scene.alerts().await, alerts);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_version_could_not_read_is_redriven_once_by_one_that_can() {
    let name = "what_an_older_version_could_not_read_is_redriven_once_by_one_that_can";
    let Some(stack) = OwnStack::start(name, options()).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    let hook = Issue::of(&scene).event_alert(scene.time);
    let sent = Delivery::from(&hook);

    let headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("sentry-hook-resource"),
        http::HeaderValue::from_static("event_alert"),
    )]);
    let source = sources::find("sentry").unwrap();
    let Ok(Webhook::Delivery(read)) = receive_webhook::read(source, &headers, &sent.body, shared::clock::now()) else {
        panic!("not a delivery");
    };
    let mut unread = *read;
    unread.content = Content::Unreadable("nobody knows this member".to_owned());
    unread.delivery_id = sources::unreadable_delivery_id("sentry", &sent.body);
    unread.headers = [("sentry-hook-resource".to_owned(), "event_alert".to_owned())].into();
    let message = serde_json::to_string(&unread).unwrap();
    let sqs = stack.inside().aws().sqs();
    sqs.send_message().queue_url(stack.resource("AlertsQueue")).message_body(message).send().await.unwrap();

    let entry = the_entry(&scene.api, "kind=unreadable").await;
    let id = entry["id"].as_str().unwrap();
    assert_eq!(entry["reason"], "nobody knows this member");
    join_all((0..4).map(|_| redrive(&scene.api, id))).await;
    entry_when(&scene.api, id, "redriven").await;
    let alerts = scene.alerts_when("an alert", |alerts| alerts.len() == 1).await;
    assert_eq!(alerts[0]["occurrences"], 1);
    scene.deliver_in_vain(&hook).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_comes_twice_is_one_entry() {
    let Some(stack) = OwnStack::start("a_dead_letter_that_comes_twice_is_one_entry", options()).await else { return };
    let environment = stack.inside().environment("QuarantineDeadLetters");
    let mover = QuarantineDeadLetter::new(&Tables::new(environment, stack.inside().aws()), 1).unwrap();
    let now: Time = shared::clock::now();
    let kept = join_all((0..6).map(|_| mover.put("one-message", "no delivery", now))).await;
    assert_eq!(kept.into_iter().filter_map(|entry| entry.expect("the tables are there")).count(), 1);
    assert_eq!(mover.put("one-message", "no delivery", now).await.unwrap(), None);
    the_entry(&Api::to(stack.access()), "kind=dead_letter").await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_takes_dead_letters_along() {
    let directory = tempfile::tempdir().unwrap();
    let options = || local::Options { data: Some(directory.path().to_owned()), ..options() };
    let Some(stack) = OwnStack::start("a_stop_takes_dead_letters_along", options()).await else { return };
    let sqs = stack.inside().aws().sqs();
    let dead_letters = stack.resource("AlertsDeadLetterQueue");
    for number in 0..30 {
        let body = format!("dead {number}");
        sqs.send_message().queue_url(dead_letters).message_body(body).send().await.unwrap();
    }
    stack.stop().await;
    let stack = OwnStack::start("a_stop_takes_dead_letters_along", options()).await.unwrap();
    assert_eq!(Api::to(stack.access()).quarantine("").await.total, 30);
    stack.stop().await;
}
