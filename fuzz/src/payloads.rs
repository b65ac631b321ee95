//! The body of a webhook, from its bytes to the decision about its alert.

use std::sync::OnceLock;

use crate::{
    classification::classify,
    domain::{
        event::{AlertEvent, Transition},
        text::limits,
        time::Time,
    },
    grouping::{Groups, NewAlert, decide},
    rules::Rules,
    sources::{ElementReading, Headers, Reading, SOURCES, Unreadable, WebhookSource, event_bridge, parse},
};

/// The values of the headers that sources read.
const RESOURCES: [&str; 6] = ["issue", "event_alert", "error", "metric_alert", "comment", "installation"];

/// The longest key of a source with the prefix that our readers add.
const MAX_KEY: usize = limits::KEY + "metric_alert_rule:".len();

/// A fixed time: the same body must always do the same.
fn received_at() -> Time {
    const MILLIS: i64 = 1_795_767_188_120;
    Time::from_millis(MILLIS).unwrap_or(Time::EARLIEST)
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "a fuzzer reports by a panic")]
    RULES.get_or_init(|| Rules::built_in().expect("the built-in rules are valid"))
}

/// Reads a body as a webhook of each source.
///
/// # Panics
/// If anything does not hold.
pub fn check(bytes: &[u8]) {
    let payload = match parse(bytes) {
        Ok(payload) => payload,
        Err(reason) => return assert!(!reason.to_string().is_empty()),
    };
    for source in SOURCES {
        let names = source.reading_headers();
        let variants = if names.is_empty() { 1 } else { RESOURCES.len() };
        for resource in &RESOURCES[..variants] {
            let headers: Headers = names.iter().map(|name| (*name, *resource)).collect();
            check_source(*source, &headers, &payload);
        }
    }
    check_reading(event_bridge::read(&payload, received_at()), &payload);
}

fn check_source(source: &dyn WebhookSource, headers: &Headers, payload: &serde_json::Value) {
    check_reading(source.read(headers, payload, received_at()), payload);
    if let Some(kept) = source.redacted(payload) {
        assert!(source.redacted(&kept).is_none_or(|again| again == kept), "a secret is left in {kept}");
    }
}

fn check_reading(reading: Result<Reading, Unreadable>, payload: &serde_json::Value) {
    match reading {
        Ok(Reading::Event(event)) => check_event(&event),
        Ok(Reading::Group(group)) => {
            assert!(!group.elements.is_empty(), "an empty group says nothing");
            for element in &group.elements {
                assert!(
                    group.payload_of(element).to_string().len() <= payload.to_string().len(),
                    "a part is no larger"
                );
                match &element.reading {
                    Ok(ElementReading::Event(event)) => check_event(event),
                    Ok(ElementReading::Ignored { reason }) => check_reason(reason),
                    Err(reason) => check_reason(&reason.0),
                }
            }
        }
        Ok(Reading::Confirmation(confirmation)) => {
            assert!(confirmation.url().starts_with("https://sns."), "{}", confirmation.url());
        }
        Ok(Reading::Ignored { reason }) => check_reason(&reason),
        Err(reason) => check_reason(&reason.0),
    }
}

fn check_reason(reason: &str) {
    assert!(!reason.is_empty() && reason.len() < 300, "{reason}");
}

/// What is read is bounded, and can be classified and grouped.
fn check_event(event: &AlertEvent) {
    let within = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
    assert!(within(&event.title, limits::TITLE), "title {:?}", event.title);
    assert!(!event.title.chars().any(char::is_control), "title {:?}", event.title);
    assert!(event.message.as_deref().is_none_or(|message| within(message, limits::MESSAGE)), "message");
    assert!(within(&event.dedup_key, MAX_KEY) && within(&event.group_key, MAX_KEY), "keys");
    assert!(event.external_id.as_deref().is_none_or(|id| within(id, limits::KEY)), "id");
    for name in [&event.service, &event.environment, &event.team].into_iter().flatten() {
        assert!(within(name, limits::NAME) && *name == name.to_lowercase(), "name {name:?}");
    }
    assert!(event.tags.len() <= limits::TAGS && event.tags.iter().all(|tag| within(tag, limits::TAG)), "tags");
    assert!(event.link.as_deref().is_none_or(|link| within(link, limits::LINK)), "link");
    assert!(event.occurred_at <= received_at().plus_minutes(24 * 60), "{}", event.occurred_at);

    let classification = classify(event, rules());
    if event.transition == Transition::Firing {
        let new_alert = NewAlert { event, classification: &classification, resolved_at: None };
        let _ = decide(new_alert, &Groups::default(), rules());
    }
}
