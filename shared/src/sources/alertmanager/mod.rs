//! Alertmanager webhooks, version 4, and whatever sends in their shape.
//!
//! A webhook holds a group of alerts. All of them come again whenever one changes, and every few
//! hours. Nothing has an id, and no time of sending is stated: these are reports. Facts:
//! Alertmanager's documentation of `webhook_config`, and its source code where that is silent.

mod fingerprint;
pub mod group;

use std::time::Duration;

use serde_json::Value;

use self::group::GroupedAlert;
use super::{
    ElementReading, GROUP_TIMEOUT, Headers, MAX_GROUP_BYTES, Reading, Request, Unreadable, WebhookSource,
    limits::ResendKind,
    proofs::{self, Schemes},
    signature::Secret,
    text::made_title,
    time::Times,
};
use crate::domain::{
    event::{AlertEvent, EventKind, Transition},
    source::Source,
    text::key_within_limit,
    time::Time,
};

/// The source `alertmanager`.
pub struct Alertmanager;

const NAME: &str = "alertmanager";

impl WebhookSource for Alertmanager {
    fn name(&self) -> &'static str {
        NAME
    }

    fn max_body_bytes(&self) -> usize {
        MAX_GROUP_BYTES
    }

    fn receive_timeout(&self) -> Duration {
        GROUP_TIMEOUT
    }

    /// Alertmanager signs nothing. Its `http_config` sends the secret as `Authorization: Bearer`, as
    /// the password of basic auth, or as the header `X-Webhook-Token`.
    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        proofs::are_right(&[
            proofs::webhook_token(secrets, request.headers),
            proofs::authorized(secrets, request.headers, Schemes::Bearer),
        ])
    }

    /// It tries again after 5xx until its next notification of the group, which says what is so then. It drops a
    /// notification that is answered 429.
    fn resends(&self, _headers: &Headers) -> ResendKind {
        ResendKind::WhenUnavailable
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        group::read(payload, |alert| read_alert(alert, received_at))
    }
}

fn read_alert(alert: &GroupedAlert<'_>, received_at: Time) -> Result<ElementReading, Unreadable> {
    let labels = &alert.labels;
    if let Some(reason) = labels.heartbeat() {
        return Ok(ElementReading::Ignored { reason });
    }
    // Other senders leave the fingerprint out. It follows from the labels.
    let computed = || (!labels.is_empty()).then(|| fingerprint::fingerprint(labels));
    let fingerprint = alert
        .fingerprint()
        .or_else(computed)
        .ok_or_else(|| Unreadable::because("the alert has neither a fingerprint nor labels"))?;
    let transition = alert.transition(received_at)?;
    let dedup_key = key_within_limit(format!("fingerprint:{fingerprint}"));
    let group_key = alert.group_key().unwrap_or_else(|| dedup_key.clone());
    let stated_at = match transition {
        Transition::Firing => alert.started_at(),
        Transition::Resolved => alert.ended_at(),
    };
    let times = Times::of_receipt(stated_at, received_at);
    let event = AlertEvent {
        kind: EventKind::Report,
        group_key,
        occurred_at: times.occurred_at,
        ended_at: stated_at.filter(|_| transition == Transition::Resolved),
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        title: alert.title().unwrap_or_else(|| made_title(&format!("Alert {fingerprint}"))),
        external_id: Some(fingerprint),
        ..AlertEvent::bare(Source::named(NAME), &dedup_key, transition, received_at)
    };
    Ok(ElementReading::Event(Box::new(alert.described(event))))
}

#[cfg(test)]
mod tests;
