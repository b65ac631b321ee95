//! Webhooks of both sources, mutated: read, classified, grouped and made into a row.

use fastrand::Rng;
use proptest::prelude::*;
use serde_json::Value;

use super::mutation::mutated;
use crate::{
    classification::classify,
    domain::{
        alert::Alert,
        delivery::{Content, Delivery, Raw},
        event::{AlertEvent, Transition},
        id::IdGenerator,
        quarantine::FIRST_LINES_BYTES,
        text::limits,
        time::Time,
    },
    grouping::{Decision, Groups, NewAlert, decide},
    http::view::AlertView,
    rules::Rules,
    service::{
        queue::message,
        receive_webhook::{Webhook, read},
    },
    sources::{self, Headers},
    store::{alerts, claims::ClaimKeys},
};

/// What SQS takes.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Of what a list shows: 200 alerts are below the 6 MB that a function may answer.
const MAX_SHOWN_BYTES: usize = 30_000;

/// What a partition key may have; that of an index too.
const MAX_PARTITION_KEY: usize = 2048;

/// A source's key with what our readers put before it.
const MAX_KEY: usize = limits::KEY + "metric_alert_rule:".len();

const RESOURCES: [&str; 6] = ["issue", "event_alert", "error", "metric_alert", "comment", ""];

/// Soon after what the payloads tell: what is old is ignored.
fn received_at() -> Time {
    "2026-01-08T09:53:08.120Z".parse().unwrap()
}

/// The payloads of the black-box suite.
fn corpus(source: &str) -> Vec<(String, Value)> {
    let directory = format!("{}/../tests/fixtures/{source}", env!("CARGO_MANIFEST_DIR"));
    let mut corpus: Vec<(String, Value)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap())
        })
        .collect();
    corpus.sort_by(|one, other| one.0.cmp(&other.0));
    corpus
}

fn headers(resource: &str) -> Headers {
    [("sentry-hook-resource", resource)].into_iter().collect()
}

/// What holds for a body, whatever it is.
fn check(source: &str, headers: &Headers, body: &[u8]) -> Result<(), TestCaseError> {
    let source = sources::find(source).unwrap();
    match read(source, headers, body, received_at()) {
        Webhook::Ignored { reason } => prop_assert!(!reason.is_empty() && reason.len() < 200),
        Webhook::Delivery(delivery) => check_delivery(&delivery)?,
    }
    Ok(())
}

fn check_delivery(delivery: &Delivery) -> Result<(), TestCaseError> {
    let message = message(delivery).unwrap();
    let is_taken = message.chars().all(|character| character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'));
    prop_assert!(is_taken, "SQS refuses {}", message);
    prop_assert!(message.len() <= MAX_MESSAGE, "a message of {} bytes", message.len());
    prop_assert_eq!(&serde_json::from_str::<Delivery>(&message).unwrap(), delivery, "the queue carries it as it is");
    prop_assert!(delivery.delivery_id.as_str().len() < 60);
    prop_assert!(delivery.raw.beginning(FIRST_LINES_BYTES).unwrap().len() <= FIRST_LINES_BYTES);
    match &delivery.content {
        Content::Unreadable(reason) => prop_assert!(!reason.is_empty() && reason.len() < 300, "{}", reason),
        Content::Event(event) => {
            check_event(event)?;
            check_row(event, &delivery.raw)?;
        }
    }
    Ok(())
}

fn check_event(event: &AlertEvent) -> Result<(), TestCaseError> {
    let within = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
    prop_assert!(within(&event.title, limits::TITLE), "title {:?}", event.title);
    prop_assert!(event.message.as_deref().is_none_or(|message| within(message, limits::MESSAGE)), "message");
    prop_assert!(within(&event.dedup_key, MAX_KEY) && within(&event.group_key, MAX_KEY), "keys");
    prop_assert!(event.external_id.as_deref().is_none_or(|id| within(id, limits::KEY)), "id");
    for name in [&event.service, &event.environment, &event.team].into_iter().flatten() {
        prop_assert!(within(name, limits::NAME) && *name == name.to_lowercase(), "name {:?}", name);
    }
    prop_assert!(event.tags.len() <= limits::TAGS && event.tags.iter().all(|tag| within(tag, limits::TAG)), "tags");
    prop_assert!(
        event.link.as_deref().is_none_or(|link| within(link, limits::LINK) && link.to_lowercase().starts_with("http")),
        "link"
    );
    prop_assert!(event.occurred_at <= received_at(), "{}", event.occurred_at);
    prop_assert!(event.ordered_at <= received_at().plus_minutes(24 * 60), "{}", event.ordered_at);
    prop_assert!(event.is_timed || event.ordered_at == received_at());
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    prop_assert!(!event.title.contains(is_hidden), "title {:?}", event.title);
    prop_assert!(event.severity.is_none() || event.unknown_severity.is_none());
    for text in [&event.group, &event.unknown_severity].into_iter().flatten() {
        prop_assert!(within(text, limits::TAG) && !text.contains(is_hidden), "{:?}", text);
    }
    for stated in [&event.severity, &event.transition_severity].into_iter().flatten() {
        prop_assert!((0.0..=1.0).contains(&stated.confidence) && stated.matched.chars().count() <= 2 * limits::NAME);
    }
    Ok(())
}

/// What can be read can be stored.
fn check_row(event: &AlertEvent, raw: &Raw) -> Result<(), TestCaseError> {
    let rules = Rules::built_in().unwrap();
    let classification = classify(event, &rules);
    let environment = classification.environment.value.clone();
    let keys = ClaimKeys::of(event, classification.service.value.as_deref(), &environment);
    prop_assert!(keys.all().all(|key| !key.is_empty() && key.len() <= MAX_PARTITION_KEY));
    let new_alert = NewAlert { event, classification: &classification, resolved_at: None };
    let grouping = match decide(new_alert, &Groups::default(), &rules) {
        Decision::Open { grouping, .. } | Decision::Join { grouping, .. } | Decision::Ignore { grouping } => grouping,
    };
    if event.transition == Transition::Firing {
        let ids = IdGenerator::seeded(1);
        let grouped = (Some(ids.next(received_at())), grouping);
        let alert = Alert::first(ids.next(received_at()), event.clone(), classification, None, grouped);
        alerts::tests::check_item(&alert, raw)?;
        let shown = serde_json::to_string(&AlertView::from(alert)).unwrap().len();
        prop_assert!(shown <= MAX_SHOWN_BYTES, "an alert of {} bytes", shown);
    }
    Ok(())
}

proptest! {
    #[test]
    fn mutated_payloads_are_read_and_stored_or_kept_unread(
        source in prop::sample::select(vec!["datadog", "sentry"]), which in any::<prop::sample::Index>(), seed in any::<u64>(),
    ) {
        let mut random = Rng::with_seed(seed);
        let corpus = corpus(source);
        let (name, payload) = which.get(&corpus);
        let own = RESOURCES.iter().filter(|resource| !resource.is_empty()).find(|resource| name.starts_with(**resource));
        let resource = own.filter(|_| random.u8(..8) > 0).unwrap_or(&RESOURCES[random.usize(..RESOURCES.len())]);
        check(source, &headers(resource), &mutated(payload, &mut random))?;
    }

    #[test]
    fn any_bytes_are_refused_or_kept(
        source in prop::sample::select(vec!["datadog", "sentry"]), resource in prop::sample::select(RESOURCES.to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        check(source, &headers(resource), &body)?;
    }
}
