//! An alert fires, repeats, is resolved, and fires again, in any order of arrival.

use serde_json::{Value, json};
use tests::{Sandbox, assert_members, rfc3339};

#[tokio::test]
async fn a_first_firing_event_makes_an_alert_and_an_incident() {
    let sandbox = Sandbox::new();
    let alerts = sandbox.deliver(&sandbox.monitor()).await;
    assert_members(&alerts[0], &json!({ "status": "firing", "occurrences": 1, "resolved_at": null }));
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["id"], alerts[0]["incident_id"]);
    assert_members(&incidents[0], &json!({ "status": "OPEN", "alert_count": 1 }));
}

#[tokio::test]
async fn a_repeat_counts_as_an_occurrence_and_moves_last_seen_at() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.again().with("transition", "Re-Triggered").at(sandbox.minute(10))).await;
    let alerts = sandbox.deliver(&monitor.again().with("transition", "Renotify").at(sandbox.minute(20))).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "status": "firing",
            "occurrences": 3,
            "occurred_at": rfc3339(sandbox.time),
            "last_seen_at": rfc3339(sandbox.minute(20)),
        }),
    );
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 1, "a repeat is no alert of its own");
}

#[tokio::test]
async fn a_late_repeat_does_not_move_last_seen_at_back() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().at(sandbox.minute(5));
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.again().at(sandbox.minute(2))).await;
    assert_members(&alerts[0], &json!({ "occurrences": 2, "last_seen_at": rfc3339(sandbox.minute(5)) }));
}

#[tokio::test]
async fn the_same_webhook_again_changes_nothing() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let incident = sandbox.incidents().await;
    sandbox.deliver_without_effect(&monitor).await;
    assert_eq!(sandbox.incidents().await, incident);
}

#[tokio::test]
async fn a_resolution_resolves_the_alert_but_not_the_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.resolved().at(sandbox.minute(4))).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({ "status": "resolved", "resolved_at": rfc3339(sandbox.minute(4)), "occurrences": 1, "severity": "error" }),
    );
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_members(&incidents[0], &json!({ "status": "OPEN", "resolved_at": null, "alert_count": 1 }));
}

#[tokio::test]
async fn firing_again_after_the_resolution_is_a_new_alert_of_the_same_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(4))).await;
    let alerts = sandbox.deliver(&monitor.again().at(sandbox.minute(8))).await;
    assert_eq!(alerts.len(), 2);
    assert_members(
        &alerts[0],
        &json!({ "status": "firing", "occurrences": 1, "occurred_at": rfc3339(sandbox.minute(8)), "resolved_at": null }),
    );
    assert_eq!(alerts[1]["status"], "resolved");
    assert_ne!(alerts[0]["id"], alerts[1]["id"]);
    assert_eq!(alerts[0]["dedup_key"], alerts[1]["dedup_key"]);
    assert_eq!(alerts[0]["incident_id"], alerts[1]["incident_id"]);
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 2);
}

#[tokio::test]
async fn a_second_resolution_changes_nothing() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(4))).await;
    sandbox.deliver_without_effect(&monitor.resolved().at(sandbox.minute(6))).await;
}

#[tokio::test]
async fn a_resolution_never_opens_an_incident() {
    let sandbox = Sandbox::new();
    sandbox.deliver_without_effect(&sandbox.monitor().resolved()).await;
    assert_eq!(sandbox.incidents().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_alert_whose_resolution_arrived_first_is_resolved_and_opens_no_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver_without_effect(&monitor.resolved().at(sandbox.minute(3))).await;
    let alerts = sandbox.deliver(&monitor).await;
    assert_members(
        &alerts[0],
        &json!({
            "status": "resolved",
            "incident_id": null,
            "occurred_at": rfc3339(sandbox.time),
            "resolved_at": rfc3339(sandbox.minute(3)),
        }),
    );
    assert_eq!(alerts[0]["grouping"]["decision"], "ignored");
    assert_eq!(sandbox.incidents().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_alert_that_fires_at_the_time_of_an_earlier_resolution_is_resolved() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver_without_effect(&monitor.resolved()).await;
    assert_members(&sandbox.deliver(&monitor).await[0], &json!({ "status": "resolved", "incident_id": null }));
}

#[tokio::test]
async fn an_alert_that_fires_after_an_earlier_resolution_is_firing() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver_without_effect(&monitor.resolved()).await;
    let alerts = sandbox.deliver(&monitor.again().at(sandbox.minute(1))).await;
    assert_eq!(alerts[0]["status"], "firing");
    assert_eq!(sandbox.incidents().await.len(), 1);
}

#[tokio::test]
async fn a_late_repeat_from_before_the_resolution_does_not_fire_again() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(10))).await;
    let alerts = sandbox.deliver(&monitor.again().with("transition", "Renotify").at(sandbox.minute(5))).await;
    assert_eq!(alerts.iter().filter(|alert| alert["status"] == "firing").count(), 0, "{alerts:#?}");
    assert_eq!(sandbox.incidents().await.len(), 1);
}

#[tokio::test]
async fn the_history_records_the_resolution_of_the_last_firing_alert() {
    let sandbox = Sandbox::new();
    let one = sandbox.monitor();
    let other = one.from_another_monitor();
    sandbox.deliver(&one).await;
    sandbox.deliver(&other).await;
    let alerts = sandbox.deliver(&one.resolved().at(sandbox.minute(3))).await;
    let recorded = async || {
        let detail = sandbox.incident_of(&alerts[0]).await;
        let actions = detail["actions"].as_array().unwrap().clone();
        actions.into_iter().filter(|action| action["type"] == "alerts_resolved").collect::<Vec<_>>()
    };
    assert_eq!(recorded().await, Vec::<Value>::new(), "one still fires");

    sandbox.deliver(&other.resolved().at(sandbox.minute(4))).await;
    let resolved = recorded().await;
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0]["actor"], "incident-review");
}

#[tokio::test]
async fn a_repeat_at_a_higher_severity_raises_alert_and_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().priority("P3");
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.again().priority("P1").at(sandbox.minute(1))).await;
    assert_members(&alerts[0], &json!({ "severity": "critical", "occurrences": 2 }));
    assert_eq!(sandbox.incidents().await[0]["severity"], "critical");
}

#[tokio::test]
async fn a_late_resolution_splits_an_alert_that_fired_before_and_after_it() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.again().with("title", "[Triggered] again").at(sandbox.minute(8))).await;
    sandbox.send(&monitor.resolved().at(sandbox.minute(4))).await;
    // A list reads several partitions. It may see one of the two alerts before the other.
    let is_split = |alerts: &[Value]| alerts.len() == 2 && alerts.iter().any(|alert| alert["status"] == "resolved");
    let alerts = sandbox.alerts_when("two alerts, one resolved", is_split).await;
    let (resolved, firing): (Vec<Value>, Vec<Value>) =
        alerts.into_iter().partition(|alert| alert["status"] == "resolved");
    assert_members(
        &resolved[0],
        &json!({
            "occurred_at": rfc3339(sandbox.time),
            "last_seen_at": rfc3339(sandbox.time),
            "resolved_at": rfc3339(sandbox.minute(4)),
            "occurrences": 1,
        }),
    );
    assert_members(
        &firing[0],
        &json!({
            "title": "again",
            "occurred_at": rfc3339(sandbox.minute(8)),
            "resolved_at": null,
            "occurrences": 1,
            "incident_id": resolved[0]["incident_id"],
        }),
    );
    assert!(firing[0]["grouping"]["reason"].as_str().unwrap().contains(resolved[0]["id"].as_str().unwrap()));
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["alert_count"], 2);
}

#[tokio::test]
async fn an_alert_shows_its_earliest_event_even_if_that_arrives_late() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor.clone().with("title", "[Re-Triggered] disk").at(sandbox.minute(6))).await;
    let alerts = sandbox.deliver(&monitor.again().with("title", "[Triggered] disk is full").priority("P4")).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "title": "disk is full",
            "occurred_at": rfc3339(sandbox.time),
            "last_seen_at": rfc3339(sandbox.minute(6)),
            "occurrences": 2,
            "severity": "error",
        }),
    );
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 1);
}
