//! Templates as people write them.

use serde_json::json;
use tests::{assert_members, rfc3339};

use super::Case;

#[tokio::test]
async fn labels_and_annotations_are_read_and_their_status_resolves() {
    let case = Case::in_environment("fx-alibaba");
    let alerts = case.deliver([case.datadog("template-alibaba-1"), case.datadog("template-alibaba-2")]).await;
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    let expected = json!({
        "title": case.name("Volume of fx-archive"),
        "message": "91 % are used",
        "service": case.name("fx-archive"),
        "status": "resolved",
        "occurrences": 1,
        "occurred_at": rfc3339(case.shift.time("2026-11-27T04:00:00Z")),
        "resolved_at": rfc3339(case.shift.time("2026-11-27T04:01:00Z")),
    });
    assert_members(alert, &expected);
}

#[tokio::test]
async fn metadata_is_read() {
    let case = Case::in_environment("fx-nested");
    let alerts = case.deliver([case.datadog("template-incident-io-1")]).await;
    let expected = json!({
        "title": "Age of the oldest message",
        "message": "the oldest waits for 40 minutes",
        "dedup_key": case.name("fx-aggr-9-fx-cycle-9"),
        "service": case.name("fx-queue"),
        "team": case.name("fx-core"),
        "severity": "critical",
        "link": "https://app.datadoghq.com/event/event?id=1001",
        "occurred_at": rfc3339(case.shift.time("2026-11-27T04:00:00Z")),
    });
    assert_members(&alerts[0], &expected);
}
