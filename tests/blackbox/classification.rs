//! Where an alert's severity, team, service and environment come from, and how sure that is.

use serde_json::{Value, json};
use tests::{Sandbox, assert_members, assert_only_members, random_digits, sentry::Issue};

fn assert_well_formed(classification: &Value) {
    assert_only_members(classification, &["severity", "team", "service", "environment"]);
    for finding in classification.as_object().expect("an object").values() {
        assert_only_members(finding, &["value", "source", "matched", "confidence"]);
        let source = finding["source"].as_str().expect("a source");
        assert!(["source", "rule", "text", "default"].contains(&source), "{finding}");
        let confidence = finding["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&confidence), "{finding}");
    }
}

/// The classification of an alert whose title is all that tells its severity.
async fn by_title(title: &str) -> Value {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with_default_template();
    // With nothing else to go by, the title is the alert's identity: so no two are the same.
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
        assert_members(&alert["classification"][what], &json!({ "value": value, "source": "source" }));
    }
    assert_eq!(alert["severity"], "info");
}

#[tokio::test]
async fn sentry_states_severity_service_and_environment() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&Issue::of(&sandbox).level("fatal").event_alert(sandbox.time)).await.remove(0);
    assert_well_formed(&alert["classification"]);
    assert_members(&alert["classification"]["severity"], &json!({ "value": "critical", "source": "source" }));
    assert_members(&alert["classification"]["service"], &json!({ "value": sandbox.service, "source": "source" }));
    assert_eq!(alert["classification"]["environment"]["source"], "source");
}

#[tokio::test]
async fn the_environment_is_production_by_default() {
    let sandbox = Sandbox::in_production();
    let alert = sandbox.deliver(&Issue::of(&sandbox).created(sandbox.time)).await.remove(0);
    assert_members(&alert["classification"]["environment"], &json!({ "value": "production", "source": "default" }));
}

#[tokio::test]
async fn without_a_stated_severity_the_text_decides() {
    let classification = by_title("The payment gateway is down").await;
    assert_well_formed(&classification);
    assert_eq!(classification["severity"]["source"], "text");
    assert!(["critical", "error"].contains(&classification["severity"]["value"].as_str().unwrap()));
    assert!(classification["severity"]["matched"].as_str().is_some_and(|term| term.contains("down")));
}

#[tokio::test]
async fn severity_terms_match_whole_words_only() {
    for title in
        ["The nightly download finished", "Breakdown of costs is ready", "Uncritical notice for the error-free build"]
    {
        let severity = &by_title(title).await["severity"];
        assert_ne!(severity["value"], "critical", "{title}: {severity}");
        let matched = severity["matched"].as_str().unwrap_or_default();
        assert!(!["down", "critical"].contains(&matched), "{title}: {severity}");
    }
}
