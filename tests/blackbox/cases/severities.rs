//! Severities, stated in many words or guessed from the text.

use serde_json::{Value, json};
use tests::{WAIT_TIMEOUT, eventually};

use super::{Case, each};

/// Sends webhooks and waits for their alerts, in the order of their titles' mention in `titles`.
async fn alerts_of(case: &Case, names: &[String], titles: &[&str]) -> Vec<Value> {
    for name in names {
        case.sandbox.send(&case.datadog(name)).await;
    }
    let titles: Vec<String> = titles.iter().map(|title| case.name(title)).collect();
    eventually(WAIT_TIMEOUT, async || {
        let alerts = case.sandbox.alerts().await;
        let of = |title: &String| alerts.iter().find(|alert| alert["title"] == title.as_str()).cloned();
        let found: Option<Vec<Value>> = titles.iter().map(of).collect();
        found.ok_or_else(|| format!("{titles:?} among {:?}", each(&alerts, "title")))
    })
    .await
}

fn names(case: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{case}-{number}")).collect()
}

#[tokio::test]
async fn negated_and_unfinished_recoveries_are_none() {
    let case = Case::in_environment("production");
    let titles = [
        "Outage of fx-pay: the standby is no longer reachable",
        "Resolvers of fx-dns",
        "Quorum of fx-store",
        "Cool-down of fx-pool is slow",
    ];
    let alerts = alerts_of(&case, &names("recovery-words", 4), &titles).await;
    let severities = each(&alerts, "severity");
    assert!(severities[1] == "error" || severities[1] == "critical", "{severities:?}");
    let found = [&severities[0], &severities[2], &severities[3]];
    assert_eq!(found, ["critical", "critical", "warning"], "{:#?}", each(&alerts, "classification"));
    assert_eq!(each(&alerts, "status"), ["firing"; 4]);
}

#[tokio::test]
async fn stated_words_of_every_form_are_understood_or_named() {
    let case = Case::in_environment("fx-severity");
    let titles: Vec<String> = (1..=6).map(|number| format!("Severity of fx-words number {number}")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let alerts = alerts_of(&case, &names("severity-words", 6), &titles).await;
    assert_eq!(each(&alerts, "severity")[..5], ["critical", "critical", "error", "info", "info"].map(Value::from));
    for alert in &alerts[..5] {
        assert_eq!(alert["classification"]["severity"]["evidence"], "stated", "{alert:#}");
    }
    let unknown = &alerts[5]["classification"]["severity"];
    assert_ne!(unknown["evidence"], json!("stated"));
    assert!(unknown["matched"].as_str().is_some_and(|matched| matched.contains("gold")), "{unknown:#}");
}

#[tokio::test]
async fn what_is_finished_is_no_problem_whatever_its_parts_mean() {
    let case = Case::in_environment("production");
    case.sandbox.send(&case.datadog("recovery-words-5")).await;
    let title = case.name("Scale-down of fx-pool finished");
    let alert = eventually(WAIT_TIMEOUT, async || {
        let alerts = case.sandbox.alerts().await;
        alerts.into_iter().find(|alert| alert["title"] == title.as_str()).ok_or("no alert")
    })
    .await;
    assert_eq!(alert["severity"], "info", "{:#}", alert["classification"]);
}
