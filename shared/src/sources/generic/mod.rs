//! Generic webhooks: for jobs of your own, and for tools whose webhook is a template.
//!
//! The payload is `{"type":"alert.firing","timestamp":"…","data":{"key":"…","title":"…"}}`, signed as
//! the Standard Webhooks specification says. CloudEvents are read as well.

mod cloud_events;
mod proof;
mod words;

use std::time::Duration;

use serde_json::Value;

use self::words::Kind;
use super::{
    Element, ElementReading, GROUP_TIMEOUT, Group, Headers, MAX_GROUP_BYTES, Reading, Request, SplitPayload,
    Unreadable, WebhookSource,
    limits::ResendKind,
    signature::Secret,
    tags,
    text::{link, message, name, title},
    time::{Times, time},
    value::{key, text},
};
use crate::domain::{
    event::{AlertEvent, EventKind, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    text::{key_within_limit, limits, truncated_to_chars},
    time::Time,
};

/// The source `generic`.
pub struct Generic;

const NAME: &str = "generic";

/// Where the alerts of a batch are.
const PATH: &[&str] = &["data", "alerts"];

const READING_HEADERS: [&str; 7] = {
    let [version, id, source, kind, time, content_type] = cloud_events::HEADERS;
    ["webhook-id", version, id, source, kind, time, content_type]
};

impl WebhookSource for Generic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn max_body_bytes(&self) -> usize {
        MAX_GROUP_BYTES
    }

    fn receive_timeout(&self) -> Duration {
        GROUP_TIMEOUT
    }

    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        proof::is_authentic(secrets, request)
    }

    fn reading_headers(&self) -> &'static [&'static str] {
        &READING_HEADERS
    }

    /// Whoever signs as Standard Webhooks says tries again for days, as it says, too. Nothing is known of other tools.
    fn resends(&self, headers: &Headers) -> ResendKind {
        match headers.get("webhook-signature") {
            Some(_) => ResendKind::WhenLimited,
            None => ResendKind::Never,
        }
    }

    fn read(&self, headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        let webhook_id = headers.text("webhook-id");
        if cloud_events::is_binary(headers) {
            let event = cloud_events::structured(headers, payload)?;
            return read_event(&event, stated_id(&event), received_at).map(Reading::from);
        }
        if let Value::Array(events) = payload {
            let split = SplitPayload { envelope: Value::Null, elements: events.clone() };
            return Ok(read_batch(split, &[], webhook_id, received_at));
        }
        if kind(payload)? != Kind::Batch {
            let (sent, stated) = (webhook_id.map(str::to_owned), stated_id(payload));
            // A CloudEvent has an identity of its own, whatever carries it.
            let id = if payload.get("specversion").is_some() { stated.or(sent) } else { sent.or(stated) };
            return read_event(payload, id, received_at).map(Reading::from);
        }
        let split =
            Group::split(payload, PATH).ok_or_else(|| Unreadable::because("the batch has no list data.alerts"))?;
        Ok(read_batch(split, PATH, webhook_id, received_at))
    }
}

/// Reads each event of a batch by itself: of our own form, or the list that CloudEvents in batched mode are.
fn read_batch(
    split: SplitPayload,
    path: &'static [&'static str],
    webhook_id: Option<&str>,
    received_at: Time,
) -> Reading {
    if split.elements.is_empty() {
        return Reading::ignored("the batch holds no alert");
    }
    let elements = split.elements.into_iter().enumerate().map(|(position, raw)| {
        let of_batch = || webhook_id.map(|id| format!("{id}/{position}"));
        let reading = read_event(&raw, stated_id(&raw).or_else(of_batch), received_at);
        Element { raw, reading }
    });
    Reading::Group(Group { envelope: split.envelope, path, elements: elements.collect(), left_out: 0 })
}

fn kind(payload: &Value) -> Result<Kind, Unreadable> {
    if !payload.is_object() {
        return Err(Unreadable::because("the payload is not a JSON object"));
    }
    let kind = text(payload, "type").ok_or_else(|| Unreadable::because("the payload has no type"))?;
    Ok(Kind::of(&kind))
}

/// The id that the payload states for the event. That of a CloudEvent is unique in its source only.
fn stated_id(payload: &Value) -> Option<String> {
    let id = key(payload, "id")?;
    let source = payload.get("specversion").and_then(|_| text(payload, "source"));
    Some(key_within_limit(source.map_or(id.clone(), |source| format!("{source} {id}"))))
}

fn read_event(payload: &Value, event_id: Option<String>, received_at: Time) -> Result<ElementReading, Unreadable> {
    let transition = match kind(payload)? {
        Kind::Firing => Transition::Firing,
        Kind::Resolved => Transition::Resolved,
        Kind::Acknowledged => return Ok(ElementReading::ignored("an acknowledgement does not change an alert")),
        Kind::Foreign => return Ok(ElementReading::ignored("this type says nothing about alerts")),
        Kind::Batch => return Err(Unreadable::because("a batch cannot be in a batch")),
        Kind::Unknown => return Err(Unreadable::because("the type is neither alert.firing nor alert.resolved")),
    };
    // A template may have no room for the object around the fields.
    let data = payload.get("data").filter(|data| data.is_object()).unwrap_or(payload);
    let problem = key(data, "key").ok_or_else(|| Unreadable::because("data.key is missing: it names the problem"))?;
    let stated_at = ["time", "timestamp"].into_iter().find_map(|name| time(payload, name));
    let (kind, times) = match &event_id {
        Some(_) => (EventKind::Change, Times::of_change(stated_at, received_at)),
        None => (EventKind::Report, Ok(Times::of_receipt(stated_at, received_at))),
    };
    let times = match times {
        Ok(times) => times,
        Err(forgotten) => return Ok(forgotten.into()),
    };
    let stated_title =
        ["title", "summary"].into_iter().filter_map(|name| text(data, name)).find_map(|text| title(&text));
    if stated_title.is_none() && transition == Transition::Firing {
        return Err(Unreadable::because("data.title is missing"));
    }
    let words = text(data, "severity").or_else(|| text(data, "priority"));
    let severity = words.as_deref().and_then(severity);
    let dedup_key = key_within_limit(format!("key:{problem}"));
    let group_key =
        key(data, "group").map_or_else(|| dedup_key.clone(), |group| key_within_limit(format!("group:{group}")));
    let event = AlertEvent {
        kind,
        event_id,
        group_key,
        occurred_at: times.occurred_at,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        title: stated_title.or_else(|| title(&problem)).unwrap_or_else(|| "Alert".to_owned()),
        message: ["message", "description"]
            .into_iter()
            .find_map(|name| text(data, name))
            .and_then(|text| message(&text)),
        unknown_severity: words.filter(|_| severity.is_none()).map(|words| truncated_to_chars(&words, limits::NAME)),
        severity,
        service: text(data, "service").and_then(|text| name(&text)),
        environment: text(data, "environment").and_then(|text| name(&text)),
        team: text(data, "team").and_then(|text| name(&text)),
        tags: data.get("tags").map(tags::read).unwrap_or_default(),
        link: text(data, "link").and_then(|text| link(&text)),
        external_id: Some(problem),
        ..AlertEvent::bare(Source::named(NAME), &dedup_key, transition, received_at)
    };
    Ok(ElementReading::Event(Box::new(event)))
}

/// Zabbix says `Not classified` where nobody chose a severity.
fn severity(words: &str) -> Option<StatedSeverity> {
    let is_unclassified = words.trim().eq_ignore_ascii_case("not classified");
    let value = Severity::from_words(words).or(is_unclassified.then_some(Severity::Info))?;
    let matched = truncated_to_chars(&format!("severity {words}"), limits::NAME);
    Some(StatedSeverity { value, matched, confidence: 1.0 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received_at() -> Time {
        "2026-11-23T09:45:00Z".parse().unwrap()
    }

    fn read_with(fields: &[(&str, &str)], payload: &Value) -> Result<Reading, Unreadable> {
        Generic.read(&fields.iter().copied().collect(), payload, received_at())
    }

    fn event(fields: &[(&str, &str)], payload: &Value) -> AlertEvent {
        match read_with(fields, payload).unwrap() {
            Reading::Event(event) => *event,
            other => panic!("{other:?}"),
        }
    }

    fn firing() -> Value {
        json!({"type": "alert.firing", "timestamp": "2026-11-23T09:41:07.120Z", "data": {
            "key": "backup/orders", "title": "Backup of orders is late", "severity": "High", "service": "Orders",
            "environment": "", "team": null, "group": "backup", "tags": {"region": "eu"}, "link": "https://b.example.com/1",
        }})
    }

    #[test]
    fn an_event_with_an_id_is_a_change_and_one_without_is_a_report() {
        let signed = event(&[("webhook-id", "msg_1")], &firing());
        assert_eq!(
            (signed.kind, signed.event_id.as_deref(), signed.is_timed),
            (EventKind::Change, Some("msg_1"), true)
        );
        let mut with_id = firing();
        with_id["id"] = json!(7);
        assert_eq!(event(&[], &with_id).event_id.as_deref(), Some("7"));
        let report = event(&[], &firing());
        assert_eq!((report.kind, report.event_id, report.is_timed), (EventKind::Report, None, false));
        assert_eq!(report.ordered_at, received_at());
    }

    #[test]
    fn all_but_key_and_title_may_be_missing() {
        let event = event(&[], &firing());
        assert_eq!((event.dedup_key.as_str(), event.group_key.as_str()), ("key:backup/orders", "group:backup"));
        assert_eq!(event.severity.map(|severity| severity.value), Some(Severity::Error));
        assert_eq!((event.service.as_deref(), event.environment, event.team), (Some("orders"), None, None));
        assert_eq!(event.tags, ["region:eu"]);
        let resolved = json!({"type": "OK", "data": {"key": 5}});
        assert_eq!(super::tests::event(&[], &resolved).dedup_key, "key:5");
        let flat = json!({"type": "PROBLEM", "key": "a", "title": "t", "severity": "Not classified"});
        assert_eq!(super::tests::event(&[], &flat).severity.map(|severity| severity.value), Some(Severity::Info));
        for (name, value) in [("key", json!("")), ("key", json!("null")), ("title", json!(null))] {
            let mut payload = firing();
            payload["data"][name] = value;
            assert!(read_with(&[], &payload).is_err(), "{payload}");
        }
    }

    #[test]
    fn a_batch_is_read_one_by_one() {
        let batch = json!({"type": "alert.batch", "data": {"alerts": [
            firing(), {"type": "alert.resolved", "id": "r", "data": {"key": "x"}}, {"type": "alert.batch"}, 5,
            {"type": "acknowledged", "data": {"key": "x"}},
        ]}});
        let Ok(Reading::Group(group)) = read_with(&[("webhook-id", "msg_1")], &batch) else { panic!() };
        let ids = group.elements.iter().map(|element| match &element.reading {
            Ok(ElementReading::Event(event)) => event.event_id.clone().unwrap(),
            Ok(ElementReading::Ignored { .. }) => "ignored".to_owned(),
            Err(_) => "unreadable".to_owned(),
        });
        assert_eq!(ids.collect::<Vec<_>>(), ["msg_1/0", "r", "unreadable", "unreadable", "ignored"]);
        assert!(matches!(
            read_with(&[], &json!({"type": "alert.batch", "data": {"alerts": []}})),
            Ok(Reading::Ignored { .. })
        ));
        assert!(read_with(&[], &json!({"type": "alert.batch", "data": {}})).is_err());
    }

    #[test]
    fn a_cloud_event_has_its_own_id_and_time() {
        let cloud_event = json!({
            "specversion": "1.0", "id": "9c9a", "source": "/sites/north", "type": "alert.firing",
            "time": "2026-11-23T09:41:07Z", "data": {"key": "plc-4", "title": "Hot"},
        });
        let event = event(&[], &cloud_event);
        assert_eq!(event.event_id.as_deref(), Some("/sites/north 9c9a"));
        assert_eq!(event.ordered_at, "2026-11-23T09:41:07Z".parse().unwrap());
    }

    #[test]
    fn a_list_is_a_batch_of_cloud_events() {
        let cloud_event = |id: &str, kind: &str| {
            json!({
                "specversion": "1.0", "id": id, "source": "/north", "type": kind, "time": "2026-11-23T09:41:07Z",
                "data": {"key": "plc-4", "title": "Hot"},
            })
        };
        let batch = json!([cloud_event("1", "alert.firing"), cloud_event("2", "alert.resolved"), 5]);
        let fields = [("content-type", "application/cloudevents-batch+json"), ("webhook-id", "msg_1")];
        let Ok(Reading::Group(group)) = read_with(&fields, &batch) else { panic!() };
        let ids: Vec<_> = group
            .elements
            .iter()
            .map(|element| match &element.reading {
                Ok(ElementReading::Event(event)) => event.event_id.clone().unwrap(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(ids[..2], ["/north 1", "/north 2"]);
        assert!(ids[2].contains("not a JSON object"), "{ids:?}");
        assert_eq!(group.payload_of(&group.elements[1]), json!([batch[1]]));
        assert!(matches!(read_with(&fields, &json!([])), Ok(Reading::Ignored { .. })));
    }

    #[test]
    fn a_cloud_event_in_binary_mode_has_its_attributes_in_headers() {
        let fields = [
            ("ce-specversion", "1.0"),
            ("ce-id", "9c9a"),
            ("ce-source", "/sites/north"),
            ("ce-type", "alert.resolved"),
            ("ce-time", "2026-11-23T09:41:07Z"),
            ("content-type", "application/json"),
        ];
        let data = json!({"key": "plc-4", "title": "Hot"});
        let event = event(&fields, &data);
        assert_eq!((event.event_id.as_deref(), event.transition), (Some("/sites/north 9c9a"), Transition::Resolved));
        assert_eq!(event.ordered_at, "2026-11-23T09:41:07Z".parse().unwrap());
        assert!(fields.iter().all(|(name, _)| Generic.reading_headers().contains(name)), "a redrive reads the same");
        let signed = [&fields[..], &[("webhook-id", "msg_1")]].concat();
        assert!(read_with(&signed, &data).is_err(), "its headers are not signed");
    }

    #[test]
    fn other_types_are_ignored_and_unknown_ones_unreadable() {
        assert!(matches!(read_with(&[], &json!({"type": "contact.created"})), Ok(Reading::Ignored { .. })));
        for payload in [json!({"type": "maybe"}), json!({}), json!("x"), json!(null)] {
            assert!(read_with(&[], &payload).is_err(), "{payload}");
        }
    }
}
