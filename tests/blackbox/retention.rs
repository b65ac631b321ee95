//! What has expired is gone, although DynamoDB deletes it only later.

use jiff::{Timestamp, ToSpan};
use serde_json::json;
use shared::{
    clock,
    domain::{delivery::Delivery, status::Status, time::Time},
    service::{
        change_status::{ChangeStatus, StatusChange},
        group_alerts::GroupAlerts,
        read_webhook::{self, Received, Webhook},
    },
    sources::{self, Headers},
    store::{Item, Tables},
};
use tests::{Api, Sandbox, TestStack, WebhookRequest, assert_members, datadog::Notification, patient};

use crate::alert_payload::{delete_payload, payload};

/// More than the template keeps alerts and incidents, and raw payloads.
const RETENTION_DAYS: i64 = 800;
const RAW_RETENTION_DAYS: i64 = 100;

/// Groups a notification as if it had come at another time.
async fn group_at(stack: &TestStack, notification: &Notification, now: Timestamp) {
    group_together_at(stack, &[notification], now).await;
}

/// Groups notifications in one transaction, as if they had come at another time.
async fn group_together_at(stack: &TestStack, notifications: &[&Notification], now: Timestamp) {
    let now = Time::from(now);
    let datadog = sources::find("datadog").expect("a source");
    let read = |notification: &&Notification| {
        let (headers, sent) = (Headers::default(), WebhookRequest::from(*notification));
        let body = sent.body.as_slice();
        match read_webhook::read(Received { source: datadog, headers: &headers, body, received_at: now, receipt: "1" })
        {
            Webhook::Delivery(read) => *read,
            other => panic!("not a delivery: {other:?}"),
        }
    };
    let read: Vec<Delivery> = notifications.iter().map(read).collect();
    let tables = Tables::new(stack.local().environment("GroupAlerts"), stack.local().aws());
    let grouper = GroupAlerts::new(&tables, fastrand::u64(..)).expect("configured");
    grouper.group_together(&read.iter().collect::<Vec<_>>(), now, patient()).await.expect("grouped");
}

async fn stack_with_sandbox(days_ago: i64) -> Option<(TestStack, Sandbox)> {
    let stack = TestStack::start(TestStack::options()).await?;
    let mut sandbox = Sandbox::on(Api::to(stack.access()));
    sandbox.time = Timestamp::from_millisecond(clock::now().as_millis()).expect("a time") - (24 * days_ago).hours();
    Some((stack, sandbox))
}

/// The rows of a table.
async fn rows(stack: &TestStack, table: &str) -> Vec<Item> {
    let scan = stack.local().aws().dynamodb().scan().table_name(stack.resource(table)).send().await;
    scan.expect("rows").items.unwrap_or_default()
}

fn text<'row>(row: &'row Item, name: &str) -> &'row str {
    row[name].as_s().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_alert_expires_and_the_open_incident_stays() {
    let Some((stack, sandbox)) = stack_with_sandbox(RETENTION_DAYS).await else { return };
    let monitor = sandbox.monitor();
    group_at(&stack, &monitor, sandbox.time).await;
    let other = monitor.from_another_monitor();
    group_at(&stack, &other, sandbox.time).await;
    group_at(&stack, &monitor.resolved(), sandbox.minute(1)).await;

    let mut kept = 0;
    let alerts = rows(&stack, "AlertsTable").await;
    for alert in &alerts {
        let id = text(alert, "alert_id");
        let answer = sandbox.api.get(&format!("/alerts/{id}")).await;
        if text(alert, "status") == "firing" {
            assert_eq!(alert.get("expires_at"), None);
            assert_members(&answer.expect(200).json()["alert"], &json!({ "id": id, "status": "firing" }));
            // Its payload has expired, whatever fires.
            payload(&sandbox.api, id).await.problem(404);
            delete_payload(&sandbox.api, id).await.expect(204);
            kept += 1;
        } else {
            answer.problem(404);
            payload(&sandbox.api, id).await.problem(404);
            delete_payload(&sandbox.api, id).await.problem(404);
        }
    }
    assert_eq!((kept, alerts.len()), (1, 2));

    let incident = text(&alerts[0], "incident_id");
    let detail = sandbox.api.get(&format!("/incidents/{incident}")).await.expect(200).json();
    assert_members(&detail["incident"], &json!({ "status": "OPEN", "alert_count": 2, "firing_alert_count": 1 }));
    assert_eq!(detail["alerts"].as_array().map(Vec::len), Some(1));
    assert_members(&detail, &json!({ "alerts_total": 1, "actions": [], "actions_total": 0 }));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_incident_expires_and_its_problem_begins_anew() {
    let Some((stack, sandbox)) = stack_with_sandbox(RETENTION_DAYS).await else { return };
    let monitor = sandbox.monitor();
    group_at(&stack, &monitor, sandbox.time).await;
    group_at(&stack, &monitor.resolved(), sandbox.minute(1)).await;
    let incidents = rows(&stack, "IncidentsTable").await;
    let incident = text(&incidents[0], "incident_id");
    // A person closed it long ago, too.
    let long_ago = Time::from(sandbox.minute(2));
    let tables = Tables::new(stack.local().environment("ChangeStatus"), stack.local().aws());
    let changer = ChangeStatus::new(&tables, None).expect("configured");
    for status in [Status::Investigating, Status::Resolved] {
        let change = StatusChange { status, comment: None, actor: "alice".to_owned() };
        changer
            .change(incident.parse().expect("an id"), &change, &|_| true, long_ago, patient())
            .await
            .expect("changed");
    }
    sandbox.api.get(&format!("/incidents/{incident}")).await.problem(404);
    sandbox.api.patch_status(incident, &json!({ "status": "CLOSED" })).await.problem(404);

    // The claims have expired as well, but DynamoDB has not deleted them yet: they are free.
    let before = rows(&stack, "AlertsTable").await;
    let again = monitor.in_a_new_cycle().at(Sandbox::on(sandbox.api.clone()).time);
    sandbox.send(&again).await;
    let alerts = sandbox.alerts_when("a new alert", |alerts| alerts.iter().any(|alert| alert["status"] == "firing"));
    let alerts = alerts.await;
    let new = alerts.iter().find(|alert| alert["status"] == "firing").expect("a firing alert");
    assert_ne!(new["id"], text(&before[0], "alert_id"));
    let detail = sandbox.incident_of(new).await;
    assert_ne!(detail["incident"]["id"], incident);
    assert_members(&detail, &json!({ "alerts_total": 1, "actions_total": 1 }));
    assert!(detail["incident"]["recurrence_of"].is_null(), "{detail:#}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_expires_before_its_alert() {
    let Some((stack, sandbox)) = stack_with_sandbox(RAW_RETENTION_DAYS).await else { return };
    let monitor = sandbox.monitor();
    group_at(&stack, &monitor, sandbox.time).await;
    group_at(&stack, &monitor.resolved(), sandbox.minute(1)).await;
    let alert = text(&rows(&stack, "AlertsTable").await[0], "alert_id").to_owned();
    let answer = sandbox.api.get(&format!("/alerts/{alert}")).await.expect(200).json();
    assert_members(&answer["alert"], &json!({ "id": alert, "status": "resolved" }));
    payload(&sandbox.api, &alert).await.problem(404);
    assert_eq!(rows(&stack, "PayloadsTable").await.len(), 1, "DynamoDB deletes it later");
    let detail = sandbox.incident_of(&answer["alert"]).await;
    assert_members(&detail, &json!({ "alerts_total": 1, "actions_total": 2 }));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_share_a_row_expire_too() {
    let Some((stack, sandbox)) = stack_with_sandbox(RAW_RETENTION_DAYS).await else { return };
    let monitor = sandbox.monitor();
    group_together_at(&stack, &[&monitor, &monitor.from_another_monitor()], sandbox.time).await;
    let (alerts, payloads) = (rows(&stack, "AlertsTable").await, rows(&stack, "PayloadsTable").await);
    assert_eq!((alerts.len(), payloads.len()), (2, 1), "DynamoDB deletes it later");
    for alert in &alerts {
        payload(&sandbox.api, text(alert, "alert_id")).await.problem(404);
        delete_payload(&sandbox.api, text(alert, "alert_id")).await.expect(204);
    }
    assert_eq!(rows(&stack, "PayloadsTable").await, payloads, "there was nothing to delete");
    stack.stop().await;
}
