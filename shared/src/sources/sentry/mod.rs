//! Sentry webhooks of the integration platform.
//!
//! The event is the header `Sentry-Hook-Resource` and the body's `action`; the body names no
//! resource. Facts: Sentry's documentation of integration platform webhooks, and its source code
//! where that is silent.

mod event;
mod issue;
mod level;
mod metric_alert;
mod occurrence;

use serde_json::Value;

use super::{
    Headers, Reading, Request, Unreadable, WebhookSource,
    signature::{Secret, is_signed},
    text::{self, made_title},
    value::text,
};
use crate::domain::{source::Source, time::Time};

/// The source `sentry`.
pub struct Sentry;

const NAME: &str = "sentry";

impl WebhookSource for Sentry {
    fn name(&self) -> &'static str {
        NAME
    }

    /// `Sentry-Hook-Signature` is the lower-case hex HMAC-SHA256 of the raw body under the client
    /// secret, without a prefix. The time stamp in a header is not part of it.
    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        let signature = request.headers.get("sentry-hook-signature");
        signature.is_some_and(|signature| is_signed(secrets, signature, request.body))
    }

    fn reading_headers(&self) -> &'static [&'static str] {
        &["sentry-hook-resource"]
    }

    fn read(&self, headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        let resource = headers
            .text("sentry-hook-resource")
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

/// User feedback is what somebody typed into a form: it reports no problem that could be resolved.
fn feedback() -> Reading {
    ignored("user feedback opens no incident")
}

/// The object `data.<name>`.
fn data<'payload>(payload: &'payload Value, name: &str) -> Result<&'payload Value, Unreadable> {
    payload
        .get("data")
        .and_then(|data| data.get(name))
        .filter(|object| object.is_object())
        .ok_or_else(|| Unreadable(format!("the payload has no object data.{name}")))
}

/// An issue's id is the dedup key of everything that Sentry says about the issue.
fn issue_key(id: &str) -> String {
    format!("issue:{id}")
}

/// What Sentry writes for a title where it has none.
const UNTITLED: [&str; 5] = ["<untitled>", "<unlabeled event>", "<unknown>", "<unlabelled event>", "<redacted>"];

/// The first of several texts that is a title, or else one that is made of `untitled`.
fn title(texts: impl IntoIterator<Item = Option<String>>, untitled: &str) -> String {
    let is_title = |line: &String| !UNTITLED.contains(&line.to_lowercase().as_str());
    let mut titles = texts.into_iter().flatten().filter_map(|text| text::title(&text));
    titles.find(is_title).unwrap_or_else(|| made_title(untitled))
}

/// Whether a title is that of the sample event that Sentry makes for people who try it out.
fn is_sample(title: &str) -> bool {
    title.contains("This is an example ")
}

#[cfg(test)]
mod tests;
