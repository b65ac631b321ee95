//! Groups of Alertmanager: each alert, its identity, its times.

use serde_json::{Value, json};

use super::{
    super::{Group, labels::Labels, signature::Secret},
    *,
};
use crate::domain::severity::Severity;

fn received_at() -> Time {
    "2026-11-23T09:30:00Z".parse().unwrap()
}

fn group(payload: &Value) -> Group {
    match Alertmanager.read(&Headers::default(), payload, received_at()).unwrap() {
        Reading::Group(group) => group,
        other => panic!("{other:?}"),
    }
}

fn event(payload: &Value) -> AlertEvent {
    match group(payload).elements.remove(0).reading.unwrap() {
        ElementReading::Event(event) => *event,
        ElementReading::Ignored { reason } => panic!("{reason}"),
    }
}

/// A group of one alert with these members beside its labels.
fn payload(members: &Value) -> Value {
    let mut alert = json!({
        "status": "firing",
        "labels": {"alertname": "DiskFull", "service": "Orders", "severity": "page", "env": "production"},
        "annotations": {"summary": "Disk of orders-db\nis full", "description": "97 %", "runbook_url": "https://run.example.com/disk"},
        "startsAt": "2026-11-23T09:12:44.101823391Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=up",
        "fingerprint": "638ed7508b838316",
    });
    for (name, value) in members.as_object().unwrap() {
        alert[name] = value.clone();
    }
    json!({
        "version": "4", "status": "firing", "groupKey": "{}:{alertname=\"DiskFull\"}",
        "groupLabels": {"alertname": "DiskFull"}, "externalURL": "https://alertmanager.example.com", "alerts": [alert],
    })
}

#[test]
fn an_alert_is_read() {
    let event = event(&payload(&json!({})));
    assert_eq!(event.title, "Disk of orders-db is full");
    assert_eq!(event.message.as_deref(), Some("97 %\n\nRunbook: https://run.example.com/disk"));
    assert_eq!((event.kind, event.transition), (EventKind::Report, Transition::Firing));
    assert_eq!(event.severity.map(|severity| severity.value), Some(Severity::Critical));
    assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("orders"), Some("production")));
    assert_eq!(
        (event.dedup_key.as_str(), event.external_id.as_deref()),
        ("fingerprint:638ed7508b838316", Some("638ed7508b838316"))
    );
    assert_eq!(event.group_key, "group:{}:{alertname=\"DiskFull\"}");
    assert_eq!((event.ordered_at, event.is_timed), (received_at(), false), "receipt orders reports");
    assert_eq!(event.occurred_at, "2026-11-23T09:12:44.101Z".parse().unwrap());
    assert_eq!(event.link.as_deref(), Some("https://prometheus.example.com/graph?g0.expr=up"));
    assert!(event.tags.contains(&"severity:page".to_owned()));
}

#[test]
fn each_alert_has_its_own_status() {
    let transition = |members: Value| event(&payload(&members)).transition;
    let resolved = json!({"status": "RESOLVED", "endsAt": "2026-11-23T09:21:14Z"});
    assert_eq!(transition(resolved), Transition::Resolved);
    assert_eq!(transition(json!({"status": null})), Transition::Firing);
    assert_eq!(transition(json!({"status": "", "endsAt": "2026-11-23T09:35:00Z"})), Transition::Firing, "a time ahead");
    assert_eq!(transition(json!({"status": null, "endsAt": "2026-11-23T09:29:00Z"})), Transition::Resolved);
}

#[test]
fn an_alert_ends_when_its_source_says_so() {
    let ended_at =
        |status: &str, ends_at: &str| event(&payload(&json!({"status": status, "endsAt": ends_at}))).ended_at;
    assert_eq!(ended_at("resolved", "2026-11-23T09:21:14Z"), "2026-11-23T09:21:14Z".parse().ok());
    assert_eq!(ended_at("resolved", "0001-01-01T00:00:00Z"), None);
    assert_eq!(ended_at("firing", "2026-11-23T09:21:14Z"), None);
}

#[test]
fn what_has_no_fingerprint_gets_that_of_its_labels() {
    let first = event(&payload(&json!({"fingerprint": null})));
    assert_eq!(first.dedup_key, event(&payload(&json!({"fingerprint": "", "startsAt": null}))).dedup_key);
    assert_ne!(first.dedup_key, event(&payload(&json!({"fingerprint": null, "labels": {"a": "b"}}))).dedup_key);
    let bare = group(&payload(&json!({"fingerprint": null, "labels": {}}))).elements.remove(0);
    assert!(bare.reading.unwrap_err().to_string().contains("neither a fingerprint nor labels"));
}

/// What Alertmanager 0.25 sent.
#[test]
fn the_computed_fingerprint_is_that_of_the_real_alertmanager() {
    for name in ["two_fire", "truncated_group_is_resolved_although_others_fire"] {
        let file = format!("{}/../tests/fixtures/alertmanager/real_0_25_{name}.json", env!("CARGO_MANIFEST_DIR"));
        let sent: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for alert in sent["alerts"].as_array().unwrap() {
            let labels = json!({"labels": alert["labels"]});
            assert_eq!(fingerprint::fingerprint(&Labels::of(&labels, "labels")), alert["fingerprint"]);
        }
    }
}

#[test]
fn alerts_that_are_not_grouped_are_each_a_group() {
    let mut everything = payload(&json!({}));
    everything["groupLabels"] = json!({});
    everything["groupKey"] = json!("{}:{}");
    assert_eq!(event(&everything).group_key, "fingerprint:638ed7508b838316");
}

#[test]
fn one_alert_that_cannot_be_read_does_not_touch_the_others() {
    let mut payload = payload(&json!({}));
    let alerts = payload["alerts"].as_array_mut().unwrap();
    alerts.push(json!("text"));
    alerts.push(json!({"status": "silenced", "labels": {"a": "b"}}));
    alerts.push(json!({"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}}));
    payload["truncatedAlerts"] = json!(148);
    let group = group(&payload);
    assert!(matches!(group.elements[0].reading, Ok(ElementReading::Event(_))));
    assert!(group.elements[1].reading.is_err() && group.elements[2].reading.is_err());
    assert!(matches!(group.elements[3].reading, Ok(ElementReading::Ignored { .. })));
    assert_eq!(group.left_out, 148);
    // What is kept with an alert reads the same as in the group.
    let kept = group.payload_of(&group.elements[0]);
    assert_eq!(kept["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(event(&kept), event(&payload));
}

#[test]
fn other_payloads_are_ignored_or_unreadable() {
    let read = |payload: Value| Alertmanager.read(&Headers::default(), &payload, received_at());
    assert!(matches!(read(json!({"alerts": []})), Ok(Reading::Ignored { .. })));
    for payload in [json!({}), json!([]), json!("text"), json!({"alerts": {}}), json!(null)] {
        assert!(read(payload.clone()).is_err(), "{payload}");
    }
}

#[test]
fn the_secret_proves_itself_in_three_places() {
    let secrets = ["old", "new"].map(|text| Secret::new(text.to_owned()).unwrap());
    let authentic = |fields: &[(&str, &str)]| {
        let headers: Headers = fields.iter().copied().collect();
        Alertmanager.is_authentic(&secrets, &Request::new(&headers, b"{}", received_at()))
    };
    assert!(authentic(&[("Authorization", "Bearer old")]));
    assert!(authentic(&[("Authorization", "Basic YW55Om5ldw==")]));
    assert!(authentic(&[("X-Webhook-Token", "new")]));
    assert!(!authentic(&[("X-Webhook-Token", "new"), ("Authorization", "Bearer wrong")]));
    assert!(!authentic(&[("Authorization", "Token old")]) && !authentic(&[]));
    let headers = [("Authorization", "Bearer ")].into_iter().collect();
    assert!(!Alertmanager.is_authentic(&[], &Request::new(&headers, b"", received_at())));
}
