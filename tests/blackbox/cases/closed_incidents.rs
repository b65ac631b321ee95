//! What fires after a person thought that it was over is not hidden in an incident that is over.

use rstest::rstest;
use serde_json::json;
use tests::{Sandbox, assert_members};

use super::Case;

#[tokio::test]
async fn an_issue_that_fires_days_after_its_incident_was_closed_opens_a_new_one() {
    let case = Case::in_environment("fx-closed");
    let first = case.deliver([case.sentry("event_alert", "closed-incident-swallows-1")]).await;
    let old = case.sandbox.incident_of(&first[0]).await["incident"]["id"].as_str().unwrap().to_owned();
    for status in ["INVESTIGATING", "RESOLVED", "CLOSED"] {
        case.sandbox.api.change_status(&old, status).await;
    }
    let alerts = case.deliver([case.sentry("event_alert", "closed-incident-swallows-2")]).await;
    let [before, after] = alerts.as_slice() else { panic!("two alerts: {alerts:#?}") };
    assert_members(before, &json!({ "status": "resolved", "occurrences": 1, "incident_id": old }));
    assert_members(after, &json!({ "status": "firing", "occurrences": 1 }));
    let new = case.sandbox.incident_of(after).await["incident"].take();
    assert_members(&new, &json!({ "status": "OPEN", "recurrence_of": old, "firing_alert_count": 1 }));
}

#[rstest]
#[case::renotify("Renotify")]
#[case::triggered_again("Re-Triggered")]
#[tokio::test]
async fn a_monitor_that_still_fires_after_its_incident_was_resolved_opens_a_new_one(#[case] transition: &str) {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let incident = sandbox.deliver(&monitor).await[0]["incident_id"].as_str().unwrap().to_owned();
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let resolved = sandbox.api.change_status(&incident, "RESOLVED").await;
    assert_eq!(resolved["firing_alert_count"], 0, "the alert ends with its incident");
    let detail = sandbox.api.detail(&incident).await;
    assert_eq!(detail["actions"][0]["type"], "alerts_resolved");
    assert_eq!(detail["actions"][1]["type"], "status_changed");

    // By the source's clock that was before a person resolved the incident.
    let alerts = sandbox.deliver(&monitor.again().with("transition", transition).at(sandbox.minute(5))).await;
    let [after, before] = alerts.as_slice() else { panic!("two alerts: {alerts:#?}") };
    assert_members(before, &json!({ "status": "resolved", "occurrences": 1, "incident_id": incident }));
    let new = sandbox.incident_of(after).await["incident"].take();
    assert_members(&new, &json!({ "status": "OPEN", "recurrence_of": incident }));
    assert_eq!(sandbox.api.detail(&incident).await, detail, "what is over does not change");
}
