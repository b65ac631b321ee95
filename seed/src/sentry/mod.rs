//! The bodies of Sentry's webhooks.

mod comment;
mod event;
mod issue;
mod metric_alert;

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

pub(crate) use comment::comment;
pub(crate) use event::{Event, EventResource};
pub(crate) use issue::{Issue, IssueAction};
pub(crate) use metric_alert::{MetricAction, MetricAlert};

use crate::company;

/// The installation of the integration at Hafenmarkt.
const INSTALLATION: Installation = Installation { uuid: "7c1d0f52-3f0e-4c38-9d6b-0a4be1f5c2d7" };

#[derive(Serialize)]
struct Installation {
    uuid: &'static str,
}

/// What every webhook has around its data.
#[derive(Serialize)]
struct Envelope<'data, Data> {
    action: &'static str,
    actor: Actor<'data>,
    data: Data,
    installation: Installation,
}

/// Who caused a webhook.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Actor<'name> {
    id: ActorId,
    name: &'name str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Sentry writes its own as a string and people's as a number.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum ActorId {
    Text(&'static str),
    Number(u32),
}

impl<'name> Actor<'name> {
    /// Sentry itself.
    pub(crate) const SENTRY: Actor<'static> =
        Actor { id: ActorId::Text("sentry"), name: "Sentry", kind: "application" };

    /// A person, whose number follows from the name.
    pub(crate) fn person(name: &'name str) -> Self {
        let id = name.bytes().fold(0, |id: u32, byte| (id * 31 + u32::from(byte)) % 900_001);
        Self { id: ActorId::Number(2_100_000 + id), name, kind: "user" }
    }
}

/// How Sentry writes what is not ASCII: it depends on its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `\u00fc`, as Python does unless told otherwise.
    Escaped,
    /// `ü`
    Utf8,
}

impl Encoding {
    fn write<Body: Serialize>(self, body: &Body) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(body)?;
        Ok(match self {
            Self::Utf8 => json,
            Self::Escaped => escaped(&json),
        })
    }
}

/// The same JSON in ASCII. Outside of strings JSON has nothing else.
fn escaped(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut ascii, character| {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
        ascii
    })
}

/// `2026-11-10T20:56:00.679000+00:00`, the form of issues.
fn with_offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// `2026-11-10T20:56:00.679000Z`, the form of events and metric alerts.
fn with_z(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The organisation's address in the web interface.
fn site(path: &str) -> String {
    format!("https://{}.sentry.io/{path}", company::SLUG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_changes_the_bytes_but_not_the_text() {
        let json = serde_json::to_string("Łódź 🛒 \"x\"").unwrap();
        let ascii = escaped(&json);
        assert!(ascii.is_ascii());
        assert!(ascii.contains("\\ud83d\\uded2"));
        assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), "Łódź 🛒 \"x\"");
    }
}
