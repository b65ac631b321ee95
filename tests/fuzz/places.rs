//! Odd texts at each place of each fixture, whole and bare of all that its source does not need.
//!
//! A reader that lacks one value takes another in its place: a title is made of a key. So each of these must be ready
//! for whatever stands in it.

use rstest::rstest;
use serde_json::{Value, json};
use shared::sources::{self, Headers};
use tests::pointers;

use super::payloads::{check, corpus, headers, own_resource, received_at};

/// Texts that show nothing, break lines, turn the direction of writing, or are longer than any limit.
fn odd_texts() -> [String; 7] {
    let unseen = "\u{200b}\u{3164}\u{feff}";
    let broken = "a\0b\r\nc\u{85}d\u{2028}e\u{1b}[31m\u{7f}";
    let turned = "\u{202e}\u{2066}x\u{61c}";
    let long = "\u{1}ß🔥,".repeat(2_000);
    [" ", "\0", unseen, broken, turned, &long, "%00%0A\u{1}"].map(str::to_owned)
}

/// The payload with another value at a place. `None` if it has no such place.
fn with(payload: &Value, place: &str, value: Value) -> Option<Value> {
    let mut changed = payload.clone();
    *changed.pointer_mut(place)? = value;
    Some(changed)
}

/// Whether the payload is read as an alert, or as a group of them.
fn says_something(source: &str, headers: &Headers, payload: &Value) -> bool {
    let source = sources::find(source).expect("a source");
    let reading = source.read(headers, payload, received_at());
    matches!(reading, Ok(sources::Reading::Event(_)))
        || matches!(reading, Ok(sources::Reading::Group(group)) if group.elements.iter().all(|element| {
            matches!(element.reading, Ok(sources::ElementReading::Event(_)))
        }))
}

/// The payload without what it does not need to be read as an alert.
fn bare<'place>(
    source: &str,
    headers: &Headers,
    payload: &Value,
    places: impl Iterator<Item = &'place String>,
) -> Value {
    places.fold(payload.clone(), |bare, place| {
        let barer = with(&bare, place, Value::Null);
        barer.filter(|barer| says_something(source, headers, barer)).unwrap_or(bare)
    })
}

#[rstest]
fn odd_texts_at_any_place_are_stored_or_quarantined(
    #[values("datadog", "sentry", "alertmanager", "grafana", "cloudwatch", "pagerduty", "pagerduty-events", "generic")]
    source: &str,
) {
    for (name, payload) in corpus(source) {
        let headers = headers(own_resource(&name).unwrap_or_default());
        let places = pointers(&payload);
        let first = bare(source, &headers, &payload, places.iter());
        let last = bare(source, &headers, &payload, places.iter().rev());
        for payload in [payload, first, last] {
            for place in &places {
                for text in odd_texts() {
                    let Some(changed) = with(&payload, place, json!(text)) else { break };
                    if let Err(failure) = check(source, &headers, changed.to_string().as_bytes()) {
                        let beginning: String = text.chars().take(12).collect();
                        panic!("{name}, {beginning:?} at {place}: {failure}");
                    }
                }
            }
        }
    }
}
