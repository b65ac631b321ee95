//! `GET /alerts`: what a list item shows and what the filters leave.

use serde_json::{Value, json};
use tests::{Sandbox, assert_members, assert_only_members, sentry::Issue};

const MEMBERS: [&str; 21] = [
    "id",
    "source",
    "external_id",
    "dedup_key",
    "title",
    "message",
    "severity",
    "status",
    "service",
    "environment",
    "team",
    "tags",
    "link",
    "occurred_at",
    "created_at",
    "last_seen_at",
    "resolved_at",
    "occurrences",
    "incident_id",
    "classification",
    "grouping",
];

/// A sandbox with one alert of each source, Datadog's first: it is resolved, and of severity error.
async fn two_alerts() -> (Sandbox, Vec<Value>) {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(1))).await;
    let alerts = sandbox.deliver(&Issue::of(&sandbox).level("warning").event_alert(sandbox.minute(2))).await;
    assert_eq!(alerts.len(), 2);
    (sandbox, alerts)
}

/// How many of the sandbox's alerts a filter leaves, and their sources, newest first.
async fn sources(sandbox: &Sandbox, filter: &str) -> Vec<String> {
    let path = format!("/alerts?environment={}&{filter}", sandbox.environment);
    let alerts = sandbox.api.all_items(&path).await;
    alerts.iter().map(|alert| alert["source"].as_str().expect("a source").to_owned()).collect()
}

#[tokio::test]
async fn an_item_has_exactly_its_members() {
    let (_, alerts) = two_alerts().await;
    for alert in &alerts {
        assert_only_members(alert, &MEMBERS);
        assert_only_members(&alert["grouping"], &["decision", "rule", "key", "window_minutes", "reason"]);
        assert_only_members(&alert["classification"], &["severity", "team", "service", "environment"]);
    }
}

#[tokio::test]
async fn a_page_has_exactly_its_members() {
    let (sandbox, _) = two_alerts().await;
    let page = sandbox.api.get(&format!("/alerts?environment={}", sandbox.environment)).await.expect(200);
    assert_eq!(page.header("content-type"), Some("application/json"));
    assert_only_members(&page.json(), &["items", "total", "limit", "offset", "next_cursor"]);
    assert_members(&page.json(), &json!({ "total": 2, "limit": 50, "offset": 0, "next_cursor": null }));
}

#[tokio::test]
async fn alerts_filter_by_source_severity_and_status() {
    let (sandbox, _) = two_alerts().await;
    for (filter, expected) in [
        ("source=sentry", &["sentry"][..]),
        ("source=Datadog", &["datadog"]),
        ("source=datadog,sentry", &["sentry", "datadog"]),
        ("severity=error", &["datadog"]),
        ("severity=WARNING,critical", &["sentry"]),
        ("severity=error&severity=warning", &["sentry", "datadog"]),
        ("severity=info", &[]),
        ("status=firing", &["sentry"]),
        ("status=Resolved", &["datadog"]),
        ("status=firing,resolved", &["sentry", "datadog"]),
        ("status=firing&severity=error", &[]),
        ("status=resolved&severity=error&source=datadog", &["datadog"]),
    ] {
        assert_eq!(sources(&sandbox, filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn alerts_filter_by_service_environment_and_incident() {
    let (sandbox, alerts) = two_alerts().await;
    let other = sandbox.another_service("search");
    let newest = sandbox.deliver(&sandbox.monitor().service(&other).at(sandbox.minute(20))).await.remove(0);
    let total = async |filter: String| sandbox.api.page(&format!("/alerts?{filter}")).await.total;
    assert_eq!(total(format!("service={}", sandbox.service)).await, 2);
    assert_eq!(total(format!("service={}", other.to_uppercase())).await, 1);
    assert_eq!(total(format!("service={other},{}", sandbox.service)).await, 3);
    assert_eq!(total(format!("environment={}", sandbox.environment.to_uppercase())).await, 3);
    assert_eq!(total(format!("environment={}x", sandbox.environment)).await, 0);

    let (first, second) = (alerts[0]["incident_id"].as_str().unwrap(), newest["incident_id"].as_str().unwrap());
    assert_ne!(first, second);
    assert_eq!(total(format!("incident_id={first}")).await, 2);
    assert_eq!(total(format!("incident_id={second}")).await, 1);
    assert_eq!(total(format!("incident_id={first},{second}")).await, 3);
    assert_eq!(total(format!("incident_id={first}&service={other}")).await, 0);
    assert_eq!(total("incident_id=01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()).await, 0);
}

#[tokio::test]
async fn created_from_and_created_to_are_inclusive() {
    let (sandbox, alerts) = two_alerts().await;
    let [late, early] = [0, 1].map(|number: usize| alerts[number]["created_at"].as_str().unwrap());
    assert!(early < late);
    for (filter, expected) in [
        (format!("created_from={early}&created_to={late}"), 2),
        (format!("created_from={early}&created_to={early}"), 1),
        (format!("created_from={late}"), 1),
        (format!("created_to={early}"), 1),
        ("created_to=2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(sources(&sandbox, &filter).await.len(), expected, "{filter}");
    }
}

#[tokio::test]
async fn alerts_are_listed_newest_first_by_default() {
    let (sandbox, _) = two_alerts().await;
    assert_eq!(sources(&sandbox, "sort=-created_at").await, ["sentry", "datadog"]);
    assert_eq!(sources(&sandbox, "sort=created_at").await, ["datadog", "sentry"]);
}
