use serde_json::json;

use super::*;
use crate::domain::event::{AlertEvent, Transition};

fn now() -> Time {
    "2026-11-23T09:53:08.120Z".parse().unwrap()
}

fn read(resource: &'static str, payload: &Value) -> Result<Reading, Unreadable> {
    let headers = HeaderMap::from_iter([("sentry-hook-resource".parse().unwrap(), resource.parse().unwrap())]);
    Sentry.read(&headers, payload, now())
}

fn event(resource: &'static str, payload: &Value) -> (AlertEvent, Option<String>) {
    match read(resource, payload) {
        Ok(Reading::Event { event, identity }) => (*event, identity),
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

#[test]
fn issues_fire_recover_and_are_silenced() {
    let (created, identity) = event("issue", &issue("created"));
    assert_eq!(
        (created.dedup_key.as_str(), created.service.as_deref(), identity),
        ("issue:99", Some("web-shop"), None)
    );
    assert_eq!(created.occurred_at.to_string(), "2026-11-23T09:50:00.679Z");
    assert_eq!(created.severity.map(|severity| severity.value), Some(Severity::Critical));
    for (action, transition) in [
        ("unresolved", Transition::Firing),
        ("resolved", Transition::Resolved),
        ("ignored", Transition::Resolved),
        ("archived", Transition::Resolved),
    ] {
        let (changed, _) = event("issue", &issue(action));
        assert_eq!((changed.transition, changed.occurred_at), (transition, now()), "{action}");
    }
}

#[test]
fn an_event_belongs_to_its_issue() {
    let payload = json!({"action": "triggered", "data": {"triggered_rule": "Notify on call", "event": {
        "event_id": "e1", "issue_id": 99, "title": "ReferenceError: heck", "level": "warning", "project": 1,
        "timestamp": 1_795_427_580.5_f64, "tags": [["environment", "Staging"], ["handled", "no"], ["odd"]], "environment": null,
        "url": "https://sentry.io/api/0/projects/example/front-end/events/e1/", "web_url": "https://sentry.io/e1",
    }}});
    let (triggered, identity) = event("event_alert", &payload);
    assert_eq!((triggered.dedup_key.as_str(), triggered.service.as_deref()), ("issue:99", Some("front-end")));
    assert_eq!(triggered.environment.as_deref(), Some("staging"));
    assert_eq!(triggered.tags, ["environment:Staging", "handled:no", "triggered_rule:Notify on call"]);
    assert_eq!(triggered.occurred_at.to_string(), "2026-11-23T09:53:00.500Z");
    assert_eq!(identity.as_deref(), Some("event_alert|triggered|99|e1"));
}

#[test]
fn a_metric_alert_goes_by_its_action() {
    let payload = |action: &str| {
        json!({"action": action, "data": {"description_title": "Too many errors", "web_url": "https://w",
        "metric_alert": {"id": "4", "date_started": "2026-11-23T09:40:00Z", "projects": ["Bar"], "alert_rule": {"id": 7, "environment": "production"}}}})
    };
    for (action, severity) in
        [("critical", Some(Severity::Critical)), ("warning", Some(Severity::Warning)), ("open", None)]
    {
        let (fired, _) = event("metric_alert", &payload(action));
        assert_eq!(
            (fired.transition, fired.severity.map(|severity| severity.value)),
            (Transition::Firing, severity),
            "{action}"
        );
        assert_eq!((fired.dedup_key.as_str(), fired.group_key.as_str()), ("metric_alert:4", "metric_alert_rule:7"));
        assert_eq!((fired.service.as_deref(), fired.environment.as_deref()), (Some("bar"), Some("production")));
    }
    assert_eq!(event("metric_alert", &payload("resolved")).0.transition, Transition::Resolved);
}

#[test]
fn what_does_not_matter_is_ignored_and_what_cannot_be_mapped_is_unreadable() {
    for (resource, payload) in [
        ("issue", issue("assigned")),
        ("issue", issue("reprioritized")),
        ("installation", json!({"action": "created"})),
        ("comment", json!({})),
        ("error", json!({"action": "deleted"})),
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
    assert!(Sentry.read(&HeaderMap::new(), &issue("created"), now()).is_err());
}
