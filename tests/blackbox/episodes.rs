//! The life of an alert: firing, repeated, recovered, firing again.

use serde_json::{Value, json};
use tests::{Scene, assert_members, rfc3339};

#[tokio::test]
async fn a_first_firing_delivery_is_an_alert_and_an_incident() {
    let scene = Scene::new();
    let alerts = scene.deliver(&scene.monitor()).await;
    assert_members(&alerts[0], &json!({ "status": "firing", "occurrences": 1, "resolved_at": null }));
    let incidents = scene.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["id"], alerts[0]["incident_id"]);
    assert_members(&incidents[0], &json!({ "status": "OPEN", "alert_count": 1 }));
}

#[tokio::test]
async fn a_repeat_is_counted_and_seen_later() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.again().with("transition", "Re-Triggered").at(scene.minute(10))).await;
    let alerts = scene.deliver(&monitor.again().with("transition", "Renotify").at(scene.minute(20))).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "status": "firing",
            "occurrences": 3,
            "occurred_at": rfc3339(scene.time),
            "last_seen_at": rfc3339(scene.minute(20)),
        }),
    );
    assert_eq!(scene.incidents().await[0]["alert_count"], 1, "a repeat is no alert of its own");
}

#[tokio::test]
async fn a_late_repeat_does_not_move_last_seen_back() {
    let scene = Scene::new();
    let monitor = scene.monitor().at(scene.minute(5));
    scene.deliver(&monitor).await;
    let alerts = scene.deliver(&monitor.again().at(scene.minute(2))).await;
    assert_members(&alerts[0], &json!({ "occurrences": 2, "last_seen_at": rfc3339(scene.minute(5)) }));
}

#[tokio::test]
async fn the_same_delivery_again_changes_nothing() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let incident = scene.incidents().await;
    scene.deliver_in_vain(&monitor).await;
    assert_eq!(scene.incidents().await, incident);
}

#[tokio::test]
async fn a_recovery_ends_the_alert_but_not_the_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let alerts = scene.deliver(&monitor.recovered().at(scene.minute(4))).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({ "status": "resolved", "resolved_at": rfc3339(scene.minute(4)), "occurrences": 1, "severity": "error" }),
    );
    let incidents = scene.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_members(&incidents[0], &json!({ "status": "OPEN", "resolved_at": null, "alert_count": 1 }));
}

#[tokio::test]
async fn firing_again_after_the_recovery_is_a_new_alert_of_the_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.recovered().at(scene.minute(4))).await;
    let alerts = scene.deliver(&monitor.again().at(scene.minute(8))).await;
    assert_eq!(alerts.len(), 2);
    assert_members(
        &alerts[0],
        &json!({ "status": "firing", "occurrences": 1, "occurred_at": rfc3339(scene.minute(8)), "resolved_at": null }),
    );
    assert_eq!(alerts[1]["status"], "resolved");
    assert_ne!(alerts[0]["id"], alerts[1]["id"]);
    assert_eq!(alerts[0]["dedup_key"], alerts[1]["dedup_key"]);
    assert_eq!(alerts[0]["incident_id"], alerts[1]["incident_id"]);
    assert_eq!(scene.incidents().await[0]["alert_count"], 2);
}

#[tokio::test]
async fn a_second_recovery_changes_nothing() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.recovered().at(scene.minute(4))).await;
    scene.deliver_in_vain(&monitor.recovered().at(scene.minute(6))).await;
}

#[tokio::test]
async fn a_recovery_never_opens_an_incident() {
    let scene = Scene::new();
    scene.deliver_in_vain(&scene.monitor().recovered()).await;
    assert_eq!(scene.incidents().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_trigger_that_arrives_after_its_recovery_is_a_resolved_alert_without_an_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver_in_vain(&monitor.recovered().at(scene.minute(3))).await;
    let alerts = scene.deliver(&monitor).await;
    assert_members(
        &alerts[0],
        &json!({
            "status": "resolved",
            "incident_id": null,
            "occurred_at": rfc3339(scene.time),
            "resolved_at": rfc3339(scene.minute(3)),
        }),
    );
    assert_eq!(alerts[0]["grouping"]["decision"], "ignored");
    assert_eq!(scene.incidents().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_trigger_at_the_time_of_a_recovery_that_came_first_is_over_already() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver_in_vain(&monitor.recovered()).await;
    assert_members(&scene.deliver(&monitor).await[0], &json!({ "status": "resolved", "incident_id": null }));
}

#[tokio::test]
async fn a_trigger_later_than_a_recovery_that_came_first_fires() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver_in_vain(&monitor.recovered()).await;
    let alerts = scene.deliver(&monitor.again().at(scene.minute(1))).await;
    assert_eq!(alerts[0]["status"], "firing");
    assert_eq!(scene.incidents().await.len(), 1);
}

#[tokio::test]
async fn a_repeat_from_before_the_recovery_does_not_fire_again() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.recovered().at(scene.minute(10))).await;
    let alerts = scene.deliver(&monitor.again().with("transition", "Renotify").at(scene.minute(5))).await;
    assert_eq!(alerts.iter().filter(|alert| alert["status"] == "firing").count(), 0, "{alerts:#?}");
    assert_eq!(scene.incidents().await.len(), 1);
}

#[tokio::test]
async fn the_recovery_of_the_last_firing_alert_is_recorded() {
    let scene = Scene::new();
    let one = scene.monitor();
    let other = one.from_another_monitor();
    scene.deliver(&one).await;
    scene.deliver(&other).await;
    let alerts = scene.deliver(&one.recovered().at(scene.minute(3))).await;
    let recorded = async || {
        let detail = scene.incident_of(&alerts[0]).await;
        let actions = detail["actions"].as_array().unwrap().clone();
        actions.into_iter().filter(|action| action["type"] == "alerts_resolved").collect::<Vec<_>>()
    };
    assert_eq!(recorded().await, Vec::<Value>::new(), "one still fires");

    scene.deliver(&other.recovered().at(scene.minute(4))).await;
    let recovered = recorded().await;
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0]["actor"], "incident-review");
}

#[tokio::test]
async fn a_repeat_at_a_higher_severity_raises_alert_and_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor().priority("P3");
    scene.deliver(&monitor).await;
    let alerts = scene.deliver(&monitor.again().priority("P1").at(scene.minute(1))).await;
    assert_members(&alerts[0], &json!({ "severity": "critical", "occurrences": 2 }));
    assert_eq!(scene.incidents().await[0]["severity"], "critical");
}

#[tokio::test]
async fn a_recovery_that_a_later_trigger_overtook_ends_what_fired_before_it() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.again().with("title", "[Triggered] again").at(scene.minute(8))).await;
    scene.send(&monitor.recovered().at(scene.minute(4))).await;
    // Lists read several partitions, and may see one of the two before the other.
    let is_split = |alerts: &[Value]| alerts.len() == 2 && alerts.iter().any(|alert| alert["status"] == "resolved");
    let alerts = scene.alerts_when("two alerts, one resolved", is_split).await;
    let (resolved, firing): (Vec<Value>, Vec<Value>) =
        alerts.into_iter().partition(|alert| alert["status"] == "resolved");
    assert_members(
        &resolved[0],
        &json!({
            "occurred_at": rfc3339(scene.time),
            "last_seen_at": rfc3339(scene.time),
            "resolved_at": rfc3339(scene.minute(4)),
            "occurrences": 1,
        }),
    );
    assert_members(
        &firing[0],
        &json!({
            "title": "[Triggered] again",
            "occurred_at": rfc3339(scene.minute(8)),
            "resolved_at": null,
            "occurrences": 1,
            "incident_id": resolved[0]["incident_id"],
        }),
    );
    assert!(firing[0]["grouping"]["reason"].as_str().unwrap().contains(resolved[0]["id"].as_str().unwrap()));
    let incidents = scene.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["alert_count"], 2);
}

#[tokio::test]
async fn an_alert_says_what_its_earliest_trigger_says_however_late_that_arrives() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor.clone().with("title", "[Re-Triggered] disk").at(scene.minute(6))).await;
    let alerts = scene.deliver(&monitor.again().with("title", "[Triggered] disk").priority("P4")).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "title": "[Triggered] disk",
            "occurred_at": rfc3339(scene.time),
            "last_seen_at": rfc3339(scene.minute(6)),
            "occurrences": 2,
            "severity": "error",
        }),
    );
    assert_eq!(scene.incidents().await[0]["alert_count"], 1);
}
