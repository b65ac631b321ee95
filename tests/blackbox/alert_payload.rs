//! `GET /alerts/{id}` and the raw payload of an alert: who may read it, and who deleted it.

use futures::future::join_all;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{
    Answer, Api, Sandbox, TestStack,
    alertmanager::{GroupedAlert, group},
    assert_members, assert_only_members,
    console::Browser,
    datadog::Notification,
};

use crate::quarantine::send_as_responder;

const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

async fn firing_alert(sandbox: &Sandbox, monitor: &Notification) -> String {
    sandbox.deliver(monitor).await[0]["id"].as_str().expect("an id").to_owned()
}

/// Reads the payload of an alert as the responder.
pub async fn payload(api: &Api, alert: &str) -> Answer {
    api.get_as_responder(&format!("/alerts/{alert}/payload")).await
}

/// Deletes the payload of an alert as the responder.
pub async fn delete_payload(api: &Api, alert: &str) -> Answer {
    send_as_responder(api, Method::DELETE, &format!("/alerts/{alert}/payload")).await
}

/// The ids of the alerts whose payloads the history of an incident says were deleted.
fn deletions(detail: &Value) -> Vec<&Value> {
    let actions = detail["actions"].as_array().expect("a list").iter();
    actions.filter(|action| action["type"] == "payload_deleted").map(|action| &action["details"]["alert_id"]).collect()
}

#[tokio::test]
async fn a_viewer_opens_an_alert_as_lists_show_it() {
    let sandbox = Sandbox::new();
    let listed = sandbox.deliver(&sandbox.monitor()).await.remove(0);
    let answer = sandbox.api.get(&format!("/alerts/{}", listed["id"].as_str().expect("an id"))).await.expect(200);
    assert_eq!(answer.json(), json!({ "alert": listed }));
}

#[tokio::test]
async fn a_responder_reads_the_payload_as_it_was_sent() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", "Łącznik \"główny\"");
    let alert = firing_alert(&sandbox, &monitor).await;
    let payload = payload(&sandbox.api, &alert).await.expect(200).json();
    assert_only_members(
        &payload,
        &[
            "alert_id",
            "received_at",
            "expires_at",
            "body",
            "body_base64",
            "body_bytes",
            "truncated",
            "deleted_at",
            "deleted_by",
        ],
    );
    let sent = monitor.body().to_string();
    let expected = json!({
        "alert_id": alert, "body": sent, "body_base64": null, "body_bytes": sent.len(), "truncated": false,
        "deleted_at": null, "deleted_by": null,
    });
    assert_members(&payload, &expected);
    assert!(payload["received_at"].as_str() < payload["expires_at"].as_str(), "{payload}");
}

#[tokio::test]
async fn the_payload_is_that_of_the_earliest_delivery() {
    let sandbox = Sandbox::new();
    let late = sandbox.monitor().at(sandbox.minute(5));
    let alert = firing_alert(&sandbox, &late).await;
    let early = late.again().at(sandbox.minute(1));
    sandbox.deliver(&early).await;
    let payload = payload(&sandbox.api, &alert).await.expect(200).json();
    assert_eq!(payload["body"], early.body().to_string());
}

#[rstest]
#[case::read(Method::GET)]
#[case::deleted(Method::DELETE)]
#[tokio::test]
async fn a_payload_is_not_for_viewers(#[case] method: Method) {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox, &sandbox.monitor()).await;
    let request = sandbox.api.request(method, &format!("/alerts/{alert}/payload"));
    sandbox.api.send(request.bearer_auth(&sandbox.api.access().viewer_token)).await.problem(403);
    payload(&sandbox.api, &alert).await.expect(200);
}

#[tokio::test]
async fn a_deleted_payload_says_who_deleted_it_and_the_alert_stays() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alerts = sandbox.deliver(&monitor).await;
    let alert = alerts[0]["id"].as_str().expect("an id");
    delete_payload(&sandbox.api, alert).await.expect(204);

    let gone = payload(&sandbox.api, alert).await.expect(200).json();
    let expected = json!({
        "alert_id": alert, "body": null, "body_base64": null, "body_bytes": null, "received_at": null,
        "expires_at": null, "truncated": false,
    });
    assert_members(&gone, &expected);
    let detail = sandbox.incident_of(&alerts[0]).await;
    assert_eq!(deletions(&detail), [alert]);
    assert_members(&detail["incident"], &json!({ "version": 2, "status": "OPEN", "firing_alert_count": 1 }));
    let action = &detail["actions"][0];
    assert_eq!((&gone["deleted_at"], &gone["deleted_by"]), (&action["at"], &action["actor"]));
    assert_ne!(action["actor"], "incident-review");
    let opened = sandbox.api.get(&format!("/alerts/{alert}")).await.expect(200).json();
    assert_eq!(opened["alert"], alerts[0]);

    // Again: nothing is recorded.
    delete_payload(&sandbox.api, alert).await.expect(204);
    assert_eq!(sandbox.incident_of(&alerts[0]).await, detail);
}

#[tokio::test]
async fn an_earlier_delivery_does_not_bring_a_deleted_payload_back() {
    let sandbox = Sandbox::new();
    let late = sandbox.monitor().at(sandbox.minute(5));
    let alert = firing_alert(&sandbox, &late).await;
    delete_payload(&sandbox.api, &alert).await.expect(204);
    let alerts = sandbox.deliver(&late.again().at(sandbox.minute(1))).await;
    assert_members(&alerts[0], &json!({ "id": alert, "occurrences": 2 }));
    let payload = payload(&sandbox.api, &alert).await.expect(200).json();
    assert!(payload["body"].is_null() && payload["deleted_by"].is_string(), "{payload}");
}

#[tokio::test]
async fn the_payload_of_an_alert_without_an_incident_is_deleted_too() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.send(&monitor.resolved().at(sandbox.minute(9))).await;
    let alerts = sandbox.deliver(&monitor).await;
    let alert = alerts[0]["id"].as_str().expect("an id");
    assert!(alerts[0]["incident_id"].is_null(), "{}", alerts[0]);
    delete_payload(&sandbox.api, alert).await.expect(204);
    assert!(payload(&sandbox.api, alert).await.expect(200).json()["deleted_by"].is_string());
}

#[tokio::test]
async fn each_payload_of_a_burst_is_kept_byte_for_byte_and_is_deleted_by_itself() {
    let sandbox = Sandbox::new();
    let monitors: Vec<Notification> =
        (0..24).map(|number| sandbox.monitor().with("title", format!("Łącznik {number}"))).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    let alerts = sandbox.alerts_when("all", |alerts| alerts.len() == monitors.len()).await;
    let number = |alert: &Value| alert["title"].as_str()?.strip_prefix("Łącznik ")?.parse::<usize>().ok();
    let id = |alert: &Value| alert["id"].as_str().expect("an id").to_owned();
    for alert in &alerts {
        let sent = monitors[number(alert).expect("its number")].body().to_string();
        let payload = payload(&sandbox.api, &id(alert)).await.expect(200).json();
        assert_members(&payload, &json!({ "body": sent, "body_bytes": sent.len(), "truncated": false }));
    }
    let (deleted, kept) = alerts.split_at(5);
    for answer in join_all(deleted.iter().map(async |alert| delete_payload(&sandbox.api, &id(alert)).await)).await {
        answer.expect(204);
    }
    for alert in deleted {
        let gone = payload(&sandbox.api, &id(alert)).await.expect(200).json();
        assert!(gone["body"].is_null() && gone["deleted_by"].is_string(), "{gone}");
    }
    for alert in kept {
        let sent = monitors[number(alert).expect("its number")].body().to_string();
        assert_eq!(payload(&sandbox.api, &id(alert)).await.expect(200).json()["body"], sent);
    }
    assert_eq!(deletions(&sandbox.incident_of(&alerts[0]).await).len(), deleted.len());

    // Delivered again: what is deleted stays so.
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    sandbox.wait_until_processed().await;
    for alert in deleted {
        assert!(payload(&sandbox.api, &id(alert)).await.expect(200).json()["body"].is_null());
    }
    // An earlier delivery takes the place of the payload.
    let first = &kept[0];
    let early = monitors[number(first).expect("its number")].again().at(sandbox.minute(-1));
    sandbox.deliver(&early).await;
    assert_eq!(payload(&sandbox.api, &id(first)).await.expect(200).json()["body"], early.body().to_string());
    delete_payload(&sandbox.api, &id(first)).await.expect(204);
    assert!(payload(&sandbox.api, &id(first)).await.expect(200).json()["body"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payloads_of_a_group_share_rows() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let sent: Vec<Value> = (0..20).map(|_| GroupedAlert::firing(&sandbox).json().clone()).collect();
    sandbox.api.deliver(group(sent.clone())).await.receipt();
    let alerts = sandbox.alerts_when("all", |alerts| alerts.len() == sent.len()).await;
    let access = stack.access();
    let mut browser = Browser::signed_in(&access, &access.responder_token).await;
    let mut found = Vec::new();
    for alert in &alerts {
        let id = alert["id"].as_str().expect("an id");
        let body = payload(&sandbox.api, id).await.expect(200).json()["body"].as_str().expect("a text").to_owned();
        let group: Value = serde_json::from_str(&body).expect("JSON");
        let part = group["alerts"][0].clone();
        let page = browser.get(&format!("/console/alerts/{id}/payload")).await;
        assert!(page.status == 200 && page.text.contains(part["fingerprint"].as_str().expect("a text")));
        found.push(part);
    }
    let fingerprint = |alert: &Value| alert["fingerprint"].to_string();
    found.sort_by_key(fingerprint);
    let mut sent = sent;
    sent.sort_by_key(fingerprint);
    assert_eq!(found, sent);
    let rows = stack.local().aws().dynamodb().scan().table_name(stack.resource("PayloadsTable")).send().await;
    assert_eq!(rows.expect("rows").count, 1, "they came together");
    stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn an_unknown_alert_is_404(#[values(UNKNOWN_ID, "x", "%00", "%F0%9F%94%A5")] id: &str) {
    let api = Api::shared();
    api.get(&format!("/alerts/{id}")).await.problem(404);
    payload(&api, id).await.problem(404);
    delete_payload(&api, id).await.problem(404);
}

#[tokio::test]
async fn unknown_parameters_are_named() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox, &sandbox.monitor()).await;
    assert_eq!(sandbox.api.get(&format!("/alerts/{alert}?a=1")).await.problem(400).parameters(), ["a"]);
    let answer = sandbox.api.get_as_responder(&format!("/alerts/{alert}/payload?b=1")).await;
    assert_eq!(answer.problem(400).parameters(), ["b"]);
}
