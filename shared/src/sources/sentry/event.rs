//! `event_alert` and `error`: one event of an issue. Their resolution comes as `issue`, `resolved`.

use serde_json::Value;

use super::{data, feedback, ignored, is_sample, issue_key, level::Level, occurrence, source, title};
use crate::{
    domain::{
        event::{AlertEvent, EventKind, KeyScope, Transition},
        time::Time,
    },
    sources::{
        Reading, Unreadable, tags,
        text::{link, message, name},
        time::{Times, time},
        value::{first_text, key, text},
    },
};

/// Reads an `event_alert` webhook: an alert rule of the customer matched.
pub fn read_event_alert(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    if action != "triggered" {
        return Ok(ignored("this action does not trigger an alert"));
    }
    let rule = payload.get("data").and_then(|data| text(data, "triggered_rule"));
    read(data(payload, "event")?, rule, received_at)
}

/// Reads an `error` webhook: an event was received.
pub fn read_error(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    if action != "created" {
        return Ok(ignored("this action does not report an error"));
    }
    read(data(payload, "error")?, None, received_at)
}

fn read(event: &Value, rule: Option<String>, received_at: Time) -> Result<Reading, Unreadable> {
    if occurrence::is_feedback(event) {
        return Ok(feedback());
    }
    let issue_id = key(event, "issue_id")
        .or_else(|| issue_of_url(event))
        .ok_or_else(|| Unreadable("the event has no issue_id".to_owned()))?;
    // The clock of the client may be wrong, or the event may have waited in a phone. Sentry's is not.
    let stated_at = time(event, "timestamp").or_else(|| time(event, "datetime"));
    let times = match Times::of_receipt_by_source(stated_at, time(event, "received"), received_at) {
        Ok(times) => times,
        Err(forgotten) => return Ok(forgotten.into()),
    };
    let metadata = event.get("metadata").unwrap_or(&Value::Null);
    let occurrence = event.get("occurrence").unwrap_or(&Value::Null);
    let sent_tags = event.get("tags").map(tags::read).unwrap_or_default();
    let tags = tags::within_limits(sent_tags.into_iter().chain(rule.map(|rule| format!("triggered_rule:{rule}"))));
    let titles = [
        occurrence::title(occurrence),
        text(event, "title"),
        text(event, "message"),
        exception(metadata),
        first_text(metadata, &["title", "value", "type"]),
    ];
    let title = title(titles, &format!("Sentry issue {issue_id}"));
    let level = Level::of(&[event, occurrence]);
    let written = [
        occurrence::message(occurrence),
        text(event, "message"),
        text(metadata, "value"),
        text(occurrence, "culprit"),
        text(event, "culprit"),
    ];
    let alert = AlertEvent {
        source: source(),
        dedup_key: issue_key(&issue_id),
        key_scope: KeyScope::ProblemPerEnvironment,
        kind: EventKind::Change,
        event_id: None,
        group_key: issue_key(&issue_id),
        recurs_as: None,
        transition: Transition::Firing,
        states_firing: true,
        occurred_at: times.occurred_at,
        ended_at: None,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        is_test: is_sample(&title) || tags::named(&tags, &["sample_event"]).is_some(),
        title,
        message: written.into_iter().flatten().find_map(|text| message(&text)),
        severity: level.stated,
        unknown_severity: level.unknown,
        transition_severity: None,
        service: project_slug(event).and_then(|slug| name(&slug)),
        environment: text(event, "environment")
            .and_then(|text| name(&text))
            .or_else(|| tags::named(&tags, &["environment"])),
        team: tags::named(&tags, &["team"]),
        group: None,
        link: text(event, "web_url").and_then(|url| link(&url)),
        external_id: Some(issue_id),
        tags,
    };
    Ok(Reading::Event(Box::new(alert)))
}

/// `TypeError: total is undefined`.
fn exception(metadata: &Value) -> Option<String> {
    Some(format!("{}: {}", text(metadata, "type")?, text(metadata, "value")?))
}

/// The issue in the API's URL of it: `…/issues/{id}/`.
fn issue_of_url(event: &Value) -> Option<String> {
    let url = text(event, "issue_url")?;
    let (_, path) = url.split_once("/issues/")?;
    path.split('/')
        .next()
        .filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
}

/// `project` is a number; the slug stands in the API's URL of the event:
/// `…/projects/{organization}/{slug}/events/{event_id}/`.
fn project_slug(event: &Value) -> Option<String> {
    let of_url = text(event, "url").and_then(|url| {
        let (_, path) = url.split_once("/projects/")?;
        path.split('/').nth(1).map(str::to_owned)
    });
    let named = || text(event, "project").filter(|project| project.parse::<u64>().is_err());
    of_url.filter(|slug| !slug.is_empty()).or_else(|| text(event, "project_slug")).or_else(named)
}
