//! Nothing authentic is dropped.

use serde_json::json;
use tests::{WAIT_TIMEOUT, assert_members, eventually};

use super::Case;

#[tokio::test]
async fn a_form_is_read() {
    let case = Case::in_environment("fx-form");
    let form = case.datadog("not-json-form-1").header("content-type", "application/x-www-form-urlencoded");
    let alerts = case.deliver([form]).await;
    let expected = json!({
        "title": case.name("Mails of fx-mailer bounce"),
        "message": "4 % bounce.",
        "service": case.name("fx-mailer"),
        "severity": "error",
        "status": "firing",
    });
    assert_members(&alerts[0], &expected);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_kept_with_the_place_of_its_fault() {
    let case = Case::in_environment("fx-broken");
    let broken = case.datadog("not-json-incident-io-1");
    let delivery_id = case.sandbox.api.deliver(&broken).await.quarantined();
    let entry = eventually(WAIT_TIMEOUT, async || {
        let page = case.sandbox.api.quarantine("kind=unreadable&limit=200").await;
        let found = page.items.into_iter().find(|entry| entry["delivery_id"] == delivery_id.as_str());
        found.ok_or("not in the quarantine")
    })
    .await;
    let reason = entry["reason"].as_str().unwrap();
    assert!(reason.contains("line 3 column"), "{reason}");
    let body = entry["body"].as_str().unwrap();
    assert!(body.starts_with(r#"{"alert_transition":"Triggered""#), "{entry:#}");
}
