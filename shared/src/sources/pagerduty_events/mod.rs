//! PagerDuty Events API v2, as a receiver: whatever can be pointed at another address than
//! PagerDuty's can be pointed here.
//!
//! Facts: PagerDuty's documentation of the Events API v2.

mod changes;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    AnswerForm, Headers, Reading, Request, Unreadable, WebhookSource,
    limits::ResendKind,
    parse,
    signature::{Secret, is_one_of},
    tags,
    text::{link, message, name, one_line, title},
    time::{Times, time},
    value::{first_text, key, text},
};
use crate::domain::{
    event::{AlertEvent, EventKind, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    text::{key_within_limit, limits, truncated_to_chars},
    time::Time,
};

/// The source `pagerduty-events`.
pub struct PagerDutyEvents;

const NAME: &str = "pagerduty-events";

/// The member that holds the credential.
const CREDENTIAL: &str = "routing_key";

/// Stands for the credential in what is kept.
const MARK: &str = "[removed]";

/// Begins the dedup key of every problem of this source.
const PROBLEM_PREFIX: &str = "dedup:";

impl WebhookSource for PagerDutyEvents {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The credential is the text `routing_key` at the top of the body.
    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        match parse(request.body) {
            Ok(payload) => {
                let credential = payload.get(CREDENTIAL).and_then(Value::as_str);
                credential.is_some_and(|credential| is_one_of(secrets, credential.as_bytes()))
            }
            // Who knows the key and sends broken JSON learns that, and nothing is lost.
            Err(_) => credential_in(request.body).is_some_and(|credential| is_one_of(secrets, credential)),
        }
    }

    fn redacted_bytes(&self, body: &[u8]) -> Option<Vec<u8>> {
        let credential = credential_in(body).filter(|credential| !credential.is_empty())?;
        let mut kept = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some(first) = rest.first() {
            if let Some(behind) = rest.strip_prefix(credential) {
                kept.extend_from_slice(MARK.as_bytes());
                rest = behind;
            } else {
                kept.push(*first);
                rest = &rest[1..];
            }
        }
        Some(kept)
    }

    /// The credential is taken out, and replaced wherever its value stands: in an address, a text, a name.
    fn redacted(&self, payload: &Value) -> Option<Value> {
        let members = payload.as_object()?;
        let credential = members.get(CREDENTIAL).and_then(Value::as_str).unwrap_or_default();
        let kept = members.iter().filter(|(name, _)| *name != CREDENTIAL);
        let kept: Map<_, _> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        let kept = Value::Object(kept);
        Some(if credential.is_empty() { kept } else { without(credential, kept) })
    }

    fn at_route(&self, route: &str) -> Option<&'static dyn WebhookSource> {
        (route == changes::ROUTE).then_some(&changes::PagerDutyChanges)
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        // What is read is kept, too.
        let payload = &self.redacted(payload).ok_or_else(|| Unreadable::because("the payload is not a JSON object"))?;
        let details = payload.get("payload").unwrap_or(&Value::Null);
        let transition = match text(payload, "event_action").as_deref() {
            Some("trigger") => Transition::Firing,
            Some("resolve") => Transition::Resolved,
            Some("acknowledge") => return Ok(Reading::ignored("an acknowledgement does not change an alert")),
            Some(_) => return Err(Unreadable::because("event_action is not trigger, acknowledge or resolve")),
            // A change event has neither an action nor a severity.
            None if details.is_object() && details.get("severity").is_none() => {
                return Ok(Reading::ignored("a change event says nothing about alerts"));
            }
            None => return Err(Unreadable::because("event_action is missing")),
        };
        read_event(Told { payload, details, transition }, received_at)
    }

    /// Its clients treat the answers as PagerDuty's, which limits them by 429.
    fn resends(&self, _headers: &Headers) -> ResendKind {
        ResendKind::WhenLimited
    }

    fn answer_form(&self) -> AnswerForm {
        AnswerForm::PagerDutyEvents
    }
}

/// The credential in a body that is not JSON, as far as its text shows it: a cut body, or half of a character.
fn credential_in(body: &[u8]) -> Option<&[u8]> {
    let name = format!("\"{CREDENTIAL}\"");
    let at = body.windows(name.len()).position(|window| window == name.as_bytes())?;
    let value =
        body[at + name.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = value.iter().position(|byte| *byte == b'"')?;
    Some(&value[..end])
}

/// A value in which a mark stands for the credential.
fn without(credential: &str, value: Value) -> Value {
    let replaced = |text: String| if text.contains(credential) { text.replace(credential, MARK) } else { text };
    match value {
        Value::String(text) => Value::String(replaced(text)),
        Value::Array(items) => items.into_iter().map(|item| without(credential, item)).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (replaced(name), without(credential, value)));
            Value::Object(members.collect())
        }
        value => value,
    }
}

/// The key that a client stated, letter by letter: it compares it with that of the answer. `None` if it stated none
/// that tells a problem.
#[must_use]
pub fn stated_key(body: &[u8]) -> Option<String> {
    let payload = parse(body).ok()?;
    key(&payload, "dedup_key")?;
    match payload.get("dedup_key") {
        Some(Value::String(stated)) => Some(stated.clone()),
        _ => key(&payload, "dedup_key"),
    }
}

/// The key that a client knows a problem by, as the answer says it.
#[must_use]
pub fn client_key(dedup_key: &str) -> &str {
    dedup_key.strip_prefix(PROBLEM_PREFIX).unwrap_or(dedup_key)
}

/// What an event tells.
#[derive(Clone, Copy)]
struct Told<'payload> {
    payload: &'payload Value,
    details: &'payload Value,
    transition: Transition,
}

fn read_event(told: Told<'_>, received_at: Time) -> Result<Reading, Unreadable> {
    let Told { payload, details, transition } = told;
    let stated_key = key(payload, "dedup_key");
    if stated_key.is_none() && transition == Transition::Resolved {
        return Err(Unreadable::because("a resolve needs the dedup_key of what it resolves"));
    }
    let stated_title = text(details, "summary").and_then(|summary| title(without_state(&one_line(&summary))));
    if stated_title.is_none() && transition == Transition::Firing {
        return Err(Unreadable::because("payload.summary is missing"));
    }
    let problem = stated_key.unwrap_or_else(|| made_key(payload, received_at));
    let custom = details.get("custom_details").unwrap_or(&Value::Null);
    let times = Times::of_receipt(time(details, "timestamp"), received_at);
    let words = text(details, "severity");
    let severity = words.as_deref().and_then(|words| {
        let value = Severity::from_words(words)?;
        Some(StatedSeverity { value, matched: format!("severity {words}"), confidence: 1.0 })
    });
    let first_link = payload.get("links").and_then(Value::as_array).into_iter().flatten();
    let dedup_key = key_within_limit(format!("{PROBLEM_PREFIX}{problem}"));
    let tag = |name: &str| Some(format!("{name}:{}", text(details, name)?));
    let event = AlertEvent {
        kind: EventKind::Report,
        occurred_at: times.occurred_at,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        title: stated_title.or_else(|| title(&problem)).unwrap_or_else(|| "PagerDuty event".to_owned()),
        message: first_text(custom, &["description", "message", "details"])
            .or_else(|| custom.as_str().map(str::to_owned))
            .and_then(|text| message(&text)),
        unknown_severity: words.filter(|_| severity.is_none()).map(|words| truncated_to_chars(&words, limits::NAME)),
        severity,
        service: text(custom, "service")
            .or_else(|| first_text(details, &["component", "group"]))
            .and_then(|text| name(&text)),
        environment: first_text(custom, &["environment", "env"]).and_then(|text| name(&text)),
        team: text(custom, "team").and_then(|text| name(&text)),
        tags: tags::within_limits(["source", "component", "group", "class"].into_iter().filter_map(tag)),
        link: text(payload, "client_url")
            .and_then(|url| link(&url))
            .or_else(|| first_link.filter_map(|entry| text(entry, "href")).find_map(|url| link(&url))),
        external_id: Some(problem),
        ..AlertEvent::bare(Source::named(NAME), &dedup_key, transition, received_at)
    };
    Ok(Reading::Event(Box::new(event)))
}

/// The key of a trigger that states none: each is a problem of its own.
fn made_key(payload: &Value, received_at: Time) -> String {
    let digest = Sha256::new().chain_update(payload.to_string()).chain_update(received_at.to_string()).finalize();
    hex::encode(&digest[..16])
}

/// The title without the state before it, as the notifiers of Alertmanager and Grafana write it:
/// `[FIRING:1] InstanceDown`, `[RESOLVED] InstanceDown`.
fn without_state(title: &str) -> &str {
    let bracketed = title.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_state = |state: &str| state.starts_with("FIRING") || state.starts_with("RESOLVED");
    bracketed.filter(|(state, _)| is_state(state)).map_or(title, |(_, rest)| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received_at() -> Time {
        "2026-11-23T07:43:00Z".parse().unwrap()
    }

    fn read(payload: &Value) -> Result<Reading, Unreadable> {
        PagerDutyEvents.read(&Headers::default(), payload, received_at())
    }

    fn event(payload: &Value) -> AlertEvent {
        match read(payload).unwrap() {
            Reading::Event(event) => *event,
            other => panic!("{other:?}"),
        }
    }

    fn trigger() -> Value {
        json!({
            "routing_key": "R0ut1ngK3y", "event_action": "trigger", "dedup_key": "orders-db-2/lag",
            "client_url": "https://watch.example.com/orders-db-2", "links": [{"href": "https://run.example.com", "text": "Runbook"}],
            "payload": {
                "summary": "[FIRING:1] Replica lag is 312 s", "source": "orders-db-2", "severity": "critical", "component": "postgres",
                "timestamp": "2026-11-23T07:42:58.315+0000",
                "custom_details": {"service": "orders", "environment": "production", "lag seconds": 312},
            },
        })
    }

    #[test]
    fn a_trigger_is_read() {
        let event = event(&trigger());
        assert_eq!((event.title.as_str(), event.service.as_deref()), ("Replica lag is 312 s", Some("orders")));
        assert_eq!(client_key(&event.dedup_key), "orders-db-2/lag");
        assert_eq!(event.occurred_at, "2026-11-23T07:42:58.315Z".parse().unwrap());
        assert_eq!((event.kind, event.is_timed), (EventKind::Report, false));
        assert_eq!(event.link.as_deref(), Some("https://watch.example.com/orders-db-2"));
        assert_eq!(event.tags, ["source:orders-db-2", "component:postgres"]);
    }

    #[test]
    fn who_knows_the_key_may_send_broken_json_and_the_key_is_not_kept() {
        let secrets = [Secret::new("R0ut1ngK3y".to_owned()).unwrap()];
        let headers = Headers::default();
        let is_authentic =
            |body: &[u8]| PagerDutyEvents.is_authentic(&secrets, &Request::new(&headers, body, received_at()));
        let cut = br#"{"routing_key" : "R0ut1ngK3y", "payload": {"summary": "R0ut1ngK3y \ud83d"}"#;
        assert!(is_authentic(cut) && !is_authentic(br#"{"routing_key":"another","x":"R0ut1ngK3y"#));
        let kept = PagerDutyEvents.redacted_bytes(cut).unwrap();
        assert_eq!(kept, br#"{"routing_key" : "[removed]", "payload": {"summary": "[removed] \ud83d"}"#);
    }

    #[test]
    fn a_resolve_needs_no_payload_but_a_key() {
        let resolve = json!({"routing_key": "R", "event_action": "resolve", "dedup_key": "orders-db-2/lag"});
        let event = event(&resolve);
        assert_eq!(
            (event.transition, event.dedup_key),
            (Transition::Resolved, super::tests::event(&trigger()).dedup_key)
        );
        assert!(read(&json!({"event_action": "resolve"})).is_err());
    }

    #[test]
    fn a_trigger_without_a_key_is_a_problem_of_its_own() {
        let mut payload = trigger();
        payload["dedup_key"] = Value::Null;
        let first = event(&payload).dedup_key;
        let later = PagerDutyEvents.read(&Headers::default(), &payload, received_at().plus_millis(1)).unwrap();
        assert!(matches!(later, Reading::Event(event) if event.dedup_key != first));
        payload["payload"] = json!({"severity": "error"});
        assert!(read(&payload).is_err(), "a summary is needed");
    }

    #[test]
    fn acknowledgements_and_changes_are_ignored() {
        let acknowledge = json!({"event_action": "acknowledge", "dedup_key": "x"});
        let change = json!({"payload": {"summary": "Build success", "source": "ci"}});
        for payload in [acknowledge, change] {
            assert!(matches!(read(&payload), Ok(Reading::Ignored { .. })), "{payload}");
        }
        for payload in
            [json!({}), json!({"event_action": "explode"}), json!([]), json!({"payload": {"severity": "info"}})]
        {
            assert!(read(&payload).is_err(), "{payload}");
        }
    }

    #[test]
    fn the_routing_key_is_the_proof_and_is_kept_nowhere() {
        let secrets = ["R0ut1ngK3y", "other"].map(|text| Secret::new(text.to_owned()).unwrap());
        let authentic = |payload: &Value| {
            let (headers, body) = (Headers::default(), payload.to_string());
            PagerDutyEvents.is_authentic(&secrets, &Request::new(&headers, body.as_bytes(), received_at()))
        };
        assert!(authentic(&trigger()));
        for key in [json!("wrong"), json!(5), json!(["R0ut1ngK3y"]), json!(null), json!({"routing_key": "R0ut1ngK3y"})]
        {
            let mut payload = trigger();
            payload["routing_key"] = key;
            assert!(!authentic(&payload), "{payload}");
        }
        assert!(!authentic(&json!({"service_key": "R0ut1ngK3y"})) && !authentic(&json!("R0ut1ngK3y")));
        let kept = PagerDutyEvents.redacted(&trigger()).unwrap();
        assert!(!kept.to_string().contains("R0ut1ngK3y"));
        assert_eq!(event(&kept), event(&trigger()), "it reads the same");
    }

    #[test]
    fn the_routing_key_is_kept_nowhere_wherever_it_stands() {
        let mut payload = trigger();
        payload["dedup_key"] = json!("R0ut1ngK3y/lag");
        payload["client_url"] = json!("https://events.example.com/R0ut1ngK3y/x?key=R0ut1ngK3y");
        payload["payload"]["summary"] = json!("Told by R0ut1ngK3y");
        payload["payload"]["component"] = json!("R0ut1ngK3y");
        payload["payload"]["custom_details"] =
            json!({"service": "R0ut1ngK3y", "headers": [["x-routing-key", "Bearer R0ut1ngK3y"]], "R0ut1ngK3y": 1});
        let kept = PagerDutyEvents.redacted(&payload).unwrap();
        assert!(!kept.to_string().contains("R0ut1ngK3y"), "{kept}");
        assert_eq!(kept["payload"]["custom_details"]["headers"], json!([["x-routing-key", "Bearer [removed]"]]));
        let read = event(&payload);
        assert!(!format!("{read:?}").to_lowercase().contains("r0ut1ngk3y"), "{read:?}");
        assert_eq!(read.title, "Told by [removed]");
        assert_eq!(read, event(&kept), "it reads the same");
    }

    #[test]
    fn the_key_of_the_answer_is_the_stated_one_letter_by_letter() {
        let stated = |key: Value| stated_key(json!({"routing_key": "R", "dedup_key": key}).to_string().as_bytes());
        let long = "x".repeat(600);
        for key in [" Orders/DB-2 \u{fc} ", "a,b", long.as_str()] {
            assert_eq!(stated(json!(key)).as_deref(), Some(key));
        }
        assert_eq!(stated(json!(7)).as_deref(), Some("7"));
        for absent in [json!(null), json!(""), json!([]), json!("null")] {
            assert_eq!(stated(absent), None, "a key is made and answered");
        }
        assert_eq!(stated_key(b"{"), None);
    }
}
