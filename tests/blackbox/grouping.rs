//! Which alerts become one incident, and the reason that is given.

use jiff::ToSpan;
use serde_json::{Value, json};
use tests::{Scene, assert_members, in_order, now, rfc3339, sentry::Issue, strings};

/// Asserts that the newest alert joined the incident of the oldest by a rule.
#[track_caller]
fn assert_joined(alerts: &[Value], rule: &str, window_minutes: u32) {
    let (newest, oldest) = (&alerts[0], &alerts[alerts.len() - 1]);
    assert_ne!(newest["id"], oldest["id"], "there is only one alert");
    assert_eq!(newest["incident_id"], oldest["incident_id"], "{newest:#}");
    let grouping = &newest["grouping"];
    assert_members(grouping, &json!({ "decision": "joined", "rule": rule, "window_minutes": window_minutes }));
    assert!(grouping["key"].as_str().is_some_and(|key| !key.is_empty()), "{grouping}");
    assert!(grouping["reason"].as_str().is_some_and(|reason| reason.contains(' ')), "{grouping}");
}

/// Asserts that the newest alert opened an incident of its own.
#[track_caller]
fn assert_opened(alerts: &[Value]) {
    let newest = &alerts[0];
    assert_eq!(newest["grouping"]["decision"], "opened", "{newest:#}");
    assert!(newest["grouping"]["reason"].as_str().is_some_and(|reason| reason.contains(' ')), "{newest:#}");
    assert!(newest["incident_id"].is_string());
    for other in &alerts[1..] {
        assert_ne!(newest["incident_id"], other["incident_id"]);
    }
}

#[tokio::test]
async fn an_alert_that_matches_nothing_opens_an_incident() {
    let scene = Scene::new();
    let alerts = scene.deliver(&scene.monitor()).await;
    assert_opened(&alerts);
    assert_eq!(alerts[0]["grouping"]["rule"], Value::Null);
    let incident = &scene.incident_of(&alerts[0]).await["incident"];
    assert_members(
        incident,
        &json!({
            "title": alerts[0]["title"],
            "status": "OPEN",
            "severity": "error",
            "services": [scene.service],
            "sources": ["datadog"],
            "team": scene.team,
            "environment": scene.environment,
            "alert_count": 1,
            "last_alert_at": rfc3339(scene.time),
            "recurrence_of": null,
            "acknowledged_at": null,
            "resolved_at": null,
            "closed_at": null,
        }),
    );
}

#[tokio::test]
async fn the_same_monitor_and_scope_joins_within_30_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.recovered().at(scene.minute(5))).await;
    let alerts = scene.deliver(&monitor.in_a_new_cycle().at(scene.minute(29))).await;
    assert_joined(&alerts, "source_key", 30);
}

#[tokio::test]
async fn the_same_monitor_and_scope_opens_anew_after_30_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.recovered().at(scene.minute(5))).await;
    assert_opened(&scene.deliver(&monitor.in_a_new_cycle().at(scene.minute(31))).await);
}

#[tokio::test]
async fn the_same_sentry_issue_joins_within_30_minutes() {
    let scene = Scene::new();
    let issue = Issue::of(&scene);
    scene.deliver(&issue.event_alert(now() - 12.minutes())).await;
    scene.deliver(&issue.resolved(now())).await;
    // In another service, so that only the issue itself links the two.
    let url = format!("https://sentry.io/api/0/projects/larkspur/{}/events/1/", scene.other_service("moved"));
    let alerts = scene.deliver(&issue.event_alert(now() + 1.minute()).with("/data/event/url", url)).await;
    assert_eq!(alerts.len(), 2);
    assert_joined(&alerts, "source_key", 30);
}

#[tokio::test]
async fn another_monitor_on_the_same_service_joins_within_30_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(29))).await;
    assert_joined(&alerts, "service", 30);
    assert!(alerts[0]["grouping"]["key"].as_str().unwrap().contains(&scene.service));
}

#[tokio::test]
async fn another_monitor_on_the_same_service_opens_anew_after_30_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    assert_opened(&scene.deliver(&monitor.from_another_monitor().at(scene.minute(31))).await);
}

#[tokio::test]
async fn the_window_moves_with_the_incidents_last_alert() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.from_another_monitor().at(scene.minute(25))).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(50))).await;
    assert_joined(&alerts, "service", 30);
    assert_eq!(scene.incidents().await.len(), 1);
}

#[tokio::test]
async fn the_same_service_in_another_environment_is_another_incident() {
    let scene = Scene::new();
    let elsewhere = scene.elsewhere().of_service(&scene.service);
    scene.deliver(&scene.monitor()).await;
    let alerts = elsewhere.deliver(&elsewhere.monitor()).await;
    assert_opened(&alerts);
    assert_eq!(scene.incidents().await.len(), 2);
}

#[tokio::test]
async fn another_service_of_the_environment_joins_within_5_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let other = scene.other_service("search");
    let alerts = scene.deliver(&monitor.from_another_monitor().service(&other).at(scene.minute(4))).await;
    assert_joined(&alerts, "cascade", 5);
    let incident = &scene.incident_of(&alerts[0]).await["incident"];
    let mut services = strings(&incident["services"]);
    services.sort_unstable();
    assert_eq!(services, [&scene.service, &other]);
}

#[tokio::test]
async fn another_service_of_the_environment_opens_anew_after_5_minutes() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let other = monitor.from_another_monitor().service(&scene.other_service("search")).at(scene.minute(6));
    assert_opened(&scene.deliver(&other).await);
}

#[tokio::test]
async fn an_unknown_service_matches_nothing_by_service() {
    let scene = Scene::new().of_any_service();
    let nameless = scene.monitor().untagged("service").with("scope", "*");
    scene.deliver(&nameless).await;
    let alerts = scene.deliver(&nameless.from_another_monitor().at(scene.minute(10))).await;
    assert_eq!(alerts[0]["service"], Value::Null);
    assert_opened(&alerts);
}

#[tokio::test]
async fn the_service_decides_before_the_cascade() {
    let scene = Scene::new();
    let first = scene.monitor();
    let first_alert = scene.deliver(&first).await.remove(0);
    let second = first.from_another_monitor().service(&scene.other_service("search")).at(scene.minute(10));
    assert_opened(&scene.deliver(&second).await);

    let third = first.from_another_monitor().at(scene.minute(12));
    let alerts = scene.deliver(&third).await;
    assert_eq!(alerts[0]["incident_id"], first_alert["incident_id"]);
    assert_eq!(alerts[0]["grouping"]["rule"], "service");
}

#[tokio::test]
async fn the_sources_key_decides_before_the_service() {
    let scene = Scene::new();
    let first = scene.monitor();
    let first_alert = scene.deliver(&first).await.remove(0);
    let other_service = scene.other_service("search");
    let second = first.from_another_monitor().service(&other_service).at(scene.minute(10));
    assert_opened(&scene.deliver(&second).await);

    let third = first.in_a_new_cycle().tag("service", &other_service).at(scene.minute(12));
    let alerts = scene.deliver(&third).await;
    assert_eq!(alerts[0]["incident_id"], first_alert["incident_id"]);
    assert_eq!(alerts[0]["grouping"]["rule"], "source_key");
}

#[tokio::test]
async fn a_late_alert_lands_where_it_belongs() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    let early = scene.deliver(&monitor).await.remove(0);
    assert_opened(&scene.deliver(&monitor.from_another_monitor().at(scene.minute(50))).await);
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(2))).await;
    assert_eq!(alerts[0]["incident_id"], early["incident_id"]);
}

#[tokio::test]
async fn an_alert_from_long_before_does_not_join_a_later_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor.clone().at(scene.minute(50))).await;
    assert_opened(&scene.deliver(&monitor.from_another_monitor()).await);
}

#[tokio::test]
async fn an_alert_that_is_a_little_late_does_not_move_last_alert_at_back() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor.clone().at(scene.minute(10))).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(5))).await;
    assert_joined(&alerts, "service", 30);
    assert_members(
        &scene.incidents().await[0],
        &json!({ "alert_count": 2, "last_alert_at": rfc3339(scene.minute(10)) }),
    );
}

#[tokio::test]
async fn a_joining_alert_raises_the_severity_and_says_so() {
    let scene = Scene::new();
    let monitor = scene.monitor().priority("P3");
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.from_another_monitor().priority("P1")).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().priority("P4")).await;
    let detail = scene.incident_of(&alerts[0]).await;
    assert_eq!(detail["incident"]["severity"], "critical", "and a lower one does not lower it");

    let raised: Vec<&Value> =
        detail["actions"].as_array().unwrap().iter().filter(|action| action["type"] == "severity_raised").collect();
    assert_eq!(raised.len(), 1);
    assert_members(&raised[0]["details"], &json!({ "from": "warning", "to": "critical" }));
}

#[tokio::test]
async fn both_sources_alerts_of_a_service_are_one_incident() {
    let scene = Scene::new();
    scene.deliver(&scene.monitor()).await;
    let alerts = scene.deliver(&Issue::of(&scene).event_alert(scene.minute(3))).await;
    assert_joined(&alerts, "service", 30);
    let incident = &scene.incident_of(&alerts[0]).await["incident"];
    let mut sources = strings(&incident["sources"]);
    sources.sort_unstable();
    assert_eq!(sources, ["datadog", "sentry"]);
    assert_members(incident, &json!({ "services": [scene.service], "alert_count": 2 }));
}

#[tokio::test]
async fn team_and_environment_are_those_of_the_first_alert() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().tag("team", "latecomers")).await;
    assert_eq!(alerts[0]["team"], "latecomers");
    assert_eq!(scene.incident_of(&alerts[0]).await["incident"]["team"], *scene.team);
}

#[tokio::test]
async fn an_incident_under_investigation_is_joined() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    let incident = scene.an_incident().await;
    scene.api.move_to(&incident, "INVESTIGATING").await;
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(1))).await;
    assert_eq!(alerts[0]["incident_id"], *incident);
    assert_eq!(scene.api.detail(&incident).await["incident"]["status"], "INVESTIGATING");
}

#[tokio::test]
async fn an_alert_after_the_incident_was_resolved_opens_a_recurrence() {
    for last_status in ["RESOLVED", "CLOSED"] {
        let scene = Scene::new();
        let monitor = scene.monitor();
        let alerts = scene.deliver(&monitor).await;
        let earlier = alerts[0]["incident_id"].as_str().unwrap();
        for status in ["INVESTIGATING", "RESOLVED", "CLOSED"] {
            scene.api.move_to(earlier, status).await;
            if status == last_status {
                break;
            }
        }
        let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(10))).await;
        assert_opened(&alerts);
        assert_eq!(alerts[0]["grouping"]["rule"], "service", "what told the earlier incident");
        let incident = &scene.incident_of(&alerts[0]).await["incident"];
        assert_members(incident, &json!({ "recurrence_of": earlier, "status": "OPEN", "alert_count": 1 }));
    }
}

#[tokio::test]
async fn a_recurrence_of_the_same_monitor_names_the_earlier_incident() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    let alerts = scene.deliver(&monitor).await;
    let earlier = alerts[0]["incident_id"].as_str().unwrap();
    scene.deliver(&monitor.recovered().at(scene.minute(2))).await;
    scene.api.move_to(earlier, "INVESTIGATING").await;
    scene.api.move_to(earlier, "RESOLVED").await;
    let alerts = scene.deliver(&monitor.in_a_new_cycle().at(scene.minute(5))).await;
    assert_opened(&alerts);
    assert_eq!(alerts[0]["grouping"]["rule"], "source_key", "what told the earlier incident");
    assert_eq!(scene.incident_of(&alerts[0]).await["incident"]["recurrence_of"], earlier);
}

#[tokio::test]
async fn a_recovery_after_the_incident_was_closed_still_ends_its_alert() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    let alerts = scene.deliver(&monitor).await;
    let incident = alerts[0]["incident_id"].as_str().unwrap();
    for status in ["INVESTIGATING", "RESOLVED", "CLOSED"] {
        scene.api.move_to(incident, status).await;
    }
    let alerts = scene.deliver(&monitor.recovered().at(scene.minute(20))).await;
    assert_eq!(alerts[0]["status"], "resolved");
    assert_eq!(scene.api.detail(incident).await["incident"]["status"], "CLOSED");
}

#[tokio::test]
async fn the_history_tells_how_the_incident_grew() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.from_another_monitor().at(scene.minute(1))).await;
    let alerts = scene.deliver(&monitor.from_another_monitor().at(scene.minute(2))).await;
    let detail = scene.incident_of(&alerts[0]).await;
    let actions = detail["actions"].as_array().unwrap();
    let types: Vec<&str> = actions.iter().map(|action| action["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["alert_joined", "alert_joined", "incident_opened"]);
    assert!(actions.iter().all(|action| action["actor"] == "incident-review"));
    let mut oldest_first = actions.clone();
    oldest_first.reverse();
    assert!(in_order(&oldest_first, "at") && in_order(&oldest_first, "id"));
}
