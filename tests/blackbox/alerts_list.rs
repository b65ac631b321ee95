//! `GET /alerts`: filters and order. What an item looks like is in `wire_bodies`.

use rstest::rstest;
use serde_json::Value;
use tests::{Api, Sandbox, sentry::Issue};
use tokio::sync::OnceCell;

/// A sandbox with two alerts, newest first: Sentry's fires with severity warning, Datadog's is
/// resolved with severity error.
async fn two_alerts() -> (Sandbox, Vec<Value>) {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(1))).await;
    let alerts = sandbox.deliver(&Issue::of(&sandbox).level("warning").event_alert(sandbox.minute(2))).await;
    assert_eq!(alerts.len(), 2);
    (sandbox, alerts)
}

/// Two alerts that tests may read but not change.
async fn shared_alerts() -> (Sandbox, Vec<Value>) {
    static SHARED: OnceCell<(Sandbox, Vec<Value>)> = OnceCell::const_new();
    let (sandbox, alerts) = SHARED.get_or_init(two_alerts).await.clone();
    (sandbox.with_api(Api::shared()), alerts)
}

/// The sources of the sandbox's alerts that match a filter.
async fn sources(sandbox: &Sandbox, filter: &str) -> Vec<String> {
    let path = format!("/alerts?environment={}&{filter}", sandbox.environment);
    let alerts = sandbox.api.all_items(&path).await;
    alerts.iter().map(|alert| alert["source"].as_str().expect("a source").to_owned()).collect()
}

#[rstest]
#[case("source=sentry", &["sentry"])]
#[case("source=Datadog", &["datadog"])]
#[case("source=datadog,sentry", &["sentry", "datadog"])]
#[case("severity=error", &["datadog"])]
#[case("severity=WARNING,critical", &["sentry"])]
#[case("severity=error&severity=warning", &["sentry", "datadog"])]
#[case("severity=info", &[])]
#[case("status=firing", &["sentry"])]
#[case("status=Resolved", &["datadog"])]
#[case("status=firing,resolved", &["sentry", "datadog"])]
#[case("status=firing&severity=error", &[])]
#[case("status=resolved&severity=error&source=datadog", &["datadog"])]
#[tokio::test]
async fn alerts_filter_by_source_severity_and_status(#[case] filter: &str, #[case] expected: &[&str]) {
    let (sandbox, _) = shared_alerts().await;
    assert_eq!(sources(&sandbox, filter).await, expected);
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

#[rstest]
#[case("created_from={early}&created_to={late}", 2)]
#[case("created_from={early}&created_to={early}", 1)]
#[case("created_from={late}", 1)]
#[case("created_to={early}", 1)]
#[case("created_to=2020-01-01T00:00:00Z", 0)]
#[tokio::test]
async fn created_from_and_created_to_are_inclusive(#[case] filter: &str, #[case] expected: usize) {
    let (sandbox, alerts) = shared_alerts().await;
    let [late, early] = [0, 1].map(|number: usize| alerts[number]["created_at"].as_str().unwrap());
    assert!(early < late);
    let filter = filter.replace("{early}", early).replace("{late}", late);
    assert_eq!(sources(&sandbox, &filter).await.len(), expected);
}

#[rstest]
#[case::by_default("", ["sentry", "datadog"])]
#[case::descending("sort=-created_at", ["sentry", "datadog"])]
#[case::ascending("sort=created_at", ["datadog", "sentry"])]
#[tokio::test]
async fn alerts_are_listed_newest_first_by_default(#[case] sort: &str, #[case] expected: [&str; 2]) {
    let (sandbox, _) = shared_alerts().await;
    assert_eq!(sources(&sandbox, sort).await, expected);
}
