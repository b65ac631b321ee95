//! Which alerts join one incident, and the reason that the alert gives.

use jiff::ToSpan;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Sandbox, assert_members, in_order, now, rfc3339, sentry::Issue, strings};

/// Asserts that the newest alert joined the incident of the oldest by a rule.
#[track_caller]
fn assert_joined(alerts: &[Value], rule: &str) {
    let (newest, oldest) = (&alerts[0], &alerts[alerts.len() - 1]);
    assert_ne!(newest["id"], oldest["id"], "there is only one alert");
    assert_eq!(newest["incident_id"], oldest["incident_id"], "{newest:#}");
    let grouping = &newest["grouping"];
    assert_members(grouping, &json!({ "decision": "joined", "rule": rule }));
    assert_eq!(grouping["key"].is_string(), rule == "source_key", "{grouping}");
    assert_eq!(grouping["evidence"].is_object(), rule == "evidence", "{grouping}");
    assert!(grouping["reason"].as_str().is_some_and(|reason| reason.starts_with("Joined: ")), "{grouping}");
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
    let sandbox = Sandbox::new();
    let alerts = sandbox.deliver(&sandbox.monitor()).await;
    assert_opened(&alerts);
    assert_eq!(alerts[0]["grouping"]["rule"], Value::Null);
    let incident = &sandbox.incident_of(&alerts[0]).await["incident"];
    assert_members(
        incident,
        &json!({
            "title": alerts[0]["title"],
            "status": "OPEN",
            "severity": "error",
            "services": [sandbox.service],
            "sources": ["datadog"],
            "team": sandbox.team,
            "environment": sandbox.environment,
            "alert_count": 1,
            "last_alert_at": rfc3339(sandbox.time),
            "recurrence_of": null,
            "acknowledged_at": null,
            "resolved_at": null,
            "closed_at": null,
        }),
    );
}

#[tokio::test]
async fn the_same_monitor_and_scope_joins_within_10_minutes_of_its_resolution() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(15))).await;
    let alerts = sandbox.deliver(&monitor.in_a_new_cycle().at(sandbox.minute(25))).await;
    assert_joined(&alerts, "source_key");
}

#[tokio::test]
async fn the_same_monitor_and_scope_opens_anew_after_10_minutes() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(15))).await;
    assert_opened(&sandbox.deliver(&monitor.in_a_new_cycle().at(sandbox.minute(26))).await);
}

#[tokio::test]
async fn the_same_sentry_issue_joins_soon_after_it_was_resolved() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.event_alert(now() - 12.minutes())).await;
    sandbox.deliver(&issue.resolved(now())).await;
    // In another service, so that only the issue itself links the two.
    let url = format!("https://sentry.io/api/0/projects/larkspur/{}/events/1/", sandbox.another_service("moved"));
    let alerts = sandbox.deliver(&issue.event_alert(now() + 1.minute()).with("/data/event/url", url)).await;
    assert_eq!(alerts.len(), 2);
    assert_joined(&alerts, "source_key");
}

#[tokio::test]
async fn another_monitor_on_the_same_service_joins_soon_and_says_why() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(3))).await;
    assert_joined(&alerts, "evidence");
    let evidence = &alerts[0]["grouping"]["evidence"];
    assert_members(
        evidence,
        &json!({ "usual_delay_seconds": 0, "spread_minutes": 1.5, "needed": -2.0, "runner_up": null }),
    );
    let best = json!({
        "incident_id": alerts[0]["incident_id"],
        "score": -1.5,
        "parts": [
            { "kind": "after", "seconds": 180, "points": -2.0 },
            { "kind": "same_service", "points": 0.5 },
        ],
    });
    assert_eq!(evidence["best"], best);
    let history = sandbox.incident_of(&alerts[0]).await;
    let joined = &history["actions"][0];
    assert_eq!(joined["details"]["reason"], alerts[0]["grouping"]["reason"], "{joined:#}");
}

#[tokio::test]
async fn another_monitor_on_the_same_service_opens_anew_after_minutes_and_says_why() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let first = sandbox.deliver(&monitor).await.remove(0);
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(6))).await;
    assert_opened(&alerts);
    let best = &alerts[0]["grouping"]["evidence"]["best"];
    assert_members(best, &json!({ "incident_id": first["incident_id"], "score": -3.5 }));
}

#[tokio::test]
async fn an_incident_takes_in_problems_that_follow_each_other_but_not_for_ever() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let first = sandbox.deliver(&monitor).await.remove(0);
    let mut incidents = vec![first["incident_id"].clone()];
    for number in 1..=8 {
        let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(2 * number))).await;
        incidents.push(alerts[0]["incident_id"].clone());
    }
    // The span of 6.5 min is followed by alerts that lose more and more: at 10 min too much.
    let own = incidents.iter().filter(|id| **id == incidents[0]).count();
    assert_eq!(own, 5, "{incidents:?}");
    assert_eq!(sandbox.incidents().await.len(), 2);
}

#[tokio::test]
async fn the_same_service_in_another_environment_is_another_incident() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.in_another_environment().with_service(&sandbox.service);
    sandbox.deliver(&sandbox.monitor()).await;
    let alerts = elsewhere.deliver(&elsewhere.monitor()).await;
    assert_opened(&alerts);
    assert_eq!(sandbox.incidents().await.len(), 2);
}

#[tokio::test]
async fn another_service_of_the_environment_joins_moments_later() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let other = sandbox.another_service("search");
    let alerts = sandbox.deliver(&monitor.from_another_monitor().service(&other).at(sandbox.minute(1))).await;
    assert_joined(&alerts, "evidence");
    assert_eq!(alerts[0]["grouping"]["evidence"]["best"]["parts"][1], json!({ "kind": "undeclared", "points": -1.0 }));
    let incident = &sandbox.incident_of(&alerts[0]).await["incident"];
    let mut services = strings(&incident["services"]);
    services.sort_unstable();
    assert_eq!(services, [&sandbox.service, &other]);
}

#[tokio::test]
async fn another_service_of_the_environment_opens_anew_after_two_minutes() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let other = monitor.from_another_monitor().service(&sandbox.another_service("search")).at(sandbox.minute(2));
    assert_opened(&sandbox.deliver(&other).await);
}

#[tokio::test]
async fn alerts_without_a_service_join_by_time_alone() {
    let sandbox = Sandbox::new().watching_every_service();
    let nameless = sandbox.monitor().without_tag("service").with("scope", "*");
    sandbox.deliver(&nameless).await;
    let alerts = sandbox.deliver(&nameless.from_another_monitor().at(sandbox.minute(3))).await;
    assert_eq!(alerts[0]["service"], Value::Null);
    assert_joined(&alerts, "evidence");
    assert_opened(&sandbox.deliver(&nameless.from_another_monitor().at(sandbox.minute(10))).await);
}

#[tokio::test]
async fn of_two_incidents_the_one_with_more_evidence_is_joined() {
    let sandbox = Sandbox::new();
    let first = sandbox.monitor();
    let first_alert = sandbox.deliver(&first).await.remove(0);
    let second = first.from_another_monitor().service(&sandbox.another_service("search")).at(sandbox.minute(2));
    assert_opened(&sandbox.deliver(&second).await);

    let third = first.from_another_monitor().at(sandbox.minute(2));
    let alerts = sandbox.deliver(&third).await;
    assert_eq!(alerts[0]["incident_id"], first_alert["incident_id"]);
    let evidence = &alerts[0]["grouping"]["evidence"];
    assert_eq!(evidence["best"]["incident_id"], first_alert["incident_id"]);
    assert_members(&evidence["runner_up"], &json!({ "score": -1.0 }));
}

#[tokio::test]
async fn the_sources_key_wins_over_the_evidence_unless_that_is_strong() {
    let sandbox = Sandbox::new();
    let first = sandbox.monitor();
    let first_alert = sandbox.deliver(&first).await.remove(0);
    let other = first.from_another_monitor().service(&sandbox.another_service("search")).at(sandbox.minute(8));
    assert_opened(&sandbox.deliver(&other).await);
    let again = sandbox.deliver(&first.in_a_new_cycle().at(sandbox.minute(9))).await;
    assert_eq!(again[0]["incident_id"], first_alert["incident_id"]);
    assert_eq!(again[0]["grouping"]["rule"], "source_key");

    // Soon after another problem of its service, and long after its own: it is of the new outage.
    let outage = sandbox.deliver(&first.from_another_monitor().at(sandbox.minute(14))).await;
    assert_opened(&outage);
    let alerts = sandbox.deliver(&first.in_a_new_cycle().at(sandbox.minute(15))).await;
    assert_eq!(alerts[0]["grouping"]["rule"], "evidence", "{}", alerts[0]["grouping"]);
    assert_eq!(alerts[0]["incident_id"], outage[0]["incident_id"]);
}

#[tokio::test]
async fn a_late_alert_joins_the_incident_of_its_own_time() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let early = sandbox.deliver(&monitor).await.remove(0);
    assert_opened(&sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(50))).await);
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(2))).await;
    assert_eq!(alerts[0]["incident_id"], early["incident_id"]);
}

#[tokio::test]
async fn an_alert_from_long_before_does_not_join_a_later_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor.clone().at(sandbox.minute(50))).await;
    assert_opened(&sandbox.deliver(&monitor.from_another_monitor()).await);
}

#[tokio::test]
async fn an_alert_that_is_a_little_late_does_not_move_last_alert_at_back() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor.clone().at(sandbox.minute(10))).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(8))).await;
    assert_joined(&alerts, "evidence");
    assert_members(
        &sandbox.incidents().await[0],
        &json!({ "alert_count": 2, "last_alert_at": rfc3339(sandbox.minute(10)) }),
    );
}

#[tokio::test]
async fn an_alert_that_joins_raises_the_severity_and_the_history_records_it() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().priority("P3");
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.from_another_monitor().priority("P1")).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().priority("P4")).await;
    let detail = sandbox.incident_of(&alerts[0]).await;
    assert_eq!(detail["incident"]["severity"], "critical", "and a lower one does not lower it");

    let raised: Vec<&Value> =
        detail["actions"].as_array().unwrap().iter().filter(|action| action["type"] == "severity_raised").collect();
    assert_eq!(raised.len(), 1);
    assert_members(&raised[0]["details"], &json!({ "from": "warning", "to": "critical" }));
}

#[tokio::test]
async fn datadog_and_sentry_alerts_of_a_service_share_one_incident() {
    let sandbox = Sandbox::new();
    sandbox.deliver(&sandbox.monitor()).await;
    let alerts = sandbox.deliver(&Issue::of(&sandbox).event_alert(sandbox.minute(3))).await;
    assert_joined(&alerts, "evidence");
    let incident = &sandbox.incident_of(&alerts[0]).await["incident"];
    let mut sources = strings(&incident["sources"]);
    sources.sort_unstable();
    assert_eq!(sources, ["datadog", "sentry"]);
    assert_members(incident, &json!({ "services": [sandbox.service], "alert_count": 2 }));
}

#[tokio::test]
async fn an_incident_keeps_the_team_of_its_first_alert() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().tag("team", "latecomers")).await;
    assert_eq!(alerts[0]["team"], "latecomers");
    assert_eq!(sandbox.incident_of(&alerts[0]).await["incident"]["team"], *sandbox.team);
}

#[tokio::test]
async fn an_alert_joins_an_incident_under_investigation() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let incident = sandbox.open_incident().await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(1))).await;
    assert_eq!(alerts[0]["incident_id"], *incident);
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["status"], "INVESTIGATING");
}

#[rstest]
#[case::resolved(&["INVESTIGATING", "RESOLVED"])]
#[case::closed(&["INVESTIGATING", "RESOLVED", "CLOSED"])]
#[tokio::test]
async fn an_alert_after_the_incident_was_resolved_opens_a_recurrence(#[case] steps: &[&str]) {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alerts = sandbox.deliver(&monitor).await;
    let earlier = alerts[0]["incident_id"].as_str().unwrap();
    for status in steps {
        sandbox.api.change_status(earlier, status).await;
    }
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(10))).await;
    assert_opened(&alerts);
    assert_eq!(alerts[0]["grouping"]["rule"], "service", "the rule that found the earlier incident");
    let incident = &sandbox.incident_of(&alerts[0]).await["incident"];
    assert_members(incident, &json!({ "recurrence_of": earlier, "status": "OPEN", "alert_count": 1 }));
}

#[tokio::test]
async fn a_recurrence_of_the_same_monitor_names_the_earlier_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alerts = sandbox.deliver(&monitor).await;
    let earlier = alerts[0]["incident_id"].as_str().unwrap();
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(2))).await;
    sandbox.api.change_status(earlier, "INVESTIGATING").await;
    sandbox.api.change_status(earlier, "RESOLVED").await;
    let alerts = sandbox.deliver(&monitor.in_a_new_cycle().at(sandbox.minute(5))).await;
    assert_opened(&alerts);
    assert_eq!(alerts[0]["grouping"]["rule"], "source_key", "the rule that found the earlier incident");
    assert_eq!(sandbox.incident_of(&alerts[0]).await["incident"]["recurrence_of"], earlier);
}

#[tokio::test]
async fn a_resolution_after_the_incident_was_closed_resolves_its_alert() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let alerts = sandbox.deliver(&monitor).await;
    let incident = alerts[0]["incident_id"].as_str().unwrap();
    for status in ["INVESTIGATING", "RESOLVED", "CLOSED"] {
        sandbox.api.change_status(incident, status).await;
    }
    let alerts = sandbox.deliver(&monitor.resolved().at(sandbox.minute(20))).await;
    assert_eq!(alerts[0]["status"], "resolved");
    assert_eq!(sandbox.api.detail(incident).await["incident"]["status"], "CLOSED");
}

#[tokio::test]
async fn the_history_records_the_opening_and_each_alert_that_joins() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(1))).await;
    let alerts = sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(2))).await;
    let detail = sandbox.incident_of(&alerts[0]).await;
    let actions = detail["actions"].as_array().unwrap();
    let types: Vec<&str> = actions.iter().map(|action| action["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["alert_joined", "alert_joined", "incident_opened"]);
    assert!(actions.iter().all(|action| action["actor"] == "incident-review"));
    let mut oldest_first = actions.clone();
    oldest_first.reverse();
    assert!(in_order(&oldest_first, "at") && in_order(&oldest_first, "id"));
}
