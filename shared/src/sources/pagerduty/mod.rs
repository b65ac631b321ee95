//! PagerDuty webhooks, version 3: for those who are paged by PagerDuty and review here.
//!
//! Facts: PagerDuty's documentation of webhooks, of their signatures and of their retries.

mod proof;

use serde_json::Value;

use super::{
    Headers, Reading, Request, Unreadable, WebhookSource,
    limits::ResendKind,
    signature::Secret,
    text::{link, made_title, name, title},
    time::{Times, time},
    value::{key, text},
};
use crate::domain::{
    event::{AlertEvent, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    text::{key_within_limit, limits, truncated_to_chars},
    time::Time,
};

/// The source `pagerduty`.
pub struct PagerDuty;

const NAME: &str = "pagerduty";

impl WebhookSource for PagerDuty {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        proof::is_authentic(secrets, request)
    }

    /// It tries again for 48 hours.
    fn resends(&self, _headers: &Headers) -> ResendKind {
        ResendKind::WhenLimited
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        let event = payload.get("event").filter(|event| event.is_object());
        let event = event.ok_or_else(|| Unreadable::because("the payload has no object event"))?;
        let kind = text(event, "event_type").ok_or_else(|| Unreadable::because("the event has no event_type"))?;
        let data = event.get("data").unwrap_or(&Value::Null);
        let transition = match kind.as_str() {
            "incident.triggered" | "incident.reopened" | "incident.unacknowledged" => Transition::Firing,
            "incident.priority_updated" if text(data, "status").as_deref() != Some("resolved") => Transition::Firing,
            "incident.resolved" => Transition::Resolved,
            _ => return Ok(Reading::ignored("this event does not change whether an incident of PagerDuty is open")),
        };
        if text(data, "type").as_deref().is_some_and(|kind| kind != "incident") {
            return Ok(Reading::ignored("the event is not about an incident itself"));
        }
        read_incident(Told { event, data, transition }, received_at)
    }
}

/// What an event tells.
#[derive(Clone, Copy)]
struct Told<'payload> {
    event: &'payload Value,
    data: &'payload Value,
    transition: Transition,
}

fn read_incident(told: Told<'_>, received_at: Time) -> Result<Reading, Unreadable> {
    let Told { event, data, transition } = told;
    let id = key(data, "id").ok_or_else(|| Unreadable::because("event.data has no id"))?;
    let times = match Times::of_change(time(event, "occurred_at"), received_at) {
        Ok(times) => times,
        Err(forgotten) => return Ok(forgotten.into()),
    };
    let title = text(data, "title").and_then(|text| title(&text));
    let summary = |name: &str| data.get(name).and_then(|reference| text(reference, "summary"));
    let first_team = data.get("teams").and_then(Value::as_array).and_then(|teams| text(teams.first()?, "summary"));
    let priority = summary("priority");
    let stated = priority.as_deref().and_then(|priority| {
        let value = Severity::from_words(priority)?;
        Some(StatedSeverity { value, matched: format!("priority {priority}"), confidence: 1.0 })
    });
    let dedup_key = key_within_limit(format!("incident:{id}"));
    let alert = AlertEvent {
        event_id: key(event, "id"),
        occurred_at: times.occurred_at,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        title: title.unwrap_or_else(|| made_title(&format!("PagerDuty incident {id}"))),
        unknown_severity: priority.filter(|_| stated.is_none()).map(|words| truncated_to_chars(&words, limits::NAME)),
        severity: stated.or_else(|| of_urgency(&text(data, "urgency")?)),
        service: summary("service").and_then(|text| name(&text)),
        team: first_team.and_then(|text| name(&text)),
        link: text(data, "html_url").and_then(|url| link(&url)),
        external_id: Some(id),
        ..AlertEvent::bare(Source::named(NAME), &dedup_key, transition, received_at)
    };
    Ok(Reading::Event(Box::new(alert)))
}

/// A priority is set by people, often later. Until then, the urgency tells.
fn of_urgency(urgency: &str) -> Option<StatedSeverity> {
    let value = match urgency {
        "high" => Severity::Error,
        "low" => Severity::Warning,
        _ => return None,
    };
    Some(StatedSeverity { value, matched: format!("urgency {urgency}"), confidence: 0.7 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(kind: &str, members: &Value) -> Value {
        let mut data = json!({
            "id": "Q1PZE64", "type": "incident", "html_url": "https://x.pagerduty.com/incidents/Q1PZE64", "status": "triggered",
            "title": "Payment webhooks time out", "service": {"summary": "Payments-Gateway"},
            "teams": [{"summary": "Payments"}], "priority": null, "urgency": "high",
        });
        for (name, value) in members.as_object().unwrap() {
            data[name] = value.clone();
        }
        json!({"event": {"id": "01FHX", "event_type": kind, "occurred_at": "2026-11-23T06:15:29.781Z", "data": data}})
    }

    fn read(kind: &str, members: &Value) -> Result<Reading, Unreadable> {
        let received_at = "2026-11-23T06:15:31Z".parse().unwrap();
        PagerDuty.read(&Headers::default(), &payload(kind, members), received_at)
    }

    fn event(kind: &str, members: &Value) -> AlertEvent {
        match read(kind, members).unwrap() {
            Reading::Event(event) => *event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_incident_is_a_problem() {
        let event = event("incident.triggered", &json!({}));
        assert_eq!((event.dedup_key.as_str(), event.event_id.as_deref()), ("incident:Q1PZE64", Some("01FHX")));
        assert_eq!(event.ordered_at, "2026-11-23T06:15:29.781Z".parse().unwrap());
        assert_eq!((event.service.as_deref(), event.team.as_deref()), (Some("payments-gateway"), Some("payments")));
        assert_eq!(event.severity.map(|severity| severity.value), Some(Severity::Error));
    }

    #[test]
    fn a_priority_that_comes_later_counts_more_than_the_urgency() {
        let updated = event("incident.priority_updated", &json!({"priority": {"summary": "P1"}}));
        assert_eq!(updated.transition, Transition::Firing);
        assert_eq!(updated.severity.map(|severity| severity.value), Some(Severity::Critical));
        let resolved = read("incident.priority_updated", &json!({"status": "resolved"}));
        assert!(matches!(resolved, Ok(Reading::Ignored { .. })));
    }

    #[test]
    fn a_merged_incident_is_resolved_and_the_rest_is_ignored() {
        let merged = json!({"status": "resolved", "resolve_reason": {"type": "merge_resolve_reason"}});
        assert_eq!(event("incident.resolved", &merged).transition, Transition::Resolved);
        for kind in
            ["incident.acknowledged", "incident.annotated", "pagey.ping", "service.updated", "incident.new_thing"]
        {
            assert!(matches!(read(kind, &json!({})), Ok(Reading::Ignored { .. })), "{kind}");
        }
        assert!(matches!(read("incident.triggered", &json!({"type": "incident_note"})), Ok(Reading::Ignored { .. })));
        assert!(read("incident.triggered", &json!({"id": null})).is_err());
    }
}
