//! Logs contain ids and reasons, and nothing that sources or people sent.

use std::{
    fmt::{Debug, Write},
    sync::{Mutex, Once},
};

use serde_json::{Value, json};
use tests::{Api, Sandbox, TestStack, WebhookRequest, random_suffix, sentry::Issue};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::{
    alert_payload::{delete_payload, payload},
    quarantine::{entries_of, get_entry},
};

/// The log lines of all functions of the process.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Capture;

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        LINES.lock().expect("no test panics while it logs").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing_subscriber::registry().with(LevelFilter::INFO).with(Capture).init());
}

fn lines_with(text: &str) -> Vec<String> {
    LINES.lock().expect("no test panics while it logs").iter().filter(|line| line.contains(text)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_contain_ids_and_never_payloads() {
    listen();
    let Some(stack) = TestStack::start(TestStack::options()).await else {
        return;
    };
    let marker = format!("confidential-{}", random_suffix());
    let access = stack.access();
    let sandbox = Sandbox::on(Api::to(access.clone()));
    let api = &sandbox.api;

    let monitor = sandbox.monitor().with("title", marker.as_str()).with("body", marker.as_str());
    let delivery_id = api.deliver(&monitor).await.accepted();
    let alert = sandbox.alerts_when("an alert", |alerts| alerts.len() == 1).await.remove(0);
    let incident_id = alert["incident_id"].as_str().unwrap();
    assert_eq!(alert["title"], marker.as_str());

    let body = json!({ "data": { "nothing": marker }, "action": "created" }).to_string();
    let quarantined = api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined();
    let entry_id = entries_of(api, &[quarantined]).await[0]["id"].as_str().expect("an id").to_owned();
    get_entry(api, &entry_id).await;
    api.deliver(WebhookRequest::sentry(&marker, "{}")).await.ignored();
    api.deliver(WebhookRequest::datadog(format!("{{\"title\": \"{marker}"))).await.quarantined();
    api.deliver(&Issue::of(&sandbox).error(sandbox.time)).await.accepted();
    let forged = WebhookRequest::datadog("{}").header("x-webhook-token", marker.as_str());
    api.post(&forged).await.problem(401);
    api.post(&WebhookRequest::to(&marker, "{}")).await.problem(404);
    api.get_as(&marker, "/incidents").await.refused_by_gateway(403, "Forbidden");
    api.get(&format!("/incidents?service={marker}&color={marker}")).await.problem(400);
    let change = json!({ "status": "INVESTIGATING", "comment": marker });
    api.patch_status(incident_id, &change).await.expect(200);

    for reason in
        ["the signature or token of the webhook is wrong", "there is no such source", "the token is not known"]
    {
        let lines = lines_with(reason);
        assert!(lines.iter().any(|line| line.contains("source_address=127.0.0.1 refused=1")), "{reason}: {lines:#?}");
    }
    let alert_id = alert["id"].as_str().unwrap();
    payload(api, alert_id).await.expect(200);
    delete_payload(api, alert_id).await.expect(204);
    let who = "actor=\"local-responder\" source_address=127.0.0.1";
    for (id, line) in [(alert_id, "payload read"), (alert_id, "payload deleted"), (&entry_id, "quarantine entry read")]
    {
        let found = lines_with(id);
        assert!(found.iter().any(|found| found.contains(line) && found.contains(who)), "no {line:?} in {found:#?}");
    }
    assert!(lines_with("quarantine listed").iter().any(|line| line.contains(who)));

    let of_delivery = lines_with(&delivery_id);
    assert!(of_delivery.iter().any(|line| line.contains("webhook accepted")), "{of_delivery:#?}");
    assert!(of_delivery.iter().any(|line| line.contains(incident_id) && line.contains("opened")), "{of_delivery:#?}");
    assert!(lines_with(incident_id).iter().any(|line| line.contains("INVESTIGATING")));
    let metrics = lines_with("CloudWatchMetrics");
    for metric in ["Accepted", "Ignored", "Quarantined", "RefusedNotAuthentic", "RefusedToken", "Opened", "Grouped"] {
        assert!(metrics.iter().any(|line| line.contains(&format!("\"{metric}\":1"))), "no {metric} in {metrics:#?}");
    }
    let line = metrics[0].split_once("line=").unwrap().1;
    assert!(serde_json::from_str::<Value>(line).unwrap()["_aws"]["Timestamp"].is_u64(), "{line}");

    for confidential in [&marker, &access.datadog_secret, &access.viewer_token] {
        let leaked: Vec<String> = lines_with(confidential);
        // The local gateway logs paths. A deployed one does not.
        let leaked: Vec<&String> = leaked.iter().filter(|line| !line.starts_with("local::gateway")).collect();
        assert!(leaked.is_empty(), "{leaked:#?}");
    }
    stack.stop().await;
}
