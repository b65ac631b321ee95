//! Titles and messages for people.

use serde_json::{Value, json};
use tests::assert_members;

use super::{Case, each};

#[tokio::test]
async fn a_title_is_the_same_in_every_state() {
    let case = Case::in_environment("fx-warn");
    let webhooks = (1..=3).map(|number| case.datadog(&format!("title-says-warn-{number}")));
    let alerts = case.deliver(webhooks).await;
    let group = case.name("host:fx-archive-1");
    let expected = json!({
        "title": "Volume",
        "group": group,
        "severity": "critical",
        "status": "resolved",
        "message": "98 % are used",
    });
    assert_members(&alerts[0], &expected);
    let incident = case.sandbox.incident_of(&alerts[0]).await["incident"].take();
    assert_members(&incident, &json!({ "title": "Volume", "severity": "critical", "firing_alert_count": 0 }));
}

#[tokio::test]
async fn a_metric_alert_is_called_the_same_at_every_severity() {
    let case = Case::in_environment("fx-warn");
    let webhooks = (4..=5).map(|number| case.sentry("metric_alert", &format!("title-says-warn-{number}")));
    let alerts = case.deliver(webhooks).await;
    assert_members(&alerts[0], &json!({ "title": case.name("Failed payments of fx-pay"), "severity": "critical" }));
}

#[tokio::test]
async fn an_occurrence_tells_what_the_event_does_not() {
    let case = Case::in_environment("fx-occurrence");
    let webhooks = (1..=4).map(|number| case.sentry("event_alert", &format!("sentry-occurrence-title-{number}")));
    let alerts = case.deliver(webhooks).await;
    let titles = [
        "Downtime detected for https://fx-shop.example.com/status",
        "Cron failure: fx-nightly",
        "N+1 Query",
        "Error rate of fx-basket is above 5 %",
    ];
    assert_eq!(each(&alerts, "title"), titles.map(|title| Value::from(case.name(title))));
    let messages = each(&alerts, "message");
    assert_eq!(
        messages[..3],
        [
            "Your monitored domain is down",
            "Failure reason: missed check-in detected",
            "SELECT * FROM line WHERE basket = %s"
        ]
    );
    assert_eq!(alerts[1]["severity"], "warning", "the level of the occurrence");
    // User feedback is no problem of the system.
    case.sandbox.api.deliver(&case.sentry("event_alert", "sentry-occurrence-title-5")).await.ignored();
}
