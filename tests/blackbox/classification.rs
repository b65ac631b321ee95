//! Where the severity, team, service and environment of an alert come from, and with which
//! confidence.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Sandbox, assert_members, assert_only_members, random_digits, sentry::Issue};

fn assert_well_formed(classification: &Value) {
    assert_only_members(classification, &["severity", "team", "service", "environment"]);
    for finding in classification.as_object().expect("an object").values() {
        assert_only_members(finding, &["value", "evidence", "matched", "confidence"]);
        let evidence = finding["evidence"].as_str().expect("evidence");
        assert!(["stated", "history", "rule", "text", "default"].contains(&evidence), "{finding}");
        let confidence = finding["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&confidence), "{finding}");
    }
}

/// The classification of an alert whose severity only the title can tell.
async fn classification_of(title: &str) -> Value {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with_default_template();
    // The default template has no key: alerts of the same title are the same. So each title is
    // unique.
    let title = format!("{title} ({})", random_digits(9));
    let monitor = monitor.with("tags", sandbox.monitor().tags()).with("title", title).with("body", "");
    sandbox.deliver(&monitor).await[0]["classification"].take()
}

#[tokio::test]
async fn values_that_the_source_states_win_over_the_text() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", "Everything is down, a fatal outage").priority("P4");
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert_well_formed(&alert["classification"]);
    for (what, value) in [
        ("severity", "info"),
        ("team", &*sandbox.team),
        ("service", &*sandbox.service),
        ("environment", &*sandbox.environment),
    ] {
        assert_members(&alert["classification"][what], &json!({ "value": value, "evidence": "stated" }));
    }
    assert_eq!(alert["severity"], "info");
}

#[tokio::test]
async fn sentry_states_severity_service_and_environment() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&Issue::of(&sandbox).level("fatal").event_alert(sandbox.time)).await.remove(0);
    let classification = &alert["classification"];
    assert_well_formed(classification);
    assert_members(&classification["severity"], &json!({ "value": "critical", "evidence": "stated" }));
    assert_members(&classification["service"], &json!({ "value": sandbox.service, "evidence": "stated" }));
    assert_members(&classification["environment"], &json!({ "value": sandbox.environment, "evidence": "stated" }));
}

#[tokio::test]
async fn the_environment_is_production_by_default() {
    let sandbox = Sandbox::in_production();
    let alert = sandbox.deliver(&Issue::of(&sandbox).created(sandbox.time)).await.remove(0);
    let environment = &alert["classification"]["environment"];
    assert_members(environment, &json!({ "value": "production", "evidence": "default" }));
}

#[tokio::test]
async fn without_a_stated_severity_the_text_decides() {
    let classification = classification_of("The payment gateway is down").await;
    assert_well_formed(&classification);
    assert_eq!(classification["severity"]["evidence"], "text");
    assert!(["critical", "error"].contains(&classification["severity"]["value"].as_str().unwrap()));
    assert!(classification["severity"]["matched"].as_str().is_some_and(|term| term.contains("down")));
}

#[rstest]
#[case("The nightly download finished")]
#[case("Breakdown of costs is ready")]
#[case("Uncritical notice for the error-free build")]
#[tokio::test]
async fn severity_terms_match_whole_words_only(#[case] title: &str) {
    let severity = &classification_of(title).await["severity"];
    assert_ne!(severity["value"], "critical", "{severity}");
    let matched = severity["matched"].as_str().unwrap_or_default();
    let words: Vec<&str> = matched.split([' ', ',', ':']).collect();
    assert!(!["down", "critical"].iter().any(|word| words.contains(word)), "{severity}");
}
