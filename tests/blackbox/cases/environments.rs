//! A stated environment beats the default, whichever webhook came first.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{WAIT_TIMEOUT, assert_members, eventually, strings};

use super::Case;

#[rstest]
#[case::issue_first([0, 1])]
#[case::event_first([1, 0])]
#[tokio::test]
async fn an_issue_and_its_event_are_one_alert_of_the_events_environment(#[case] order: [usize; 2]) {
    let case = Case::in_environment("fx-staging");
    let webhooks = [
        case.sentry("issue", "sentry-environment-first-wins-1"),
        case.sentry("event_alert", "sentry-environment-first-wins-2"),
    ];
    for number in order {
        case.sandbox.send(&webhooks[number]).await;
        case.sandbox.wait_until_processed().await;
    }
    let service = case.name("fx-basket");
    let alerts = case.sandbox.api.all_items(&format!("/alerts?service={service}")).await;
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    let environment = case.name("fx-staging");
    assert_members(alert, &json!({ "status": "firing", "occurrences": 2, "environment": environment }));
    assert_eq!(alert["classification"]["environment"]["evidence"], "stated");
    assert!(alert["link"].as_str().is_some_and(|link| link.starts_with("https://")), "{alert:#}");
    assert!(strings(&alert["tags"]).contains(&"runtime:CPython 3.13.1"), "{alert:#}");

    let incident = case.sandbox.incident_of(alert).await;
    assert_eq!(incident["incident"]["environment"], environment);
    let corrected: Vec<&Value> = incident["actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|action| action["type"] == "environment_corrected")
        .collect();
    // Only the issue alone leaves the environment to be assumed.
    assert_eq!(corrected.len(), 1 - order[0], "{incident:#}");
    if let [action] = corrected.as_slice() {
        assert_members(&action["details"], &json!({ "from": "production", "to": environment }));
    }
}

#[tokio::test]
async fn one_issue_in_two_environments_is_two_alerts_and_its_resolution_ends_both() {
    let case = Case::in_environment("fx-staging");
    let staging = case.sentry("event_alert", "sentry-environment-first-wins-2");
    let elsewhere = String::from_utf8(staging.body.clone()).unwrap().replace("-staging", "-elsewhere");
    case.sandbox.send(&staging).await;
    case.sandbox.send(tests::WebhookRequest::sentry("event_alert", elsewhere)).await;
    case.sandbox.wait_until_processed().await;
    let service = case.name("fx-basket");
    let alerts = case.sandbox.api.all_items(&format!("/alerts?service={service}")).await;
    let mut keys: Vec<&str> = alerts.iter().map(|alert| alert["dedup_key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    let id = format!("{}002", case.digits);
    let expected = ["fx-elsewhere", "fx-staging"].map(|name| format!("issue:{id}|environment:{}", case.name(name)));
    assert_eq!(keys, expected);

    let resolved = case.body("sentry-environment-first-wins-1").replace(r#""created""#, r#""resolved""#);
    let resolved = resolved.replace(r#""unresolved""#, r#""resolved""#);
    case.sandbox.send(tests::WebhookRequest::sentry("issue", resolved)).await;
    eventually(WAIT_TIMEOUT, async || {
        let firing = case.sandbox.api.page(&format!("/alerts?service={service}&status=firing")).await.total;
        if firing == 0 { Ok(()) } else { Err(format!("{firing} alerts fire")) }
    })
    .await;
}
