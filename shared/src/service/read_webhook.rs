//! Reads an authentic webhook: each event in it becomes a delivery. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    domain::{
        delivery::{Content, Delivery, PackedBody},
        event::AlertEvent,
        source::Source,
        time::Time,
    },
    sources::{self, Confirmation, ElementReading, Group, Headers, Reading, WebhookSource},
};

/// How many events a webhook may hold. A larger one goes to the quarantine as a whole: each event
/// that cannot be read is an entry there.
pub const MAX_EVENTS: usize = 20_000;

/// The most of a group's envelope that is kept with each of its events, in bytes. It is kept once an
/// event, so a large one would multiply.
const MAX_ENVELOPE_BYTES: usize = 16 * 1024;

/// What an authentic webhook holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Webhook {
    /// One event, for grouping or, if it cannot be read, for the quarantine.
    Delivery(Box<Delivery>),
    /// Several events.
    Group(Deliveries),
    /// The source asks whether its webhooks are wanted.
    Confirmation(Confirmation),
    /// It says nothing that matters here.
    Ignored {
        /// Why.
        reason: String,
    },
}

impl Webhook {
    /// How many deliveries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Delivery(_) => 1,
            Self::Group(group) => group.deliveries.len(),
            Self::Confirmation(_) | Self::Ignored { .. } => 0,
        }
    }

    /// Whether it has no delivery.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its deliveries, in their order.
    #[must_use]
    pub fn deliveries(self) -> Vec<Delivery> {
        match self {
            Self::Delivery(delivery) => vec![*delivery],
            Self::Group(group) => group.deliveries,
            Self::Confirmation(_) | Self::Ignored { .. } => Vec::new(),
        }
    }
}

/// The events of a webhook that holds several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deliveries {
    /// Those for grouping and for the quarantine, in their order.
    pub deliveries: Vec<Delivery>,
    /// How many say nothing that matters here, by reason.
    pub ignored: BTreeMap<String, usize>,
    /// How many the sender left out.
    pub left_out: u64,
}

/// A webhook as it was received, once its proof is checked.
#[derive(Clone, Copy)]
pub struct Received<'webhook> {
    /// Who sent it.
    pub source: &'webhook dyn WebhookSource,
    /// Its headers.
    pub headers: &'webhook Headers,
    /// The bytes of its body.
    pub body: &'webhook [u8],
    /// When it was received.
    pub received_at: Time,
    /// Tells this receipt of the bytes from any other. If an event has an id or states its time, the
    /// same bytes are the same delivery for ever. If not, they may be news when they come again.
    pub receipt: &'webhook str,
}

/// Reads an authentic webhook. What cannot be read is a delivery for the quarantine, whatever it is:
/// nothing authentic is dropped.
#[must_use]
pub fn read(received: Received<'_>) -> Webhook {
    let Received { source, headers, body, received_at, .. } = received;
    if let Some(reason) = source.ignores_all() {
        return Webhook::Ignored { reason: reason.to_owned() };
    }
    let payload = match sources::parse(body) {
        Ok(payload) => payload,
        Err(unreadable) => {
            let redacted = source.redacted_bytes(body);
            let kept = redacted.as_deref().unwrap_or(body);
            return Webhook::Delivery(Box::new(received.unreadable(kept, &unreadable.to_string())));
        }
    };
    let redacted = source.redacted(&payload).map(|payload| payload.to_string().into_bytes());
    let kept = redacted.as_deref().unwrap_or(body);
    match source.read(headers, &payload, received_at) {
        Ok(Reading::Event(event)) => Webhook::Delivery(Box::new(received.event(*event, kept, received.receipt))),
        Ok(Reading::Group(group)) if group.elements.len() > MAX_EVENTS => {
            let reason = format!("it holds {} events; at most {MAX_EVENTS} are read", group.elements.len());
            Webhook::Delivery(Box::new(received.unreadable(kept, &reason)))
        }
        Ok(Reading::Group(group)) => Webhook::Group(received.group(group)),
        Ok(Reading::Confirmation(confirmation)) => Webhook::Confirmation(confirmation),
        Ok(Reading::Ignored { reason }) => Webhook::Ignored { reason },
        Err(unreadable) => Webhook::Delivery(Box::new(received.unreadable(kept, &unreadable.to_string()))),
    }
}

impl Received<'_> {
    fn group(self, group: Group) -> Deliveries {
        let group = Group { envelope: bounded(group.envelope), ..group };
        let mut read = Deliveries { left_out: group.left_out, ..Deliveries::default() };
        for (position, element) in group.elements.iter().enumerate() {
            let kept = || group.payload_of(element).to_string().into_bytes();
            match &element.reading {
                Ok(ElementReading::Ignored { reason }) => *read.ignored.entry(reason.clone()).or_default() += 1,
                Ok(ElementReading::Event(event)) => {
                    let receipt = format!("{}/{position}", self.receipt);
                    read.deliveries.push(self.event((**event).clone(), &kept(), &receipt));
                }
                Err(unreadable) => {
                    let reason = format!("event {} of {}: {unreadable}", position + 1, group.elements.len());
                    read.deliveries.push(self.unreadable(&kept(), &reason));
                }
            }
        }
        read
    }

    fn event(self, event: AlertEvent, kept: &[u8], receipt: &str) -> Delivery {
        Delivery {
            delivery_id: sources::delivery_id(&event, kept, receipt),
            source: Source::named(self.source.name()),
            received_at: self.received_at,
            content: Content::Event(Box::new(event.fitted())),
            content_hash: sources::content_hash(kept),
            body: PackedBody::pack(kept),
            headers: BTreeMap::new(),
            redrive_of: None,
        }
    }

    fn unreadable(self, kept: &[u8], reason: &str) -> Delivery {
        let names = self.source.reading_headers().iter();
        let headers = names.filter_map(|name| Some(((*name).to_owned(), self.headers.text(name)?.to_owned())));
        Delivery {
            delivery_id: sources::unreadable_delivery_id(self.source.name(), kept),
            source: Source::named(self.source.name()),
            received_at: self.received_at,
            content: Content::Unreadable(reason.to_owned()),
            content_hash: sources::content_hash(kept),
            body: PackedBody::pack(kept),
            headers: headers.collect(),
            redrive_of: None,
        }
    }
}

/// An envelope without its largest members, if it is large.
fn bounded(envelope: Value) -> Value {
    let Value::Object(mut members) = envelope else { return envelope };
    let mut sizes: Vec<(usize, String)> =
        members.iter().map(|(name, value)| (name.len() + value.to_string().len(), name.clone())).collect();
    sizes.sort_unstable();
    let mut total: usize = sizes.iter().map(|(size, _)| size).sum();
    while total > MAX_ENVELOPE_BYTES {
        let Some((size, name)) = sizes.pop() else { break };
        members.remove(&name);
        total -= size;
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_of(source: &str, body: &[u8], receipt: &str) -> Webhook {
        let headers = Headers::default();
        let received_at = "2026-11-23T09:53:08.120Z".parse().unwrap();
        read(Received { source: sources::find(source).unwrap(), headers: &headers, body, received_at, receipt })
    }

    fn delivery(body: &[u8], receipt: &str) -> Delivery {
        match read_of("datadog", body, receipt) {
            Webhook::Delivery(delivery) => *delivery,
            other => panic!("{other:?}"),
        }
    }

    fn group(payload: &Value) -> Deliveries {
        match read_of("alertmanager", payload.to_string().as_bytes(), "1") {
            Webhook::Group(deliveries) => deliveries,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unreadable_body_is_a_delivery_of_its_own_and_its_bytes_are_kept() {
        let bodies: [&[u8]; 5] =
            [br#"{"title":"\ud83d"}"#, br#"{"title":"\ud83e"}"#, b"<alert/>", b"", b"\xff\xfe\x00{"];
        let deliveries = bodies.map(|body| delivery(body, "1"));
        for (delivery, body) in deliveries.iter().zip(bodies) {
            assert!(matches!(delivery.content, Content::Unreadable(_)), "{delivery:?}");
            assert_eq!(delivery.body.unpack().unwrap(), body, "the bytes are kept");
        }
        let ids: std::collections::BTreeSet<_> = deliveries.iter().map(|delivery| &delivery.delivery_id).collect();
        assert_eq!(ids.len(), bodies.len());
        assert!(matches!(delivery(b"title=Disk+is+full", "1").content, Content::Event(_)));
    }

    #[test]
    fn the_same_bytes_are_the_same_delivery_only_if_they_state_their_time() {
        let id = |body: &[u8], receipt| delivery(body, receipt).delivery_id;
        let timed: &[u8] = br#"{"title":"t","date":"1795427588000"}"#;
        assert_eq!(id(timed, "1"), id(timed, "2"));
        let untimed: &[u8] = br#"{"title":"t"}"#;
        assert_eq!(id(untimed, "1"), id(untimed, "1"));
        assert_ne!(id(untimed, "1"), id(untimed, "2"));
    }

    #[test]
    fn each_event_of_a_group_is_a_delivery_with_its_own_part_of_the_payload() {
        let alert = |name: &str| json!({"status": "firing", "labels": {"alertname": name}});
        let payload = json!({
            "groupKey": "k", "groupLabels": {"a": "b"}, "commonLabels": {"x": "y".repeat(20_000)},
            "alerts": [alert("A"), 5, alert("Watchdog"), alert("B"), alert("Watchdog")], "truncatedAlerts": 3,
        });
        let read = group(&payload);
        assert_eq!((read.deliveries.len(), read.ignored.values().sum::<usize>(), read.left_out), (3, 2, 3));
        let reasons = read.deliveries.iter().map(|delivery| match &delivery.content {
            Content::Event(event) => event.title.clone(),
            Content::Unreadable(reason) => reason.clone(),
        });
        let reasons: Vec<String> = reasons.collect();
        assert_eq!(reasons, ["A", "event 2 of 5: the alert is not a JSON object", "B"]);
        let kept: Value = serde_json::from_slice(&read.deliveries[2].body.unpack().unwrap()).unwrap();
        assert_eq!(
            kept,
            json!({"groupKey": "k", "groupLabels": {"a": "b"}, "alerts": [alert("B")], "truncatedAlerts": 3})
        );
    }

    #[test]
    fn a_group_of_far_too_many_events_is_one_entry_of_the_quarantine() {
        let payload = json!({"alerts": vec![json!({}); MAX_EVENTS + 1]});
        let Webhook::Delivery(delivery) = read_of("alertmanager", payload.to_string().as_bytes(), "1") else {
            panic!()
        };
        assert!(matches!(delivery.content, Content::Unreadable(reason) if reason.contains("20001 events")));
    }

    #[test]
    fn a_credential_in_the_body_is_not_kept() {
        for action in [r#""event_action":"trigger","#, ""] {
            let body =
                format!(r#"{{"routing_key":"R0ut1ngK3y",{action}"payload":{{"summary":"s","severity":"info"}}}}"#);
            let Webhook::Delivery(delivery) = read_of("pagerduty-events", body.as_bytes(), "1") else { panic!() };
            let kept = String::from_utf8(delivery.body.unpack().unwrap()).unwrap();
            assert!(kept.contains("summary") && !kept.contains("R0ut1ngK3y"), "{kept}");
        }
    }
}
