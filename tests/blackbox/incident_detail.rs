//! `GET /incidents/{id}`. What the body looks like is in `wire_bodies`.

use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox, assert_members, assert_only_members, in_order};

#[tokio::test]
async fn a_detail_shows_the_incident_its_alerts_and_its_history() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor()).await;
    let detail = sandbox.incident_of(&alerts[0]).await;
    assert_only_members(&detail, &["incident", "alerts", "alerts_total", "actions", "actions_total"]);
    assert_members(&detail, &json!({ "alerts": alerts, "alerts_total": 2, "actions_total": 2 }));
    assert_eq!(detail["incident"], sandbox.incidents().await[0]);
    for action in detail["actions"].as_array().unwrap() {
        assert_only_members(action, &["id", "type", "at", "actor", "details"]);
    }
}

#[tokio::test]
async fn a_detail_shows_the_newest_alerts_and_actions_and_counts_all() {
    let sandbox = Sandbox::new();
    let monitors: Vec<_> = (0..104).map(|_| sandbox.monitor()).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    let alerts = sandbox.alerts_when("104 alerts", |alerts| alerts.len() >= 104).await;
    let detail = sandbox.incident_of(&alerts[0]).await;
    assert_members(&detail, &json!({ "alerts_total": 104, "actions_total": 104 }));
    assert_eq!(detail["alerts"].as_array().unwrap()[..], alerts[..100]);

    let mut actions = detail["actions"].as_array().unwrap().clone();
    assert_eq!(actions.len(), 50);
    actions.reverse();
    assert!(in_order(&actions, "id"), "newest first");
    assert!(actions.iter().all(|action| action["type"] == "alert_joined"), "the opening is the oldest");
}

#[tokio::test]
async fn the_etag_changes_with_the_version() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let path = format!("/incidents/{incident}");
    let first = sandbox.api.get(&path).await;
    let etag = first.header("etag").expect("an ETag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "{etag}");
    assert_eq!(sandbox.api.get(&path).await.header("etag"), Some(&*etag));

    sandbox.deliver(&sandbox.monitor()).await;
    let second = sandbox.api.get(&path).await;
    assert_ne!(second.header("etag"), Some(&*etag));
    assert!(second.json()["incident"]["version"].as_u64() > first.json()["incident"]["version"].as_u64());
}

#[tokio::test]
async fn an_alert_that_joins_moves_updated_at() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await;
    sandbox.deliver(&sandbox.monitor()).await;
    let after = sandbox.api.detail(&incident).await;
    assert!(after["incident"]["updated_at"].as_str() > before["incident"]["updated_at"].as_str());
    assert_eq!(after["incident"]["created_at"], before["incident"]["created_at"]);
}

#[tokio::test]
async fn a_detail_shows_the_same_alerts_as_the_list() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.deliver(&sandbox.monitor()).await;
    let listed = sandbox.api.all_items(&format!("/alerts?incident_id={incident}")).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(sandbox.api.detail(&incident).await["alerts"], Value::from(listed));
}

#[rstest]
#[case::unknown("01ARZ3NDEKTSV4RRFFQ69G5FAV")]
#[case::short("1")]
#[case::words("not-an-id")]
#[case::nul("%00")]
#[case::not_utf8("%ff")]
#[case::long(&"9".repeat(3_000))]
#[tokio::test]
async fn an_unknown_incident_id_gets_404(#[case] id: &str) {
    Api::shared().get(&format!("/incidents/{id}")).await.problem(404);
}

#[tokio::test]
async fn an_id_with_a_character_more_or_less_gets_404() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.api.get(&format!("/incidents/{incident}0")).await.problem(404);
    sandbox.api.get(&format!("/incidents/{}", &incident[1..])).await.problem(404);
}

#[tokio::test]
async fn an_unknown_parameter_of_a_detail_is_named() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let problem = sandbox.api.get(&format!("/incidents/{incident}?alerts=10")).await.problem(400);
    assert_eq!(problem.parameters(), ["alerts"]);
}
