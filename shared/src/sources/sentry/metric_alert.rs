//! `metric_alert`: a metric crossed a threshold of an alert rule.

use serde_json::Value;

use super::{data, ignored, source, title};
use crate::{
    domain::{
        event::{AlertEvent, EventKind, KeyScope, StatedSeverity, Transition},
        severity::Severity,
        text::key_within_limit,
        time::Time,
    },
    sources::{
        Reading, Unreadable, tags,
        text::{link, message, name},
        time::{Times, time},
        value::{key, text},
    },
};

/// The states with which Sentry begins a title: `Critical: Too many errors`.
const STATES: [&str; 4] = ["critical", "warning", "resolved", "open"];

/// Reads a `metric_alert` webhook.
pub fn read(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let (transition, severity) = match action {
        "critical" => (Transition::Firing, Some(Severity::Critical)),
        "warning" => (Transition::Firing, Some(Severity::Warning)),
        "open" => (Transition::Firing, None),
        "resolved" => (Transition::Resolved, None),
        _ => return Ok(ignored("this action does not change the state of a metric alert")),
    };
    let alert = data(payload, "metric_alert")?;
    let id = key(alert, "id").ok_or_else(|| Unreadable("data.metric_alert has no id".to_owned()))?;
    let times = match transition {
        Transition::Firing => Ok(since(time(alert, "date_started"), received_at)),
        Transition::Resolved => Times::of_change(time(alert, "date_closed"), received_at),
    };
    let times = match times {
        Ok(times) => times,
        Err(forgotten) => return Ok(forgotten.into()),
    };
    let rule = alert.get("alert_rule").unwrap_or(&Value::Null);
    let about = payload.get("data").unwrap_or(&Value::Null);
    let described = text(about, "description_title").map(|text| without_state(&text).to_owned());
    let titles = [described, text(rule, "name"), text(alert, "title")];
    let title = title(titles, &format!("Sentry metric alert {id}"));
    let group_key =
        key(rule, "id").map_or_else(|| format!("metric_alert:{id}"), |rule| format!("metric_alert_rule:{rule}"));
    let event = AlertEvent {
        source: source(),
        dedup_key: key_within_limit(format!("metric_alert:{id}")),
        key_scope: KeyScope::Problem,
        kind: EventKind::Change,
        event_id: None,
        group_key: key_within_limit(group_key),
        recurs_as: None,
        transition,
        states_firing: transition == Transition::Firing,
        occurred_at: times.occurred_at,
        ended_at: None,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        is_test: false,
        title,
        // Sentry writes a line break here as a backslash and an n.
        message: text(about, "description_text").and_then(|text| message(&text.replace("\\n", "\n"))),
        severity: severity.map(|value| StatedSeverity { value, matched: format!("action {action}"), confidence: 1.0 }),
        unknown_severity: None,
        transition_severity: None,
        service: project(alert).or_else(|| project(rule)).and_then(|slug| name(&slug)),
        environment: text(rule, "environment").and_then(|text| name(&text)),
        team: None,
        group: None,
        tags: tags::within_limits(text(rule, "query").map(|query| format!("query:{query}"))),
        link: text(about, "web_url").and_then(|url| link(&url)),
        external_id: Some(id),
    };
    Ok(Reading::Event(Box::new(event)))
}

/// The times of a firing alert: `date_started`. If that is older than what is remembered, the change
/// is still new (a warning becomes critical), so the receipt counts.
fn since(started_at: Option<Time>, received_at: Time) -> Times {
    Times::of_change(started_at, received_at).unwrap_or_else(|_forgotten| Times::of_receipt(started_at, received_at))
}

/// The title without the state before it, which changes.
fn without_state(title: &str) -> &str {
    let is_state = |word: &str| STATES.iter().any(|state| state.eq_ignore_ascii_case(word.trim()));
    title.split_once(':').filter(|(word, _)| is_state(word)).map_or(title, |(_, rest)| rest.trim())
}

/// The slug of the first project.
fn project(object: &Value) -> Option<String> {
    object.get("projects")?.as_array()?.first()?.as_str().map(str::to_owned)
}
