//! `GET /incidents/{id}/similar`.

use serde_json::{Value, json};
use tests::{Api, Sandbox, assert_members, assert_only_members, datadog::Notification};

async fn similar(sandbox: &Sandbox, incident: &str) -> Vec<Value> {
    let answer = sandbox.api.get(&format!("/incidents/{incident}/similar")).await.expect(200);
    answer.json()["items"].as_array().expect("a list").clone()
}

async fn incident_of(sandbox: &Sandbox, monitor: &Notification) -> String {
    let alerts = sandbox.deliver(monitor).await;
    alerts[0]["incident_id"].as_str().expect("an incident").to_owned()
}

#[tokio::test]
async fn past_incidents_of_the_same_problem_service_and_words_are_found_with_why() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", "Zebra disk is full");
    let past = incident_of(&sandbox, &monitor).await;
    for status in ["INVESTIGATING", "RESOLVED"] {
        sandbox.api.change_status(&past, status).await;
    }
    let now = incident_of(&sandbox, &monitor.again().at(sandbox.minute(30))).await;
    assert_ne!(past, now);
    let found = similar(&sandbox, &now).await;
    let ids: Vec<&str> = found.iter().map(|item| item["incident"]["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.first(), Some(&past.as_str()), "{found:#?}");
    assert!(!ids.contains(&now.as_str()), "it is not like itself");
    let item = &found[0];
    assert_only_members(item, &["incident", "score", "services", "problems", "words", "seconds_to_resolve"]);
    let expected = json!({
        "services": [sandbox.service],
        "problems": ["Zebra disk is full"],
        "words": ["disk", "full", "zebra"],
    });
    assert_members(item, &expected);
    assert!(item["seconds_to_resolve"].is_number() && item["incident"]["status"] == "RESOLVED", "{item:#}");
    assert!(item["score"].as_f64().is_some_and(|score| score > 4.0), "{item:#}");
}

#[tokio::test]
async fn an_incident_that_is_like_no_other_has_no_similar_ones() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", format!("Xylophone{}", fastrand::u64(..)));
    let incident = incident_of(&sandbox, &monitor).await;
    assert_eq!(similar(&sandbox, &incident).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_no_incident_is_like_nothing() {
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7", "%00"] {
        Api::shared().get(&format!("/incidents/{unknown}/similar")).await.problem(404);
    }
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answer = sandbox.api.get(&format!("/incidents/{incident}/similar?limit=3")).await;
    assert_eq!(answer.problem(400).parameters(), ["limit"]);
}
