use serde_json::json;

use super::*;

fn now() -> Time {
    "2026-11-23T09:53:08.120Z".parse().unwrap()
}

fn read(payload: &Value) -> (AlertEvent, Option<String>) {
    match Datadog.read(&HeaderMap::new(), payload, now()) {
        Ok(Reading::Event { event, identity }) => (*event, identity),
        other => panic!("not an event: {other:?}"),
    }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
}

#[test]
fn the_published_template_is_read() {
    let (event, identity) = read(&json!({
        "id": "7001", "alert_id": "42", "alert_cycle_key": "c-9", "aggreg_key": "a", "transition": "Triggered",
        "alert_type": "error", "priority": "P1", "title": "[P1] [Triggered] Checkout is slow", "body": "%%%\n p99 is 4 s \n%%%",
        "scope": "service:checkout-api", "tags": "monitor, Team:Payments,env:Production,service:Checkout-API,",
        "link": "https://app.example.com/m/42", "date": "1733930738000", "last_updated": "1733930739000",
    }));
    assert_eq!((event.dedup_key.as_str(), event.group_key.as_str()), ("cycle:c-9", "monitor:42|service:checkout-api"));
    assert_eq!((event.service.as_deref(), event.team.as_deref()), (Some("checkout-api"), Some("payments")));
    assert_eq!((event.environment.as_deref(), event.transition), (Some("production"), Transition::Firing));
    assert_eq!((event.message.as_deref(), event.external_id.as_deref()), (Some("p99 is 4 s"), Some("42")));
    assert_eq!(event.severity.as_ref().map(|severity| severity.value), Some(Severity::Critical));
    assert_eq!(event.occurred_at.to_string(), "2024-12-11T15:25:38.000Z");
    assert_eq!(event.tags.len(), 4);
    assert_eq!(identity.as_deref(), Some("7001|triggered|cycle:c-9|1733930738000"));
}

#[test]
fn the_default_template_has_only_the_title_to_go_by() {
    let (trigger, _) = read(&json!({"id": 1, "title": "[P3] [Warn] Disk fills", "date": 1_733_930_738_000_i64}));
    let (recovery, _) = read(&json!({"id": 2, "title": "[P3] [Recovered] Disk fills", "date": ""}));
    assert_eq!(trigger.dedup_key, "title:Disk fills");
    assert_eq!(trigger.dedup_key, recovery.dedup_key);
    assert_eq!((trigger.transition, recovery.transition), (Transition::Firing, Transition::Resolved));
    assert_eq!(recovery.occurred_at, now());
    let (unclear, _) = read(&json!({"title": "[Triggered] Payments are down"}));
    assert_eq!(unclear.severity, None, "a marker that only says that it fires leaves the severity to the text");
}

#[test]
fn every_transition_is_mapped() {
    for (transition, alert_type, expected) in [
        ("Triggered", "error", Transition::Firing),
        ("Re-Triggered", "", Transition::Firing),
        ("Warn", "warning", Transition::Firing),
        ("Re-Warn", "", Transition::Firing),
        ("No Data", "", Transition::Firing),
        ("Re-No Data", "", Transition::Firing),
        ("Renotify", "success", Transition::Firing),
        ("Recovered", "success", Transition::Resolved),
        ("recovered (was no data)", "", Transition::Resolved),
        ("Something new", "success", Transition::Resolved),
        ("Something new", "error", Transition::Firing),
        ("", "", Transition::Firing),
    ] {
        let (event, _) = read(&json!({"title": "t", "alert_transition": transition, "alert_type": alert_type}));
        assert_eq!(event.transition, expected, "{transition} {alert_type}");
    }
}

#[test]
fn severity_goes_by_priority_then_alert_type_then_transition() {
    let severity = |payload: Value| read(&payload).0.severity.map(|severity| severity.value);
    assert_eq!(severity(json!({"title": "t", "alert_priority": "P5", "alert_type": "error"})), Some(Severity::Info));
    assert_eq!(severity(json!({"title": "t", "severity": "p2"})), Some(Severity::Error));
    assert_eq!(severity(json!({"title": "[P1] t", "priority": "normal"})), Some(Severity::Critical));
    assert_eq!(severity(json!({"title": "t", "priority": "low", "alert_type": "warning"})), Some(Severity::Warning));
    assert_eq!(severity(json!({"title": "t", "transition": "No Data"})), Some(Severity::Warning));
    assert_eq!(severity(json!({"title": "t", "priority": "normal"})), None);
}

#[test]
fn keys_fall_back_from_cycle_to_monitor_to_aggregate_to_title() {
    let key = |payload: Value| read(&payload).0.dedup_key;
    assert_eq!(key(json!({"monitor_id": 134, "scopes": "service:keep", "title": "t"})), "monitor:134|service:keep");
    assert_eq!(key(json!({"alert_id": "", "aggreg_key": "x", "title": "t"})), "aggreg:x");
    assert_eq!(key(json!({"title": "[Triggered] t"})), "title:t");
    for payload in [json!({}), json!([]), json!("text"), json!({"title": " ", "id": "7"})] {
        assert!(Datadog.read(&HeaderMap::new(), &payload, now()).is_err(), "{payload}");
    }
}

#[test]
fn scope_names_what_the_tags_do_not() {
    let (event, _) = read(&json!({"title": "t", "tags": ["env:staging"], "scope": "service:search,env:production"}));
    assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("search"), Some("staging")));
}

#[test]
fn each_proof_is_accepted_and_a_wrong_one_beside_it_is_not() {
    let secrets = [Secret::new("old".to_owned()).unwrap(), Secret::new("new".to_owned()).unwrap()];
    let body = br#"{"title":"t"}"#;
    let signature = secrets[1].sign(body);
    let basic = |credentials: &str| format!("Basic {}", BASE64_STANDARD.encode(credentials));
    let authentic = |fields: &[(&'static str, &str)]| Datadog.is_authentic(&secrets, &headers(fields), body);
    assert!(authentic(&[("x-webhook-token", "old")]));
    assert!(authentic(&[("authorization", &basic("any:new"))]));
    assert!(!authentic(&[("authorization", &basic("any:ne:w"))]));
    assert!(authentic(&[("x-datadog-signature", &signature)]));
    assert!(authentic(&[("x-webhook-token", "new"), ("authorization", "Bearer of-a-proxy")]));
    assert!(!authentic(&[("x-webhook-token", "new"), ("x-datadog-signature", "00")]));
    for fields in
        [vec![], vec![("x-webhook-token", "")], vec![("authorization", "Basic ???")], vec![("authorization", "Basic")]]
    {
        assert!(!authentic(&fields), "{fields:?}");
    }
}

#[test]
fn a_title_made_of_a_long_id_is_bounded_too() {
    let (event, _) = read(&json!({"alert_id": "🔥".repeat(600)}));
    assert_eq!(event.title.chars().count(), limits::TITLE);
}
