//! Each function may do what it needs, and nothing else.
//!
//! The local stack enforces the policy of each function on each request of the whole suite. So a
//! missing permission fails some test. This test does everything that functions do, and finds
//! permissions that none of them used.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::{
    clock,
    domain::{delivery::Delivery, time::Time},
    service::read_webhook::{self, Received, Webhook},
    sources::{self, Headers},
};
use tests::{Api, Sandbox, TestStack, WebhookRequest, console::Browser, datadog::Notification};

use crate::{
    alert_payload::{delete_payload, payload},
    alert_status::{incident_with_many_alerts, interrupted_resolution, resolve, with_failing_sweeps},
    comments,
    console_quarantine::visit_quarantine,
    dead_letters::{entry_when, failing_worker, only_entry},
    merges,
    quarantine::{delete, entries_of, get_entry, redrive},
    redrive::redrive_many,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_granted_permission_is_used() {
    let (options, broken) = failing_worker();
    let (options, sweeps) = with_failing_sweeps(options);
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    dead_letters(&sandbox).await;
    given_up(&stack, &sandbox).await;
    broken.store(false, Ordering::SeqCst);
    redriven(&sandbox).await;
    deliveries(&sandbox).await;
    let alarm = json!({ "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {} });
    stack.local().invoke("ReceiveAlarm", &alarm).await.expect("the function answers");
    let other = sandbox.in_another_environment();
    let alert = other.deliver(&other.monitor()).await.remove(0);
    resolve(&other.api, alert["id"].as_str().expect("an id")).await.expect(200);
    let other = sandbox.in_another_environment();
    interrupted_resolution(&other, &sweeps).await;
    regrouped(&sandbox).await;
    merges::interrupted_merge(&sandbox, &sweeps).await;
    payloads(&sandbox).await;
    lists(&sandbox).await;
    lost_segments(&stack, &sandbox).await;
    console(&stack, &sandbox, &sweeps).await;
    quarantine(&sandbox.api).await;
    visit_quarantine(&sandbox.api).await;
    let unused: Vec<String> =
        stack.local().unused_permissions().map(|(function, permission)| format!("{function}: {permission}")).collect();
    assert!(unused.is_empty(), "template.yaml grants what is never used: {unused:#?}");
    stack.stop().await;
}

/// While the worker fails, a delivery becomes a dead letter, also after its redrive.
async fn dead_letters(sandbox: &Sandbox) {
    sandbox.send(&sandbox.monitor()).await;
    let entry = only_entry(&sandbox.api, "").await;
    let id = entry["id"].as_str().expect("an id");
    redrive(&sandbox.api, id).await.expect(202);
    entry_when(&sandbox.api, id, "pending").await;
}

/// The queue gives up a delivery, and a redrive.
async fn given_up(stack: &TestStack, sandbox: &Sandbox) {
    let before = only_entry(&sandbox.api, "").await;
    let letter = |delivery: &Delivery| {
        let sqs = stack.local().aws().sqs();
        let message = serde_json::to_string(delivery).expect("JSON");
        sqs.send_message().queue_url(stack.resource("AlertsDeadLetterQueue")).message_body(message).send()
    };
    let id = before["id"].as_str().expect("an id");
    let first = delivery(&sandbox.monitor(), clock::now());
    letter(&first).await.expect("sent");
    let given_up = entries_of(&sandbox.api, &[first.delivery_id.to_string()]).await.remove(0);
    delete(&sandbox.api, given_up["id"].as_str().expect("an id")).await.expect(204);
    redrive(&sandbox.api, id).await.expect(202);
    letter(&Delivery { redrive_of: Some(id.parse().expect("an id")), ..first }).await.expect("sent");
    entry_when(&sandbox.api, id, "pending").await;
}

async fn redriven(sandbox: &Sandbox) {
    let entry = only_entry(&sandbox.api, "").await;
    let id = entry["id"].as_str().expect("an id");
    assert_eq!(redrive_many(&sandbox.api, "kind=dead_letter").await.expect(202).json()["redriven"], 1);
    entry_when(&sandbox.api, id, "redriven").await;
}

/// Deliveries of each effect.
async fn deliveries(sandbox: &Sandbox) {
    let monitor = sandbox.monitor();
    let incident = sandbox.open_incident().await;
    sandbox.deliver(&monitor).await;
    // The same again: whoever groups it looks whether the payload was kept.
    sandbox.send(&monitor).await;
    sandbox.deliver(&monitor.again().at(sandbox.minute(3))).await;
    sandbox.deliver(&monitor.again().at(sandbox.minute(-3))).await;
    // A little too early for the open incident of its service, so it opens another one.
    sandbox.deliver(&sandbox.monitor().at(sandbox.minute(-8))).await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    comments::send(&sandbox.api, &incident, "Rolling back.", Some("1")).await.expect(201);
    sandbox.api.assign(&incident, Some("alice")).await.expect(200);
    sandbox.api.detail(&incident).await;
    sandbox.api.get(&format!("/incidents/{incident}/report.md")).await.expect(200);
}

/// Incidents that are merged and split.
async fn regrouped(sandbox: &Sandbox) {
    let (one, two) = (sandbox.in_another_environment(), sandbox.in_another_environment());
    let (into, other) = (one.open_incident().await, two.open_incident().await);
    merges::merge(&one.api, &into, &[&other]).await.expect(200);
    one.api.get(&format!("/incidents/{into}/similar")).await.expect(200);
    let moved = two.alerts().await[0]["id"].as_str().expect("an id").to_owned();
    merges::split(&one.api, &into, &[&moved], None).await.expect(200);
}

/// The payload of an alert.
async fn payloads(sandbox: &Sandbox) {
    let alert = sandbox.alerts().await.remove(0);
    let id = alert["id"].as_str().expect("an id");
    sandbox.api.get(&format!("/alerts/{id}")).await.expect(200);
    payload(&sandbox.api, id).await.expect(200);
    delete_payload(&sandbox.api, id).await.expect(204);
}

/// Whoever reads or seals first makes what is lost again.
async fn lost_segments(stack: &TestStack, sandbox: &Sandbox) {
    let incident = sandbox.api.page("/incidents?limit=1").await.items.remove(0);
    let similar = format!("/incidents/{}/similar", incident["id"].as_str().expect("an id"));
    let root = AttributeValue::S("ROOT".to_owned());
    for path in ["/incidents", "/alerts", "/stats/incidents", "/stats/alerts", &similar, ""] {
        let delete = stack.local().aws().dynamodb().delete_item().table_name(stack.resource("SegmentsTable"));
        delete.key("part_of", root.clone()).key("part", root.clone()).send().await.expect("deleted");
        match path {
            "" => stack.local().run_schedules().await,
            path => drop(sandbox.api.get(path).await.expect(200)),
        }
    }
}

/// What a person does with the console.
async fn console(stack: &TestStack, sandbox: &Sandbox, sweeps: &AtomicBool) {
    let access = stack.access();
    let mut browser = Browser::signed_in(&access, &access.responder_token).await;
    let many = sandbox.in_another_environment();
    let incident = incident_with_many_alerts(&many).await;
    let alert = many.alerts().await[0]["id"].as_str().expect("an id").to_owned();
    let page = format!("/console/incidents/{incident}");
    for page in ["/console/incidents", "/console/alerts", &page, &format!("/console/alerts/{alert}/payload")] {
        assert_eq!(browser.get(page).await.status, 200, "{page}");
    }
    let resolve = format!("/console/alerts/{alert}/resolve");
    assert_eq!(browser.submit(&page, &resolve, &[]).await.status, 303);
    for status in ["INVESTIGATING", "RESOLVED"] {
        let version = browser.get(&page).await.field("version");
        sweeps.store(status == "RESOLVED", Ordering::SeqCst);
        let fields = [("status", status), ("version", version.as_str())];
        assert_eq!(browser.submit(&page, &format!("{page}/status"), &fields).await.status, 303, "{status}");
    }
    sweeps.store(false, Ordering::SeqCst);
    let root = AttributeValue::S("ROOT".to_owned());
    let delete = stack.local().aws().dynamodb().delete_item().table_name(stack.resource("SegmentsTable"));
    delete.key("part_of", root.clone()).key("part", root).send().await.expect("deleted");
    assert_eq!(browser.get("/console/incidents").await.status, 200);
    assert_eq!(browser.get("/console/alerts").await.status, 200);
}

/// The delivery of a notification that we received at a time.
fn delivery(notification: &Notification, received_at: Time) -> Delivery {
    let sent = WebhookRequest::from(notification);
    let datadog = sources::find("datadog").expect("a source");
    let (headers, body) = (Headers::default(), sent.body.as_slice());
    match read_webhook::read(Received { source: datadog, headers: &headers, body, received_at, receipt: "1" }) {
        Webhook::Delivery(read) => *read,
        other => panic!("not a delivery: {other:?}"),
    }
}

async fn lists(sandbox: &Sandbox) {
    for query in
        ["", "?status=OPEN", "?team=a", "?sort=updated_at", "?service=a", "?facets=status,severity,team,service,source"]
    {
        sandbox.api.page(&format!("/incidents{query}")).await;
    }
    let incident = sandbox.incidents().await;
    let of_incident =
        incident.first().map(|incident| format!("?incident_id={}", incident["id"].as_str().expect("an id")));
    for query in ["", "?service=a", "?severity=critical"] {
        sandbox.api.page(&format!("/alerts{query}")).await;
    }
    for statistics in ["incidents", "alerts"] {
        sandbox.api.get(&format!("/stats/{statistics}")).await.expect(200);
    }
    if let Some(query) = of_incident {
        sandbox.api.page(&format!("/alerts{query}")).await;
    }
}

async fn quarantine(api: &Api) {
    let unreadable = api.deliver(WebhookRequest::datadog("[]")).await.quarantined();
    let entry = entries_of(api, &[unreadable]).await.remove(0);
    let id = entry["id"].as_str().expect("an id");
    get_entry(api, id).await;
    redrive(api, id).await.problem(422);
    delete(api, id).await.expect(204);
}
