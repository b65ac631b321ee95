//! `event.occurrence`: what an uptime or cron monitor, a slow query or a metric says. Such events
//! have no exception, and often no title of their own.

use serde_json::Value;

use crate::sources::value::{first_text, text};

/// The type of a user feedback.
const FEEDBACK: u64 = 6001;

/// The title: `Downtime detected for https://…`.
pub fn title(occurrence: &Value) -> Option<String> {
    first_text(occurrence, &["issueTitle", "issue_title", "title"])
}

/// The subtitle, else the evidence that Sentry calls important, else all of it.
pub fn message(occurrence: &Value) -> Option<String> {
    first_text(occurrence, &["subtitle"]).or_else(|| evidence(occurrence))
}

fn evidence(occurrence: &Value) -> Option<String> {
    let shown = occurrence.get("evidenceDisplay").or_else(|| occurrence.get("evidence_display"))?.as_array()?;
    let important: Vec<&Value> =
        shown.iter().filter(|evidence| evidence.get("important").and_then(Value::as_bool) == Some(true)).collect();
    let chosen = if important.is_empty() { shown.iter().collect() } else { important };
    let line = |evidence: &Value| {
        let value = text(evidence, "value")?;
        Some(text(evidence, "name").map_or_else(|| value.clone(), |name| format!("{name}: {value}")))
    };
    let lines: Vec<String> = chosen.into_iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether an event is a user feedback.
pub fn is_feedback(event: &Value) -> bool {
    let kind = event.get("occurrence").and_then(|occurrence| occurrence.get("type"));
    kind.and_then(Value::as_u64) == Some(FEEDBACK)
        || event.get("contexts").and_then(|contexts| contexts.get("feedback")).is_some_and(Value::is_object)
        || ["type", "issueCategory", "issueType"]
            .iter()
            .any(|name| text(event, name).is_some_and(|kind| kind.eq_ignore_ascii_case("feedback")))
}
