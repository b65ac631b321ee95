//! What webhooks of Sentry say, and what is read of it.

use serde_json::json;

use super::*;
use crate::domain::{
    event::{AlertEvent, KeyScope, Transition},
    severity::Severity,
    text::limits,
};

fn now() -> Time {
    "2026-11-23T09:53:08.120Z".parse().unwrap()
}

fn read(resource: &str, payload: &Value) -> Result<Reading, Unreadable> {
    Sentry.read(&[("sentry-hook-resource", resource)].into_iter().collect(), payload, now())
}

fn event(resource: &str, payload: &Value) -> AlertEvent {
    match read(resource, payload) {
        Ok(Reading::Event(event)) => *event,
        other => panic!("not an event: {other:?}"),
    }
}

fn issue(action: &str) -> Value {
    json!({"action": action, "actor": {"id": 7}, "data": {"issue": {
        "id": "99", "title": "TypeError: total of undefined", "culprit": "cart in total", "level": "fatal", "count": "3",
        "project": {"id": "1", "slug": "Web-Shop"}, "metadata": {"value": "total of undefined"}, "permalink": null,
        "firstSeen": "2026-11-23T09:50:00.679000+00:00", "lastSeen": "2026-11-23T09:51:00Z",
    }}})
}

fn event_alert(change: &Value) -> Value {
    let mut event = json!({
        "event_id": "e1", "issue_id": 99, "title": "ReferenceError: heck", "level": "warning", "project": 1,
        "timestamp": 1_795_427_580.5_f64, "received": 1_795_427_582.25_f64,
        "tags": [["environment", "Staging"], ["handled", "no"], ["odd"]], "environment": null,
        "url": "https://sentry.io/api/0/projects/example/front-end/events/e1/", "web_url": "https://sentry.io/e1",
    });
    event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    json!({"action": "triggered", "data": {"triggered_rule": "Notify on call", "event": event}})
}

#[test]
fn issues_fire_are_resolved_and_are_silenced() {
    let created = event("issue", &issue("created"));
    assert_eq!((created.dedup_key.as_str(), created.service.as_deref()), ("issue:99", Some("web-shop")));
    assert_eq!((created.key_scope, created.environment.as_deref()), (KeyScope::ProblemPerEnvironment, None));
    assert_eq!(created.occurred_at.to_string(), "2026-11-23T09:50:00.679Z");
    assert_eq!((created.ordered_at, created.is_timed), (now(), false));
    assert_eq!(created.severity.map(|severity| severity.value), Some(Severity::Critical));
    for (action, transition) in [
        ("unresolved", Transition::Firing),
        ("resolved", Transition::Resolved),
        ("ignored", Transition::Resolved),
        ("archived", Transition::Resolved),
    ] {
        let changed = event("issue", &issue(action));
        assert_eq!((changed.transition, changed.occurred_at), (transition, now()), "{action}");
    }
}

#[test]
fn an_event_belongs_to_its_issue() {
    let triggered = event("event_alert", &event_alert(&json!({})));
    assert_eq!((triggered.dedup_key.as_str(), triggered.service.as_deref()), ("issue:99", Some("front-end")));
    assert_eq!(triggered.environment.as_deref(), Some("staging"));
    assert_eq!(triggered.tags, ["environment:Staging", "handled:no", "triggered_rule:Notify on call"]);
    assert_eq!(triggered.occurred_at.to_string(), "2026-11-23T09:53:00.500Z");
    assert_eq!(triggered.ordered_at.to_string(), "2026-11-23T09:53:02.250Z");
    assert!(triggered.is_timed && !triggered.is_test);
}

#[test]
fn the_issue_may_stand_in_a_url() {
    let change = json!({"issue_id": null, "issue_url": "https://sentry.io/api/0/organizations/o/issues/77/"});
    assert_eq!(event("event_alert", &event_alert(&change)).dedup_key, "issue:77");
}

#[test]
fn an_event_is_shown_at_its_time_but_not_after_its_receipt() {
    let ahead = event("event_alert", &event_alert(&json!({"timestamp": 1_795_999_999})));
    assert_eq!(ahead.occurred_at, ahead.ordered_at);
    let unreceived = event("event_alert", &event_alert(&json!({"received": null})));
    assert_eq!((unreceived.ordered_at, unreceived.is_timed), (now(), false));
    let of_a_phone = event("event_alert", &event_alert(&json!({"timestamp": "2026-01-01T00:00:00Z"})));
    assert_eq!(of_a_phone.occurred_at.to_string(), "2026-01-01T00:00:00.000Z", "received lately, so it is no old news");
}

#[test]
fn a_metric_alert_goes_by_its_action() {
    let payload = |action: &str| {
        json!({"action": action, "data": {"description_title": format!("{action}: Too many errors"), "web_url": "https://w",
        "metric_alert": {"id": "4", "date_started": "2026-11-23T09:40:00Z", "date_closed": "2026-11-23T09:50:00Z",
            "projects": ["Bar"], "alert_rule": {"id": 7, "environment": "production"}}}})
    };
    for (action, severity) in
        [("critical", Some(Severity::Critical)), ("warning", Some(Severity::Warning)), ("open", None)]
    {
        let fired = event("metric_alert", &payload(action));
        assert_eq!(
            (fired.transition, fired.severity.map(|severity| severity.value)),
            (Transition::Firing, severity),
            "{action}"
        );
        assert_eq!((fired.dedup_key.as_str(), fired.group_key.as_str()), ("metric_alert:4", "metric_alert_rule:7"));
        assert_eq!((fired.service.as_deref(), fired.environment.as_deref()), (Some("bar"), Some("production")));
        assert_eq!((fired.title.as_str(), fired.key_scope), ("Too many errors", KeyScope::Problem));
        assert_eq!((fired.ordered_at.to_string().as_str(), fired.is_timed), ("2026-11-23T09:40:00.000Z", true));
    }
    let resolved = event("metric_alert", &payload("resolved"));
    assert_eq!((resolved.transition, resolved.title.as_str()), (Transition::Resolved, "Too many errors"));
    assert_eq!((resolved.ordered_at.to_string().as_str(), resolved.is_timed), ("2026-11-23T09:50:00.000Z", true));
}

#[test]
fn a_metric_alert_of_long_ago_that_changes_now_is_news() {
    let payload = |action: &str, date: &str| json!({"action": action, "data": {"metric_alert": {"id": "4", date: "2026-10-01T00:00:00Z"}}});
    let raised = event("metric_alert", &payload("critical", "date_started"));
    assert_eq!((raised.ordered_at, raised.is_timed), (now(), false));
    assert_eq!(raised.occurred_at.to_string(), "2026-10-01T00:00:00.000Z");
    assert!(matches!(read("metric_alert", &payload("resolved", "date_closed")), Ok(Reading::Ignored { .. })));
}

#[test]
fn a_level_that_is_not_understood_is_passed_on() {
    let odd = event("event_alert", &event_alert(&json!({"level": "Sample"})));
    assert_eq!((odd.severity, odd.unknown_severity.as_deref()), (None, Some("sample")));
    let of_occurrence = event("event_alert", &event_alert(&json!({"level": null, "occurrence": {"level": "fatal"}})));
    assert_eq!(of_occurrence.severity.map(|severity| severity.matched).as_deref(), Some("level fatal"));
}

#[test]
fn samples_are_tests() {
    for change in
        [json!({"title": "Exception: This is an example Python exception"}), json!({"tags": [["sample_event", "yes"]]})]
    {
        assert!(event("event_alert", &event_alert(&change)).is_test, "{change}");
    }
    let mut sample = issue("created");
    sample["data"]["issue"]["title"] = json!("This is an example Ruby exception");
    assert!(event("issue", &sample).is_test);
}

#[test]
fn user_feedback_is_ignored() {
    let mut feedback = issue("created");
    feedback["data"]["issue"]["issueCategory"] = json!("feedback");
    assert!(matches!(read("issue", &feedback), Ok(Reading::Ignored { .. })));
    for change in [json!({"occurrence": {"type": 6001}}), json!({"contexts": {"feedback": {"message": "nice"}}})] {
        assert!(matches!(read("event_alert", &event_alert(&change)), Ok(Reading::Ignored { .. })));
    }
}

#[test]
fn texts_are_for_people() {
    let change = json!({"title": "a\u{202e}b\nc", "message": "mail of jane@example.com", "web_url": "javascript:x"});
    let shown = event("event_alert", &event_alert(&change));
    assert_eq!((shown.title.as_str(), shown.link), ("ab c", None));
    assert_eq!(shown.message.as_deref(), Some("mail of (e-mail)"));
    let untitled =
        event_alert(&json!({"title": "<unlabeled event>", "metadata": {"type": "KeyError", "value": "sku"}}));
    assert_eq!(event("event_alert", &untitled).title, "KeyError: sku");
}

#[test]
fn a_title_that_is_made_of_an_id_is_bounded_and_on_one_line() {
    let long = format!("a\n\u{202e}{}", "7".repeat(2 * limits::TITLE));
    let error = json!({"action": "created", "data": {"error": {"issue_id": long}}});
    let metric_alert = json!({"action": "critical", "data": {"metric_alert": {"id": long}}});
    let issue = json!({"action": "created", "data": {"issue": {"id": long}}});
    for (resource, payload) in [("error", error), ("metric_alert", metric_alert), ("issue", issue)] {
        let title = event(resource, &payload).title;
        assert_eq!(title.chars().count(), limits::TITLE, "{title}");
        assert!(title.starts_with("Sentry ") && title.contains(" a 7"), "{title}");
    }
}

#[test]
fn what_does_not_matter_is_ignored_and_what_cannot_be_mapped_is_unreadable() {
    for (resource, payload) in [
        ("issue", issue("assigned")),
        ("issue", issue("reprioritized")),
        ("installation", json!({"action": "created"})),
        ("comment", json!({})),
        ("error", json!({"action": "deleted"})),
        ("event_alert", event_alert(&json!({"received": 1_566_248_777}))),
    ] {
        assert!(matches!(read(resource, &payload), Ok(Reading::Ignored { .. })), "{resource}");
    }
    for (resource, payload) in [
        ("issue", json!({"action": "created"})),
        ("issue", json!({"data": {"issue": {"id": "1"}}})),
        ("issue", json!({"action": "created", "data": {"issue": {"id": null}}})),
        ("issue", json!({"action": "created", "data": {"issue": []}})),
        ("error", json!({"action": "created", "data": {"error": {"event_id": "e"}}})),
        ("metric_alert", json!({"action": "critical", "data": {"metric_alert": {}}})),
        ("issue", json!([])),
    ] {
        assert!(read(resource, &payload).is_err(), "{resource} {payload}");
    }
    assert!(Sentry.read(&Headers::default(), &issue("created"), now()).is_err());
}
