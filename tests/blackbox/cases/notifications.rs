//! Somebody tries a notification out.

use serde_json::{Value, json};
use tests::{WAIT_TIMEOUT, assert_members, eventually};

use super::Case;

#[tokio::test]
async fn a_test_notification_joins_nothing_and_ends_by_itself() {
    let case = Case::in_environment("production");
    // A monitor of the same environment fires at the same time.
    let monitor = case.sandbox.monitor();
    case.sandbox.send(&monitor).await;
    case.sandbox.wait_until_processed().await;
    case.sandbox.send(&case.datadog("test-notification-1")).await;
    let title = case.name("[TEST] Reachability of fx-hosts");
    let alert: Value = eventually(WAIT_TIMEOUT, async || {
        let alerts = case.sandbox.alerts().await;
        alerts.into_iter().find(|alert| alert["title"] == title.as_str()).ok_or("no alert of the test")
    })
    .await;
    let link = format!("https://app.datadoghq.com/monitors#{}1001?", case.digits);
    let expected = json!({
        "is_test": true,
        "status": "resolved",
        "incident_id": null,
        "occurrences": 1,
        "link": link,
        "message": "Test notification triggered by (e-mail).",
    });
    assert_members(&alert, &expected);
    assert_eq!(alert["grouping"]["decision"], "ignored");
}
