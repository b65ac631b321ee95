//! A source's clock may be wrong; its receipts and ours tell what came after what.

use serde_json::{Value, json};
use tests::{assert_members, now};

use super::{Case, each};

#[tokio::test]
async fn an_event_that_is_received_after_the_resolution_fires_whatever_its_clock_says() {
    // The events occurred three hours before they were received.
    let case = Case::at(now(), "production").of_service("fx-basket");
    let alerts = case
        .deliver([
            case.sentry("event_alert", "sentry-old-timestamp-1"),
            case.sentry("issue", "sentry-old-timestamp-2"),
            case.sentry("event_alert", "sentry-old-timestamp-3"),
        ])
        .await;
    assert_eq!(each(&alerts, "status"), ["resolved", "firing"]);
    assert_eq!(each(&alerts, "occurrences"), [1, 1]);
    assert_members(&alerts[0], &json!({ "occurred_at": tests::rfc3339(case.shift.time("2026-11-27T01:00:00Z")) }));
    let [resolved_at, again] = [&alerts[0]["resolved_at"], &alerts[1]["occurred_at"]].map(Value::as_str);
    assert!(resolved_at < again, "{alerts:#?}");
}

#[tokio::test]
async fn what_says_that_it_is_weeks_old_is_ignored() {
    let case = Case::at(now() - jiff::ToSpan::hours(19 * 24), "fx-closed");
    case.sandbox.api.deliver(&case.sentry("event_alert", "closed-incident-swallows-2")).await.ignored();
    case.sandbox.api.deliver(&case.datadog("ilert-two-hosts-1")).await.ignored();
}
