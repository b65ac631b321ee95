//! `issue`: a problem that Sentry made out of like events changed its state.

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

/// Reads an `issue` webhook.
///
/// The payload has no time of the change, and Sentry sends at once and never again: receipt orders
/// what it says.
pub fn read(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let transition = match action {
        "created" | "unresolved" => Transition::Firing,
        // Ignored and archived are two names of one thing: somebody silenced it.
        "resolved" | "ignored" | "archived" => Transition::Resolved,
        "assigned" => return Ok(ignored("an assignment does not change the state of an issue")),
        _ => return Ok(ignored("this action does not change the state of an issue")),
    };
    let issue = data(payload, "issue")?;
    if occurrence::is_feedback(issue) {
        return Ok(feedback());
    }
    let id = key(issue, "id").ok_or_else(|| Unreadable("data.issue has no id".to_owned()))?;
    let metadata = issue.get("metadata").unwrap_or(&Value::Null);
    let project = issue.get("project").unwrap_or(&Value::Null);
    let first_seen = || time(issue, "firstSeen").or_else(|| time(issue, "lastSeen"));
    let times = Times::of_receipt(if action == "created" { first_seen() } else { None }, received_at);
    let titles = [text(issue, "title"), first_text(metadata, &["title", "value", "type"]), text(issue, "culprit")];
    let title = title(titles, &format!("Sentry issue {id}"));
    let level = Level::of(&[issue]);
    let tags = issue.get("tags").map(tags::read).unwrap_or_default();
    let event = AlertEvent {
        source: source(),
        dedup_key: issue_key(&id),
        key_scope: KeyScope::ProblemPerEnvironment,
        kind: EventKind::Change,
        event_id: None,
        group_key: issue_key(&id),
        recurs_as: None,
        transition,
        states_firing: transition == Transition::Firing,
        occurred_at: times.occurred_at,
        ended_at: None,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        is_test: is_sample(&title),
        message: [text(metadata, "value"), text(issue, "culprit")]
            .into_iter()
            .flatten()
            .find_map(|text| message(&text)),
        title,
        severity: level.stated,
        unknown_severity: level.unknown,
        transition_severity: None,
        service: first_text(project, &["slug", "name"]).and_then(|slug| name(&slug)),
        environment: text(issue, "environment")
            .and_then(|text| name(&text))
            .or_else(|| tags::named(&tags, &["environment"])),
        team: None,
        group: None,
        tags,
        // `web_url` is only in `created`, `permalink` may be null.
        link: ["web_url", "permalink"].iter().filter_map(|member| text(issue, member)).find_map(|url| link(&url)),
        external_id: Some(id),
    };
    Ok(Reading::Event(Box::new(event)))
}
