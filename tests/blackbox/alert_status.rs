//! `PATCH /alerts/{id}/status`: a responder resolves an alert whose resolution never came. And what
//! becomes of the alerts of an incident that a responder resolves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use jiff::ToSpan;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, TestStack, WAIT_TIMEOUT, assert_members, assert_only_members, eventually, now};

use crate::failing_transactions::with_failing_transactions;

const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// More than one transaction ends.
const MANY: usize = 60;

async fn patch(api: &Api, alert: &str, body: String) -> Answer {
    patch_as(api, &api.access().responder_token, alert, body).await
}

async fn patch_as(api: &Api, token: &str, alert: &str, body: String) -> Answer {
    let request = api.request(Method::PATCH, &format!("/alerts/{alert}/status")).bearer_auth(token);
    api.send(request.header("content-type", "application/json").body(body)).await
}

/// Resolves an alert as the responder.
pub async fn resolve(api: &Api, alert: &str) -> Answer {
    patch(api, alert, json!({ "status": "resolved" }).to_string()).await
}

fn id(alert: &Value) -> &str {
    alert["id"].as_str().expect("an id")
}

async fn firing_alert(sandbox: &Sandbox) -> Value {
    sandbox.deliver(&sandbox.monitor()).await.remove(0)
}

fn actions_of_type<'detail>(detail: &'detail Value, kind: &str) -> Vec<&'detail Value> {
    detail["actions"].as_array().expect("a list").iter().filter(|action| action["type"] == kind).collect()
}

#[tokio::test]
async fn an_alert_that_a_person_resolves_is_resolved_and_its_incident_says_who_did_it() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let body = json!({ "status": "resolved", "comment": "the monitor is gone" });
    let answer = patch(&sandbox.api, id(&alert), body.to_string()).await.expect(200).json();
    assert_only_members(&answer, &["alert"]);
    let resolved = &answer["alert"];
    assert_members(resolved, &json!({ "id": alert["id"], "status": "resolved", "occurrences": 1 }));
    assert!(resolved["resolved_at"].as_str() > resolved["occurred_at"].as_str());

    let detail = sandbox.incident_of(&alert).await;
    assert_members(&detail["incident"], &json!({ "status": "OPEN", "firing_alert_count": 0, "version": 2 }));
    assert_eq!(detail["alerts"][0], *resolved);
    let [by_person] = actions_of_type(&detail, "alert_resolved")[..] else { panic!("{detail:#}") };
    let details = json!({ "alert_id": alert["id"], "comment": "the monitor is gone" });
    assert_eq!(by_person["details"], details);
    assert_eq!(actions_of_type(&detail, "alerts_resolved").len(), 1, "it was the last that fired");
    if sandbox.api.access().responder_token == "local-responder" {
        assert_eq!(by_person["actor"], "local-responder");
    }
    assert_ne!(by_person["actor"], "incident-review");
    let listed = |alerts: &[Value]| alerts[0]["status"] == "resolved";
    sandbox.alerts_when("resolved in the list", listed).await;
}

#[tokio::test]
async fn an_alert_never_ends_in_the_future_though_the_clock_of_its_source_is_ahead() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor().at(now() + 2.hours())).await.remove(0);
    let answer = resolve(&sandbox.api, id(&alert)).await.expect(200).json();
    let resolved_at: jiff::Timestamp =
        answer["alert"]["resolved_at"].as_str().expect("a time").parse().expect("a time");
    assert!(resolved_at <= now(), "{resolved_at}");
    let detail = sandbox.api.get(&format!("/alerts/{}", id(&alert))).await.expect(200).json();
    assert_eq!(detail["alert"]["resolved_at"], answer["alert"]["resolved_at"]);
}

#[tokio::test]
async fn resolving_an_alert_again_changes_and_records_nothing() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let first = resolve(&sandbox.api, id(&alert)).await.expect(200).json();
    let before = sandbox.incident_of(&alert).await;
    assert_eq!(resolve(&sandbox.api, id(&alert)).await.expect(200).json(), first);
    assert_eq!(sandbox.incident_of(&alert).await, before);
}

#[tokio::test]
async fn many_who_resolve_an_alert_at_once_are_recorded_once() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let answers = join_all((0..10).map(|_| resolve(&sandbox.api, id(&alert)))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let detail = sandbox.incident_of(&alert).await;
    assert_eq!(actions_of_type(&detail, "alert_resolved").len(), 1);
    assert_eq!(detail["incident"]["firing_alert_count"], 0);
}

#[tokio::test]
async fn what_is_received_after_a_person_resolved_the_alert_is_a_new_one() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alert = sandbox.deliver(&monitor).await.remove(0);
    resolve(&sandbox.api, id(&alert)).await.expect(200);
    // By the source's clock that was before.
    let alerts = sandbox.deliver(&monitor.again().at(now() - 1.minute())).await;
    let [again, before] = alerts.as_slice() else { panic!("two alerts: {alerts:#?}") };
    assert_members(before, &json!({ "id": alert["id"], "status": "resolved", "occurrences": 1 }));
    assert_members(again, &json!({ "status": "firing", "occurrences": 1, "incident_id": before["incident_id"] }));
    let alerts = sandbox.deliver(&monitor.resolved().at(now())).await;
    assert!(alerts.iter().all(|alert| alert["status"] == "resolved"), "{alerts:#?}");
}

#[tokio::test]
async fn an_alert_that_is_resolved_while_it_fires_again_loses_no_delivery() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alert = sandbox.deliver(&monitor).await.remove(0);
    let again = (1..=10).map(|minute| monitor.again().at(sandbox.minute(minute)));
    let again: Vec<_> = again.collect();
    let sending = join_all(again.iter().map(|notification| sandbox.send(notification)));
    let (answer, _) = futures::join!(resolve(&sandbox.api, id(&alert)), sending);
    answer.expect(200);
    let occurrences = |alerts: &[Value]| alerts.iter().filter_map(|alert| alert["occurrences"].as_u64()).sum::<u64>();
    let alerts = sandbox.alerts_when("11 occurrences", |alerts| occurrences(alerts) == 11).await;
    assert!(alerts.len() <= 2, "{alerts:#?}");
    let resolved = alerts.iter().find(|found| found["id"] == alert["id"]).expect("it is still there");
    assert_eq!(resolved["status"], "resolved");
    let detail = sandbox.incident_of(&alert).await;
    let firing = alerts.iter().filter(|alert| alert["status"] == "firing").count();
    assert_members(&detail["incident"], &json!({ "alert_count": alerts.len(), "firing_alert_count": firing }));
    assert_eq!(actions_of_type(&detail, "alert_resolved").len(), 1);
}

#[tokio::test]
async fn an_alert_without_an_incident_stays_resolved() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.send(&monitor.resolved().at(sandbox.minute(2))).await;
    sandbox.wait_until_processed().await;
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert_members(&alert, &json!({ "status": "resolved", "incident_id": null }));
    assert_eq!(resolve(&sandbox.api, id(&alert)).await.expect(200).json()["alert"], alert);
}

#[tokio::test]
async fn only_responders_resolve_alerts() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let body = json!({ "status": "resolved" }).to_string();
    let viewer = sandbox.api.access().viewer_token.clone();
    patch_as(&sandbox.api, &viewer, id(&alert), body.clone()).await.problem(403);
    patch_as(&sandbox.api, "nobody", id(&alert), body).await.refused_by_gateway(403, "Forbidden");
    let request = sandbox.api.request(Method::PATCH, &format!("/alerts/{}/status", id(&alert)));
    sandbox.api.send(request.body("{}")).await.refused_by_gateway(401, "Unauthorized");
    assert_eq!(sandbox.alerts().await, [alert]);
}

#[rstest]
#[case::unknown(UNKNOWN_ID)]
#[case::short("7")]
#[case::words("alert")]
#[case::nul("01ARZ3NDEKTSV4RRFFQ69G5FA%00")]
#[tokio::test]
async fn resolving_an_unknown_alert_gets_404(#[case] alert: &str) {
    resolve(&Api::shared(), alert).await.problem(404);
}

#[rstest]
#[case::missing(json!({}), &["status"])]
#[case::firing(json!({ "status": "firing" }), &["status"])]
#[case::of_an_incident(json!({ "status": "CLOSED" }), &["status"])]
#[case::number(json!({ "status": 1 }), &["status"])]
#[case::comment_as_number(json!({ "status": "resolved", "comment": 7 }), &["comment"])]
#[case::long_comment(json!({ "status": "resolved", "comment": "x".repeat(2_001) }), &["comment"])]
#[case::unknown_member(json!({ "status": "resolved", "severity": "info" }), &["severity"])]
#[case::several(json!({ "status": "done", "comment": [], "by": "me" }), &["by", "comment", "status"])]
#[tokio::test]
async fn wrong_members_of_the_body_are_named(#[case] body: Value, #[case] parameters: &[&str]) {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let problem = patch(&sandbox.api, id(&alert), body.to_string()).await.problem(400);
    assert_eq!(problem.parameters(), parameters);
    assert_eq!(sandbox.alerts().await, [alert]);
}

#[rstest]
#[case::empty("")]
#[case::no_json("resolved")]
#[case::string("\"resolved\"")]
#[case::list("[]")]
#[case::truncated("{\"status\":")]
#[tokio::test]
async fn a_body_that_is_not_an_object_gets_400(#[case] body: &str) {
    patch(&Api::shared(), UNKNOWN_ID, body.to_owned()).await.problem(400);
}

#[tokio::test]
async fn incidents_are_filtered_by_whether_an_alert_fires() {
    let sandbox = Sandbox::new();
    let alert = firing_alert(&sandbox).await;
    let total = async |has_firing: &str| {
        sandbox.api.page(&format!("/incidents?service={}&has_firing={has_firing}", sandbox.service)).await.total
    };
    let becomes = async |expected: [usize; 2]| {
        eventually(WAIT_TIMEOUT, async || {
            let totals = [total("true").await, total("false").await];
            if totals == expected { Ok(()) } else { Err(format!("{totals:?}")) }
        })
        .await;
    };
    becomes([1, 0]).await;
    resolve(&sandbox.api, id(&alert)).await.expect(200);
    becomes([0, 1]).await;
    for wrong in ["yes", "1", ""] {
        let problem = sandbox.api.get(&format!("/incidents?has_firing={wrong}")).await.problem(400);
        assert_eq!(problem.parameters(), ["has_firing"]);
    }
}

/// Opens an incident with many firing alerts, and returns its id.
pub async fn incident_with_many_alerts(sandbox: &Sandbox) -> String {
    let incident = sandbox.open_incident().await;
    let monitors: Vec<_> = (1..MANY).map(|_| sandbox.monitor()).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    eventually(WAIT_TIMEOUT, async || {
        let found = sandbox.api.detail(&incident).await["incident"].take();
        if found["firing_alert_count"] == MANY { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
    incident
}

pub async fn assert_all_resolved(sandbox: &Sandbox, incident: &str) {
    let detail = eventually(WAIT_TIMEOUT, async || {
        let detail = sandbox.api.detail(incident).await;
        // An incident and its history are read side by side: one may be newer than the other.
        let ends = actions_of_type(&detail, "alerts_resolved").len();
        let is_over = detail["incident"]["firing_alert_count"] == 0 && ends == 1;
        if is_over { Ok(detail) } else { Err(format!("{ends} ends, {}", detail["incident"])) }
    })
    .await;
    assert_members(&detail["incident"], &json!({ "status": "RESOLVED", "alert_count": MANY }));
    let all_resolved = |alerts: &[Value]| alerts.iter().all(|alert| alert["status"] == "resolved");
    let alerts = sandbox.alerts_when("all resolved", |alerts| alerts.len() == MANY && all_resolved(alerts)).await;
    for alert in alerts {
        assert_eq!(alert["resolved_at"], detail["incident"]["resolved_at"]);
    }
}

#[tokio::test]
async fn resolving_an_incident_of_many_firing_alerts_ends_all_of_them() {
    let sandbox = Sandbox::new();
    let incident = incident_with_many_alerts(&sandbox).await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let resolved = sandbox.api.change_status(&incident, "RESOLVED").await;
    assert_eq!(resolved["firing_alert_count"], 0);
    assert_all_resolved(&sandbox, &incident).await;
}

/// Resolves an incident of many firing alerts, and is interrupted after the first of them. The queue
/// takes over.
pub async fn interrupted_resolution(sandbox: &Sandbox, broken: &AtomicBool) {
    let incident = incident_with_many_alerts(sandbox).await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    broken.store(true, Ordering::SeqCst);
    let resolved = sandbox.api.change_status(&incident, "RESOLVED").await;
    assert!(resolved["firing_alert_count"].as_u64() > Some(0), "{resolved:#}");
    broken.store(false, Ordering::SeqCst);
    assert_all_resolved(sandbox, &incident).await;
}

/// The options with sweeps that fail while the flag is set: they end alerts without changing the
/// status of an incident.
pub fn with_failing_sweeps(options: local::Options) -> (local::Options, Arc<AtomicBool>) {
    // What a person changes has the id of the change.
    let is_sweep = |body: &str| body.contains("\"AlertsTable\"") && !body.contains("change_id");
    let (options, broken) = with_failing_transactions(options, is_sweep);
    (local::Options { visibility_timeout: Some(Duration::from_secs(1)), ..options }, broken)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_has_no_time_to_end_the_queue_ends() {
    let (options, broken) = with_failing_sweeps(TestStack::options());
    let Some(stack) = TestStack::start(options).await else { return };
    interrupted_resolution(&Sandbox::on(Api::to(stack.access())), &broken).await;
    stack.stop().await;
}
