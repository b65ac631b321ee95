//! The forms of times, addresses and titles in Sentry's payloads.

use jiff::Timestamp;

use crate::company::{IssueDefinition, SLUG};

/// `2026-11-10T20:56:00.679000+00:00`, the form of issues.
pub fn with_offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// `2026-11-10T20:56:00.679000Z`, the form of events and metric alerts.
pub fn with_z(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The organisation's address in the web interface.
pub fn site(path: &str) -> String {
    format!("https://{SLUG}.sentry.io/{path}")
}

pub fn api(path: &str) -> String {
    format!("https://sentry.io/api/0/{path}")
}

pub fn title(definition: &IssueDefinition) -> String {
    format!("{}: {}", definition.exception, definition.value)
}
