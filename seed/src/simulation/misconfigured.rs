//! Webhooks that cannot be read, so that the quarantine has entries.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::outage_timeline::OutageTimeline;
use crate::{company::Bounds, random::Random, webhook::Webhook};

/// Two webhooks whose template was written for a chat: they are authentic, but hold nothing that
/// could be grouped. Somebody tried the template twice and corrected it.
pub fn misconfigured(now: Timestamp, random: &mut Random) -> OutageTimeline {
    let first = now - SignedDuration::from_hours(9 * 24) - random.minutes(Bounds::new(0, 600));
    let second = first + random.minutes(Bounds::new(2, 6));
    let webhooks = [first, second].map(|at| {
        let text = format!("[Triggered] Łącznik testowy, {}", at.strftime("%H:%M"));
        // The members of a chat's message. None of them is read as a title or a key.
        let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": text } }]);
        let body = json!({ "channel": "#alerts-platform", "blocks": blocks });
        Webhook::of_datadog(at, body.to_string())
    });
    OutageTimeline { webhooks: webhooks.into(), status_changes: Vec::new() }
}
