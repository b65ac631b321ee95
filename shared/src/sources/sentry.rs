//! Sentry webhooks of the integration platform.
//!
//! The event is the header `Sentry-Hook-Resource` and the body's `action`; the body names no resource.
//! Facts: Sentry's documentation of integration platform webhooks, and its source code where that is silent.

mod event;
mod issue;
mod metric_alert;

use http::HeaderMap;
use serde_json::Value;

use super::{
    Reading, Unreadable, WebhookSource,
    field::text,
    signature::{Secret, is_signed},
};
use crate::domain::{event::StatedSeverity, severity::Severity, source::Source, time::Time};

/// The source `sentry`.
pub struct Sentry;

const NAME: &str = "sentry";

impl WebhookSource for Sentry {
    fn name(&self) -> &'static str {
        NAME
    }

    /// `Sentry-Hook-Signature` is the lower-case hex HMAC-SHA256 of the raw body under the client secret, without a
    /// prefix. The header's time stamp is not part of it.
    fn is_authentic(&self, secrets: &[Secret], headers: &HeaderMap, body: &[u8]) -> bool {
        headers.get("sentry-hook-signature").is_some_and(|signature| is_signed(secrets, signature.as_bytes(), body))
    }

    fn reading_headers(&self) -> &'static [&'static str] {
        &["sentry-hook-resource"]
    }

    fn read(&self, headers: &HeaderMap, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        let resource = headers
            .get("sentry-hook-resource")
            .and_then(|resource| resource.to_str().ok())
            .map(str::trim)
            .filter(|resource| !resource.is_empty())
            .ok_or_else(|| Unreadable("the header Sentry-Hook-Resource is missing".to_owned()))?;
        if !payload.is_object() {
            return Err(Unreadable("the payload is not a JSON object".to_owned()));
        }
        let read = match resource {
            "issue" => issue::read,
            "event_alert" => event::read_event_alert,
            "error" => event::read_error,
            "metric_alert" => metric_alert::read,
            _ => return Ok(ignored("this resource says nothing about alerts")),
        };
        let action = text(payload, "action").ok_or_else(|| Unreadable("the payload has no action".to_owned()))?;
        read(&action, payload, received_at)
    }
}

fn source() -> Source {
    Source::named(NAME)
}

fn ignored(reason: &str) -> Reading {
    Reading::Ignored { reason: reason.to_owned() }
}

/// The object `data.<name>`.
fn data<'payload>(payload: &'payload Value, name: &str) -> Result<&'payload Value, Unreadable> {
    payload
        .get("data")
        .and_then(|data| data.get(name))
        .filter(|object| object.is_object())
        .ok_or_else(|| Unreadable(format!("the payload has no object data.{name}")))
}

/// The severity of a `level`: fatal, error, warning, info, debug.
fn of_level(object: &Value) -> Option<StatedSeverity> {
    let level = text(object, "level")?.to_lowercase();
    let value = match level.as_str() {
        "fatal" => Severity::Critical,
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" | "debug" => Severity::Info,
        _ => return None,
    };
    Some(StatedSeverity { value, matched: format!("level {level}"), confidence: 1.0 })
}

/// An issue's id is the dedup key of everything that Sentry says about the issue.
fn issue_key(id: &str) -> String {
    format!("issue:{id}")
}

#[cfg(test)]
mod tests;
