//! `issue`: a problem that Sentry made out of like events changed its state.

use serde_json::Value;

use super::{data, ignored, issue_key, of_level, source};
use crate::{
    domain::{
        event::{AlertEvent, Transition, bounded, limits},
        time::Time,
    },
    sources::{
        Reading, Unreadable,
        field::{first_text, key, link, name, plausible, text, time},
    },
};

/// Reads an `issue` webhook.
pub fn read(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let transition = match action {
        "created" | "unresolved" => Transition::Firing,
        // Ignored and archived are the same thing under two names: it was silenced.
        "resolved" | "ignored" | "archived" => Transition::Resolved,
        "assigned" => return Ok(ignored("an assignment does not change the state of an issue")),
        _ => return Ok(ignored("this action does not change the state of an issue")),
    };
    let issue = data(payload, "issue")?;
    let id = key(issue, &["id"]).ok_or_else(|| Unreadable("data.issue has no id".to_owned()))?;
    let metadata = issue.get("metadata").unwrap_or(&Value::Null);
    let project = issue.get("project").unwrap_or(&Value::Null);
    let occurred_at = match action {
        "created" => plausible(time(issue, "firstSeen").or_else(|| time(issue, "lastSeen")), received_at),
        // The payload has no time of the change itself; Sentry sends at once and never again.
        _ => received_at,
    };
    let title = first_text(issue, &["title"]).or_else(|| first_text(metadata, &["title", "value", "type"]));
    let event = AlertEvent {
        source: source(),
        dedup_key: issue_key(&id),
        group_key: issue_key(&id),
        transition,
        occurred_at,
        title: bounded(&title.unwrap_or_else(|| format!("Sentry issue {id}")), limits::TITLE),
        message: first_text(metadata, &["value"])
            .or_else(|| text(issue, "culprit"))
            .map(|text| bounded(&text, limits::MESSAGE)),
        severity: of_level(issue),
        service: text(project, "slug").and_then(|slug| name(&slug)),
        environment: None,
        team: None,
        tags: Vec::new(),
        // `web_url` is only in `created`, `permalink` may be null.
        link: link(issue, &["web_url", "permalink"]),
        external_id: Some(id),
    };
    Ok(Reading::Event { event: Box::new(event), identity: None })
}
