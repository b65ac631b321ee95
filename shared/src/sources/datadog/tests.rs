//! What templates say, and what is read of it.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{event::Transition, severity::Severity};

fn now() -> Time {
    "2026-11-23T09:53:08.120Z".parse().unwrap()
}

fn read(payload: &Value) -> AlertEvent {
    match Datadog.read(&Headers::default(), payload, now()) {
        Ok(Reading::Event(event)) => *event,
        other => panic!("not an event: {other:?}"),
    }
}

fn stated(payload: &Value) -> Option<Severity> {
    read(payload).severity.map(|severity| severity.value)
}

fn implied(payload: &Value) -> Option<Severity> {
    read(payload).transition_severity.map(|severity| severity.value)
}

#[test]
fn the_published_template_is_read() {
    let event = read(&json!({
        "id": "7001", "alert_id": "42", "alert_cycle_key": "c-9", "aggreg_key": "a", "transition": "Triggered",
        "alert_type": "error", "priority": "P1", "title": "[P1] [Triggered] Checkout is slow", "body": "%%%\n p99 is 4 s \n%%%",
        "scope": "service:checkout-api", "tags": "monitor, Team:Payments,env:Production,service:Checkout-API,",
        "link": "https://app.example.com/m/42", "date": "1795427580000", "last_updated": "1795427581000",
    }));
    assert_eq!(event.dedup_key, "cycle:c-9");
    assert_eq!(event.recurs_as, Some(event.group_key.clone()), "the next cycle is the same problem");
    assert_eq!(event.group_key, "monitor:42|env:production|scope:service:checkout-api");
    assert_eq!((event.service.as_deref(), event.team.as_deref()), (Some("checkout-api"), Some("payments")));
    assert_eq!((event.environment.as_deref(), event.transition), (Some("production"), Transition::Firing));
    assert_eq!((event.message.as_deref(), event.external_id.as_deref()), (Some("p99 is 4 s"), Some("42")));
    assert_eq!(event.severity.as_ref().map(|severity| severity.value), Some(Severity::Critical));
    assert_eq!(event.occurred_at.to_string(), "2026-11-23T09:53:00.000Z");
    assert_eq!((event.ordered_at, event.is_timed), (event.occurred_at, true));
    assert_eq!((event.title.as_str(), event.tags.len(), event.is_test), ("Checkout is slow", 4, false));
}

#[test]
fn the_default_template_has_only_the_title_to_go_by() {
    let fired = read(&json!({"id": 1, "title": "[P3] [Warn] Disk fills", "date": 1_795_427_580_000_i64}));
    let over = read(&json!({"id": 2, "title": "[P3] [Recovered] Disk fills", "date": ""}));
    assert_eq!((fired.dedup_key.as_str(), over.dedup_key.as_str()), ("title:Disk fills", "title:Disk fills"));
    assert_eq!((fired.transition, over.transition), (Transition::Firing, Transition::Resolved));
    assert_eq!((over.occurred_at, over.is_timed), (now(), false));
}

#[test]
fn every_transition_is_mapped() {
    for (transition, alert_type, expected) in [
        ("Triggered", "error", Transition::Firing),
        ("Re-Triggered", "", Transition::Firing),
        ("Warn", "warning", Transition::Firing),
        ("Re-No Data", "", Transition::Firing),
        ("Renotify", "success", Transition::Firing),
        ("Recovered", "success", Transition::Resolved),
        ("recovered (was no data)", "", Transition::Resolved),
        ("Something new", "success", Transition::Resolved),
        ("Something new", "error", Transition::Firing),
        ("", "", Transition::Firing),
        ("null", "success", Transition::Resolved),
    ] {
        let event = read(&json!({"title": "t", "alert_transition": transition, "alert_type": alert_type}));
        assert_eq!(event.transition, expected, "{transition} {alert_type}");
    }
}

#[test]
fn the_state_has_many_names() {
    for name in ["transition", "alertTransition", "status", "State", "event_action", "monitor.status"] {
        assert_eq!(read(&json!({"title": "t", name: "resolved"})).transition, Transition::Resolved, "{name}");
    }
    for payload in [
        json!({"title": "[Recovered] t", "transition": "null"}),
        json!({"title": "[Recovered] t", "alert_status": "avg of cpu over host:a was > 5 during the last 5m"}),
        json!({"title": "t", "severity": "ok"}),
        json!({"title": "[Triggered] t", "transition": "Muted", "alert_type": "success"}),
        json!({"alert": {"title": "t", "state": "Recovered"}}),
        json!({"text": "[Recovered] t\nall is well"}),
    ] {
        assert_eq!(read(&payload).transition, Transition::Resolved, "{payload}");
        assert_eq!(read(&payload).unknown_severity, None, "{payload}");
    }
}

#[test]
fn a_stated_severity_is_understood_or_passed_on() {
    assert_eq!(stated(&json!({"title": "t", "alert_priority": "P5", "alert_type": "error"})), Some(Severity::Info));
    assert_eq!(stated(&json!({"title": "t", "severity": "p2"})), Some(Severity::Error));
    assert_eq!(stated(&json!({"title": "[P1] t", "priority": "normal"})), Some(Severity::Critical));
    assert_eq!(stated(&json!({"title": "t", "priority": "normal"})), None);
    assert_eq!(stated(&json!({"title": "t", "priority": "low"})), None);
    assert_eq!(stated(&json!({"title": "t", "severity": "low"})), Some(Severity::Info));
    let event = read(&json!({"title": "t", "severity": "error", "alert_priority": "gold", "priority": "P3"}));
    assert_eq!(
        (event.severity.map(|severity| severity.matched).as_deref(), event.unknown_severity),
        (Some("P3"), None)
    );
    let event = read(&json!({"title": "t", "labels": {"severity": "gold\u{202e}"}, "alert_type": "error"}));
    assert_eq!((event.severity, event.unknown_severity.as_deref()), (None, Some("gold")));
}

#[test]
fn a_transition_only_implies_a_severity() {
    for (payload, expected) in [
        (json!({"title": "t", "alert_type": "error", "transition": "Warn"}), Some(Severity::Error)),
        (json!({"title": "t", "priority": "low", "alert_type": "warning"}), Some(Severity::Warning)),
        (json!({"title": "t", "transition": "No Data"}), Some(Severity::Warning)),
        (json!({"title": "[Re-Triggered] t"}), Some(Severity::Error)),
        (json!({"title": "t", "transition": "Renotify"}), None),
        (json!({"title": "t"}), None),
    ] {
        assert_eq!((stated(&payload), implied(&payload)), (None, expected), "{payload}");
    }
}

#[test]
fn keys_fall_back_from_cycle_to_monitor_to_aggregate_to_title() {
    let key = |payload: Value| read(&payload).dedup_key;
    assert_eq!(
        key(json!({"monitor_id": 134, "scopes": "service:keep", "title": "t"})),
        "monitor:134|scope:service:keep"
    );
    assert_eq!(key(json!({"alert_id": "", "aggreg_key": "x", "title": "t"})), "aggreg:x");
    assert_eq!(key(json!({"title": "[Triggered] t"})), "title:t");
    assert_eq!(key(json!({"dedup_key": "null-null", "title": "t"})), "title:t");
    assert_eq!(key(json!({"deduplicationKey": "k", "alert_id": "7", "title": "t"})), "k");
    assert_eq!(key(json!({"message": "Disk is full\non web-1"})), "title:Disk is full");
    for payload in
        [json!({}), json!([]), json!("text"), json!({"title": " ", "id": "7"}), json!({"title": "[Triggered]"})]
    {
        assert!(Datadog.read(&Headers::default(), &payload, now()).is_err(), "{payload}");
    }
}

#[test]
fn a_fallback_key_holds_all_that_tells_two_problems_apart() {
    let base = json!({"alert_id": 7, "title": "t", "org": {"id": 1}, "tags": "env:a,service:s", "hostname": "h"});
    let key = |change: Value| {
        let mut payload = base.clone();
        payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        read(&payload).dedup_key
    };
    let same = key(json!({}));
    assert_eq!(same, "monitor:7|org:1|env:a|host:h|service:s");
    for change in [
        json!({"alert_id": 8}),
        json!({"org": {"id": 2}}),
        json!({"tags": "env:b,service:s"}),
        json!({"tags": "env:a,service:t"}),
        json!({"hostname": "i"}),
        json!({"scope": "host:h"}),
        json!({"title": "[Triggered on {host:j}] t"}),
    ] {
        assert_ne!(key(change.clone()), same, "{change}");
    }
    for change in
        [json!({"title": "[P1] [Warn] t"}), json!({"title": "u"}), json!({"id": 5}), json!({"tags": "service:s,env:A"})]
    {
        assert_eq!(key(change.clone()), same, "{change}");
    }
    assert_eq!(
        key(json!({"scope": "b:2,a:1"})),
        key(json!({"scope": ["a:1", "b:2"]})),
        "the order of a scope says nothing"
    );
}

#[test]
fn a_chosen_key_that_is_the_monitors_id_is_completed() {
    let key = |host: &str| {
        read(&json!({"dedup_key": "91", "alert_id": 91, "title": format!("[Triggered on {{host:{host}}}] t")}))
            .dedup_key
    };
    assert_eq!(key("a"), "monitor:91|scope:host:a");
    assert_eq!(read(&json!({"incident_key": "91", "title": "t"})).external_id.as_deref(), Some("91"));
    assert_eq!(
        read(&json!({"dedup_key": "555", "alert_id": 91, "title": "t"})).dedup_key,
        "555",
        "a cycle, not the monitor"
    );
}

#[test]
fn names_are_typed_or_of_the_scope_or_of_the_tags() {
    let event = read(
        &json!({"title": "[Warn on {team:b}] t", "tags": ["env:staging"], "scope": "service:search,env:production"}),
    );
    assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("search"), Some("production")));
    assert_eq!((event.team.as_deref(), event.group.as_deref()), (Some("b"), Some("team:b")));
    let event = read(&json!({
        "title": "t", "service": {"name": "Cart"}, "labels": {"env": "QA"}, "owner": "N/A", "tags": {"team": "web", "env": "x"},
    }));
    assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("cart"), Some("qa")));
    assert_eq!((event.team.as_deref(), event.tags), (Some("web"), vec!["env:x".to_owned(), "team:web".to_owned()]));
}

#[test]
fn other_tools_templates_are_read() {
    let event = read(&json!({
        "routing_key": "r", "event_action": "trigger", "dedup_key": "$ALERT_CYCLE_KEY", "client_url": "https://a/7",
        "payload": {
            "summary": "[Triggered on {host:a}] CPU", "source": "a", "severity": "critical", "timestamp": "2026-11-23T09:41:07+0000",
            "custom_details": {"tags": "env:prod", "message": "load is 9"},
        },
    }));
    assert_eq!((event.title.as_str(), event.message.as_deref()), ("CPU", Some("load is 9")));
    assert_eq!((event.environment.as_deref(), event.link.as_deref()), (Some("prod"), Some("https://a/7")));
    assert_eq!(event.occurred_at.to_string(), "2026-11-23T09:41:07.000Z");
    let event = read(&json!({
        "message": "[P2] [Recovered] CPU", "alias": "99", "description": "is fine", "priority": "P2", "date_posix": "1795427580",
    }));
    assert_eq!(
        (event.dedup_key.as_str(), event.title.as_str(), event.transition),
        ("aggreg:99", "CPU", Transition::Resolved)
    );
    assert_eq!(event.message.as_deref(), Some("is fine"));
    assert_eq!(event.occurred_at.to_string(), "2026-11-23T09:53:00.000Z");
}

#[test]
fn links_lead_to_the_web_or_are_dropped() {
    let link = |payload: Value| read(&payload).link;
    assert_eq!(
        link(json!({"title": "t", "link": "javascript:alert(1)", "url": "https://a"})).as_deref(),
        Some("https://a")
    );
    assert_eq!(link(json!({"title": "t", "link": "$LINK", "body": "[Monitor Status](ftp://a/monitors/1)"})), None);
    let body = "see [[Monitor Status](https://app.datadoghq.eu/monitors/1?group=a)]";
    assert_eq!(
        link(json!({"title": "t", "link": "", "body": body})).as_deref(),
        Some("https://app.datadoghq.eu/monitors/1?group=a")
    );
}

#[test]
fn a_title_is_for_people() {
    let title = |payload: Value| read(&payload).title;
    assert_eq!(title(json!({"title": "%%%[P1] **CPU**\u{202e} of\n`web` %%%", "alert_id": 1})), "CPU of web");
    assert_eq!(title(json!({"title": "[Triggered]", "alert_title": "CPU"})), "CPU");
    assert_eq!(title(json!({"title": "[P1] [Triggered]", "alert_id": 42})), "Datadog monitor 42");
    assert_eq!(title(json!({"title": "[P1] [Triggered]", "alert_id": "4\n2"})), "Datadog monitor 4 2");
    let long = title(json!({"alert_id": "🔥".repeat(600)}));
    assert!(long.len() <= limits::TITLE_BYTES && long.chars().count() <= limits::TITLE, "{} bytes", long.len());
}

#[test]
fn a_message_may_say_what_the_title_does() {
    let message = |payload: Value| read(&payload).message;
    assert_eq!(message(json!({"title": "CPU", "body": "CPU"})).as_deref(), Some("CPU"));
    assert_eq!(message(json!({"text": "[Warn] CPU\nload is 9"})).as_deref(), Some("load is 9"));
    assert_eq!(message(json!({"message": "[Warn] CPU"})), None);
    assert_eq!(message(json!({"title": "CPU", "message": "load is 9"})).as_deref(), Some("load is 9"));
}

#[test]
fn tests_are_marked() {
    for payload in [
        json!({"title": "[TEST] [Triggered] t"}),
        json!({"title": "t", "body": "@a\nThis is a test notification."}),
        json!({"title": "t", "is_test": true}),
        json!({"title": "Test notification"}),
    ] {
        assert!(read(&payload).is_test, "{payload}");
    }
    assert!(!read(&json!({"title": "t", "body": "This is a test environment", "is_test": "false"})).is_test);
}

#[test]
fn what_is_too_old_is_ignored() {
    let reading = Datadog.read(&Headers::default(), &json!({"title": "t", "date": "2026-11-01T00:00:00Z"}), now());
    assert!(matches!(reading, Ok(Reading::Ignored { .. })), "{reading:?}");
}

proptest! {
    #[test]
    fn a_resolution_has_the_title_and_the_key_of_its_trigger(
        title in "[a-zA-Z %*:\\[\\]-]{0,30}", group in "[a-z:,1-9]{1,20}", state in "(Triggered|Warn|No Data|Re-Triggered)",
    ) {
        let notification = |state: &str| json!({"alert_id": 7, "title": format!("[P2] [{state} on {{{group}}}] {title}")});
        let (fired, over) = (read(&notification(&state)), read(&notification("Recovered")));
        prop_assert_eq!(&over.transition, &Transition::Resolved);
        prop_assert_eq!((&fired.title, &fired.dedup_key, &fired.group), (&over.title, &over.dedup_key, &over.group));
        prop_assert!(fired.transition == Transition::Firing || title.contains('['), "{:?}", fired);
    }

    #[test]
    fn another_group_is_another_problem(one in "[a-z]{1,9}", other in "[a-z]{1,9}") {
        prop_assume!(one != other);
        let key = |host: &str| read(&json!({"title": "t", "alert_id": 7, "scope": format!("host:{host}")})).dedup_key;
        prop_assert_ne!(key(&one), key(&other));
    }
}
