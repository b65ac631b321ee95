//! What differs from run to run in a body: it is checked for its shape, and replaced by a
//! placeholder.

use insta::{
    Settings, dynamic_redaction,
    internals::{Content, Redaction},
};
use serde_json::Value;

const IDS: [&str; 4] = [".**.id", ".**.alert_id", ".**.incident_id", ".**.recurrence_of"];

const TIMES: [&str; 10] = [
    ".**.acknowledged_at",
    ".**.at",
    ".**.closed_at",
    ".**.created_at",
    ".**.last_alert_at",
    ".**.last_seen_at",
    ".**.occurred_at",
    ".**.received_at",
    ".**.resolved_at",
    ".**.updated_at",
];

/// The settings under which a body is compared with its snapshot.
pub fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_sort_maps(true);
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    for selector in IDS {
        settings.add_redaction(selector, text("[id]", is_ulid));
    }
    for selector in TIMES {
        settings.add_redaction(selector, text("[time]", is_time));
    }
    settings.add_redaction(".**.delivery_id", text("[delivery id]", is_delivery_id));
    settings.add_redaction(".**.next_cursor", text("[cursor]", is_cursor));
    settings.add_redaction(".**.actor", dynamic_redaction(|actor, _| actor_of(&actor)));
    settings
}

/// The body with placeholders instead of names and numbers that the test made up.
pub fn with_placeholders(body: &Value, placeholders: &[(&str, &str)]) -> Value {
    let text = placeholders.iter().fold(body.to_string(), |text, (made_up, name)| text.replace(made_up, name));
    serde_json::from_str(&text).expect("placeholders are plain text")
}

/// Replaces a text that must have a shape. Null stays null.
fn text(placeholder: &'static str, has_shape: fn(&str) -> bool) -> Redaction {
    dynamic_redaction(move |value, path| {
        if value.is_nil() {
            return value;
        }
        let text = value.as_str().unwrap_or_else(|| panic!("{path}: not a text: {value:?}"));
        assert!(has_shape(text), "{path}: {text:?} is no {placeholder}");
        Content::from(placeholder)
    })
}

fn is_ulid(text: &str) -> bool {
    const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    text.len() == 26 && text.chars().all(|character| CROCKFORD.contains(character))
}

/// RFC 3339 in UTC with milliseconds.
fn is_time(text: &str) -> bool {
    text.len() == "2026-11-23T09:53:08.120Z".len() && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_delivery_id(text: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_:".contains(character);
    (text.starts_with("datadog-") || text.starts_with("sentry-")) && text.len() < 60 && text.chars().all(allowed)
}

fn is_cursor(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
}

/// The product's own actions keep their actor. The name of a token depends on the stack.
fn actor_of(actor: &Content) -> Content {
    let name = actor.as_str().unwrap_or_default();
    assert!(!name.is_empty(), "no actor");
    Content::from(if name == "incident-review" { name } else { "[name of the token]" })
}
