//! `event_alert` and `error`: one event of an issue. Their recovery comes as `issue`, `resolved`.

use serde_json::Value;

use super::{data, ignored, issue_key, of_level, source};
use crate::{
    domain::{
        event::{AlertEvent, Transition, bounded, limits},
        time::Time,
    },
    sources::{
        Reading, Unreadable,
        field::{first_text, key, link, name, plausible, tagged, tags, text, time},
    },
};

/// Reads an `event_alert` webhook: an alert rule of the customer matched.
pub fn read_event_alert(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    if action != "triggered" {
        return Ok(ignored("this action does not trigger an alert"));
    }
    let event = data(payload, "event")?;
    let rule = payload.get("data").and_then(|data| text(data, "triggered_rule"));
    read("event_alert", action, event, rule, received_at)
}

/// Reads an `error` webhook: an event was received.
pub fn read_error(action: &str, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    if action != "created" {
        return Ok(ignored("this action does not report an error"));
    }
    read("error", action, data(payload, "error")?, None, received_at)
}

fn read(
    resource: &str,
    action: &str,
    event: &Value,
    rule: Option<String>,
    received_at: Time,
) -> Result<Reading, Unreadable> {
    let issue_id = key(event, &["issue_id"]).ok_or_else(|| Unreadable("the event has no issue_id".to_owned()))?;
    let metadata = event.get("metadata").unwrap_or(&Value::Null);
    let event_id = key(event, &["event_id"]);
    let tags = tags(pairs(event.get("tags")).chain(rule.map(|rule| format!("triggered_rule:{rule}"))));
    let title = first_text(event, &["title", "message"]).or_else(|| first_text(metadata, &["title", "value", "type"]));
    let identity = event_id.map(|event_id| format!("{resource}|{action}|{issue_id}|{event_id}"));
    let alert = AlertEvent {
        source: source(),
        dedup_key: issue_key(&issue_id),
        group_key: issue_key(&issue_id),
        transition: Transition::Firing,
        occurred_at: plausible(time(event, "timestamp").or_else(|| time(event, "datetime")), received_at),
        title: bounded(&title.unwrap_or_else(|| format!("Sentry issue {issue_id}")), limits::TITLE),
        message: text(event, "message")
            .or_else(|| first_text(metadata, &["value"]))
            .or_else(|| text(event, "culprit"))
            .map(|text| bounded(&text, limits::MESSAGE)),
        severity: of_level(event),
        service: project_slug(event).and_then(|slug| name(&slug)),
        environment: text(event, "environment")
            .and_then(|text| name(&text))
            .or_else(|| tagged(&tags, &["environment"])),
        team: None,
        link: link(event, &["web_url"]),
        external_id: Some(issue_id),
        tags,
    };
    Ok(Reading::Event { event: Box::new(alert), identity })
}

/// `project` is a number; the slug stands in the API's URL of the event:
/// `…/projects/{organization}/{slug}/events/{event_id}/`.
fn project_slug(event: &Value) -> Option<String> {
    let of_url = text(event, "url").and_then(|url| {
        let (_, path) = url.split_once("/projects/")?;
        path.split('/').nth(1).map(str::to_owned)
    });
    let named = || text(event, "project").filter(|project| project.parse::<u64>().is_err());
    of_url.filter(|slug| !slug.is_empty()).or_else(|| first_text(event, &["project_slug"])).or_else(named)
}

/// Tags are `[key, value]` pairs.
fn pairs(value: Option<&Value>) -> impl Iterator<Item = String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(|pair| {
        let [key, value] = pair.as_array()?.as_slice() else { return None };
        Some(format!("{}:{}", key.as_str()?, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    })
}
