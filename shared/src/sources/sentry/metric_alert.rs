//! `metric_alert`: a metric crossed a threshold of an alert rule.

use serde_json::Value;

use super::{data, ignored, source};
use crate::{
    domain::{
        event::{AlertEvent, StatedSeverity, Transition, bounded, limits},
        severity::Severity,
        time::Time,
    },
    sources::{
        Reading, Unreadable,
        field::{first_text, key, link, name, plausible, text, time},
    },
};

/// Reads a `metric_alert` webhook.
///
/// Its id and action come again when it swings between warning and critical, and it has no event id; so
/// all of its bytes identify a delivery.
pub fn read(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let (transition, severity) = match action {
        "critical" => (Transition::Firing, Some(Severity::Critical)),
        "warning" => (Transition::Firing, Some(Severity::Warning)),
        "open" => (Transition::Firing, None),
        "resolved" => (Transition::Resolved, None),
        _ => return Ok(ignored("this action does not change the state of a metric alert")),
    };
    let alert = data(payload, "metric_alert")?;
    let id = key(alert, &["id"]).ok_or_else(|| Unreadable("data.metric_alert has no id".to_owned()))?;
    let rule = alert.get("alert_rule").unwrap_or(&Value::Null);
    let about = payload.get("data").unwrap_or(&Value::Null);
    let occurred_at = match transition {
        Transition::Firing => plausible(time(alert, "date_started"), received_at),
        Transition::Resolved => plausible(time(alert, "date_closed"), received_at),
    };
    let title = text(about, "description_title").or_else(|| text(rule, "name")).or_else(|| text(alert, "title"));
    let event = AlertEvent {
        source: source(),
        dedup_key: format!("metric_alert:{id}"),
        group_key: key(rule, &["id"])
            .map_or_else(|| format!("metric_alert:{id}"), |rule| format!("metric_alert_rule:{rule}")),
        transition,
        occurred_at,
        title: bounded(&title.unwrap_or_else(|| format!("Sentry metric alert {id}")), limits::TITLE),
        message: text(about, "description_text").map(|text| bounded(&text, limits::MESSAGE)),
        severity: severity.map(|value| StatedSeverity { value, matched: format!("action {action}"), confidence: 1.0 }),
        service: project(alert).or_else(|| project(rule)).and_then(|slug| name(&slug)),
        environment: text(rule, "environment").and_then(|text| name(&text)),
        team: None,
        tags: first_text(rule, &["query"])
            .map(|query| bounded(&format!("query:{query}"), limits::TAG))
            .into_iter()
            .collect(),
        link: link(about, &["web_url"]),
        external_id: Some(id),
    };
    Ok(Reading::Event { event: Box::new(event), identity: None })
}

/// The slug of the first project.
fn project(object: &Value) -> Option<String> {
    object.get("projects")?.as_array()?.first()?.as_str().map(str::to_owned)
}
