//! Mutated webhooks of all sources are read, classified, grouped and stored, or quarantined.

use aws_sdk_dynamodb::types::AttributeValue;
use fastrand::Rng;
use proptest::prelude::*;
use serde_json::Value;

use shared::{
    classification::classify,
    domain::{
        alert::{Alert, Delivered, Placement},
        delivery::{Content, Delivery},
        episode::{Episode, EpisodeOf, EventKey, Firing},
        event::{AlertEvent, Transition},
        quarantine::FIRST_LINES_BYTES,
        text::limits,
        time::Time,
    },
    grouping::{Decision, Groups, NewAlert, decide},
    http::view::AlertView,
    ids::IdGenerator,
    queue::message,
    rules::Rules,
    service::read_webhook::{Received, Webhook, read},
    sources::{self, Headers},
    store::{Item, alerts, claims::ClaimKeys},
};

use super::mutation::mutated;

/// The largest message that SQS accepts, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// An alert in a list. 200 of them must fit into the 6 MB that a function may answer.
const MAX_SHOWN_BYTES: usize = 30_000;

/// The largest partition key of a table or an index, in bytes.
const MAX_PARTITION_KEY_BYTES: usize = 2048;

/// The longest key of a source with the prefix that our readers add.
const MAX_KEY: usize = limits::KEY + "metric_alert_rule:".len();

/// The largest row of DynamoDB, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

const RESOURCES: [&str; 6] = ["issue", "event_alert", "error", "metric_alert", "comment", ""];

pub fn received_at() -> Time {
    "2026-11-23T09:53:08.120Z".parse().expect("a time")
}

fn source_names() -> Vec<&'static str> {
    sources::SOURCES.iter().map(|source| source.name()).collect()
}

/// The payloads of the black-box suite.
pub fn corpus(source: &str) -> Vec<(String, Value)> {
    let directory = format!("{}/fixtures/{source}", env!("CARGO_MANIFEST_DIR"));
    let mut corpus: Vec<(String, Value)> = std::fs::read_dir(directory)
        .expect("fixtures")
        .map(|entry| entry.expect("a fixture"))
        .map(|entry| {
            let body = std::fs::read(entry.path()).expect("a fixture can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&body).expect("a fixture is JSON"))
        })
        .collect();
    corpus.sort_by(|one, other| one.0.cmp(&other.0));
    corpus
}

/// The resource of Sentry that a fixture is named after.
pub fn own_resource(fixture: &str) -> Option<&'static str> {
    RESOURCES.into_iter().filter(|resource| !resource.is_empty()).find(|resource| fixture.starts_with(resource))
}

pub fn headers(resource: &str) -> Headers {
    [("sentry-hook-resource", resource)].into_iter().collect()
}

/// Checks what must hold for every body.
pub fn check(source: &str, headers: &Headers, body: &[u8]) -> Result<(), TestCaseError> {
    let source = sources::find(source).expect("a source");
    match read(Received { source, headers, body, received_at: received_at(), receipt: "1" }) {
        Webhook::Ignored { reason } => prop_assert!(!reason.is_empty() && reason.len() < 200),
        Webhook::Confirmation(confirmation) => prop_assert!(confirmation.url().len() < 4096),
        Webhook::Delivery(delivery) => check_delivery(&delivery)?,
        Webhook::Group(group) => {
            for delivery in &group.deliveries {
                check_delivery(delivery)?;
            }
        }
    }
    Ok(())
}

fn check_delivery(delivery: &Delivery) -> Result<(), TestCaseError> {
    let message = message(delivery).expect("a delivery is JSON");
    let is_accepted =
        message.chars().all(|character| character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'));
    prop_assert!(is_accepted, "SQS refuses {}", message);
    prop_assert!(message.len() <= MAX_MESSAGE_BYTES, "a message of {} bytes", message.len());
    prop_assert_eq!(
        &serde_json::from_str::<Delivery>(&message).expect("a message is a delivery"),
        delivery,
        "the queue changes the delivery"
    );
    prop_assert!(delivery.delivery_id.as_str().len() < 60);
    prop_assert!(delivery.body.beginning(FIRST_LINES_BYTES).expect("a body is unpacked").len() <= FIRST_LINES_BYTES);
    match &delivery.content {
        Content::Unreadable(reason) => prop_assert!(!reason.is_empty() && reason.len() < 300, "{}", reason),
        Content::Event(event) => {
            check_event(event)?;
            check_row(event, delivery)?;
        }
    }
    Ok(())
}

fn check_event(event: &AlertEvent) -> Result<(), TestCaseError> {
    let within = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
    prop_assert!(within(&event.title, limits::TITLE), "title {:?}", event.title);
    prop_assert!(!event.title.chars().any(char::is_control), "title {:?}", event.title);
    prop_assert!(!event.title.chars().all(|character| "\u{200b}\u{3164}\u{feff} ".contains(character)), "blank title");
    prop_assert!(event.message.as_deref().is_none_or(|message| within(message, limits::MESSAGE)), "message");
    prop_assert!(within(&event.dedup_key, MAX_KEY) && within(&event.group_key, MAX_KEY), "keys");
    prop_assert!(event.external_id.as_deref().is_none_or(|id| within(id, limits::KEY)), "id");
    for name in [&event.service, &event.environment, &event.team].into_iter().flatten() {
        prop_assert!(within(name, limits::NAME) && *name == name.to_lowercase(), "name {:?}", name);
    }
    prop_assert!(event.tags.len() <= limits::TAGS && event.tags.iter().all(|tag| within(tag, limits::TAG)), "tags");
    prop_assert!(event.link.as_deref().is_none_or(|link| within(link, limits::LINK)), "link");
    prop_assert!(event.occurred_at <= received_at().plus_minutes(24 * 60), "{}", event.occurred_at);
    if let Some(stated) = &event.severity {
        prop_assert!((0.0..=1.0).contains(&stated.confidence) && stated.matched.chars().count() <= 2 * limits::NAME);
    }
    Ok(())
}

/// Checks that the alert of an event can be stored, read from an index, and shown.
fn check_row(event: &AlertEvent, delivery: &Delivery) -> Result<(), TestCaseError> {
    let rules = Rules::built_in().expect("valid rules");
    let classification = classify(event, &rules);
    let environment = classification.environment.value.clone();
    let keys = ClaimKeys::of(event, classification.service.value.as_deref(), &environment);
    prop_assert!(keys.all().all(|key| !key.is_empty() && key.len() <= MAX_PARTITION_KEY_BYTES));
    let new_alert = NewAlert { event, classification: &classification, resolved_at: None };
    let grouping = match decide(new_alert, &Groups::default(), &rules) {
        Decision::Open { place, .. } | Decision::Join { place, .. } => place.grouping,
        Decision::Ignore { grouping } => grouping,
    };
    if event.transition == Transition::Firing {
        let ids = IdGenerator::seeded(1);
        let placement = Placement { incident_id: Some(ids.next(received_at())), grouping };
        let key = EventKey { at: event.ordered_at, delivery_id: delivery.delivery_id.clone() };
        let firing = Firing {
            key: key.clone(),
            occurred_at: event.occurred_at,
            severity: classification.severity.value,
            evidence: classification.severity.evidence,
            content: Some(delivery.content_hash.clone()),
            received_at: Some(delivery.received_at),
        };
        let incident_id = placement.incident_id;
        let of = EpisodeOf { alert_id: ids.next(received_at()), incident_id, resolution: None };
        let delivered = Delivered { key: &key, event, classification: &classification };
        let alert = Alert::first(&Episode::begin(of, firing), delivered, placement);
        let mut item = alerts::item(&alert, Some(received_at())).expect("an alert is stored");
        prop_assert!(size(&item) < MAX_ITEM_BYTES, "a row of {} bytes", size(&item));
        // An index does not have this attribute.
        item.remove("entity_type");
        prop_assert_eq!(&alerts::read(item).expect("an alert is read"), &alert, "an index gives back the alert");
        let shown = serde_json::to_string(&AlertView::from(alert)).expect("an alert is JSON").len();
        prop_assert!(shown <= MAX_SHOWN_BYTES, "an alert of {} bytes", shown);
    }
    Ok(())
}

/// At least the size of a row, in bytes: that of its texts and bytes.
fn size(item: &Item) -> usize {
    fn of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::L(list) => list.iter().map(of).sum(),
            AttributeValue::M(members) => members.iter().map(|(name, value)| name.len() + of(value)).sum(),
            _ => 1,
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}

proptest! {
    #[test]
    fn mutated_payloads_are_stored_or_quarantined(
        source in prop::sample::select(source_names()),
        which in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let mut random = Rng::with_seed(seed);
        let corpus = corpus(source);
        let (name, payload) = which.get(&corpus);
        let own = own_resource(name).filter(|_| random.u8(..8) > 0);
        let resource = own.unwrap_or_else(|| RESOURCES[random.usize(..RESOURCES.len())]);
        check(source, &headers(resource), &mutated(payload, &mut random))?;
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_quarantined(
        source in prop::sample::select(source_names()),
        resource in prop::sample::select(RESOURCES.to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        check(source, &headers(resource), &body)?;
    }
}
