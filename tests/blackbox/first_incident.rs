//! One incident from the first alert to its resolution. Read this test first.

use serde_json::json;
use tests::{Sandbox, assert_members, sentry::Issue};

#[tokio::test]
async fn an_incident_opens_collects_alerts_is_acknowledged_and_tells_its_history() {
    // The sandbox is a service that nobody else uses, seen through the API of the stack.
    let sandbox = Sandbox::new();
    let api = &sandbox.api;

    // A Datadog monitor of the service triggers: its webhook becomes an alert, which opens an
    // incident.
    let monitor = sandbox.monitor().with("title", "Latency over its objective");
    let alerts = sandbox.deliver(&monitor).await;
    let incident = alerts[0]["incident_id"].as_str().expect("an incident was opened");

    // Two minutes later Sentry reports an error of the same service: it joins the incident.
    let issue = Issue::of(&sandbox);
    let alerts = sandbox.deliver(&issue.event_alert(sandbox.minute(2))).await;
    assert_eq!(alerts[0]["incident_id"], incident);
    assert_eq!(alerts[0]["grouping"]["decision"], "joined");

    // A responder acknowledges the incident with a comment.
    let body = json!({ "status": "INVESTIGATING", "comment": "Rolling back 3.9.1" });
    api.patch_status(incident, &body).await.expect(200);

    // The rollback helps: the issue is resolved, then the monitor.
    sandbox.deliver(&issue.resolved(sandbox.minute(8))).await;
    let alerts = sandbox.deliver(&monitor.resolved().at(sandbox.minute(9))).await;
    assert!(alerts.iter().all(|alert| alert["status"] == "resolved"));

    // The history says all of it, the latest action first. Only people resolve an incident.
    let detail = api.detail(incident).await;
    assert_members(&detail["incident"], &json!({ "status": "INVESTIGATING", "alert_count": 2 }));
    let history: Vec<_> = detail["actions"].as_array().expect("a list").iter().map(|action| &action["type"]).collect();
    assert_eq!(history, ["alerts_resolved", "status_changed", "alert_joined", "incident_opened"]);
    assert_eq!(detail["actions"][1]["details"]["comment"], "Rolling back 3.9.1");
}
