//! Datadog webhooks.
//!
//! The body is what the customer typed as a template with `$VARIABLES`, so each field may be missing,
//! empty, named otherwise, a number or a text. Facts: Datadog's documentation of the Webhooks
//! integration and of its variables. Datadog signs nothing; see [`Datadog::is_authentic`].

mod title;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use super::{
    Reading, Unreadable, WebhookSource,
    field::{bounded_key, first_text, key, link, plausible, tagged, tags, text, time},
    signature::{Secret, is_one_of, is_signed},
};
use crate::domain::{
    event::{AlertEvent, StatedSeverity, Transition, bounded, limits},
    severity::Severity,
    source::Source,
    time::Time,
};
use title::Title;

/// The source `datadog`.
pub struct Datadog;

const NAME: &str = "datadog";

impl WebhookSource for Datadog {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Datadog's means are custom headers and basic auth in the URL: `X-Webhook-Token: <secret>`, or the
    /// secret as password. Customers with a proxy may sign: `X-Datadog-Signature: hex(HMAC-SHA256(secret, body))`.
    /// At least one proof is there, and none that is there may be wrong.
    fn is_authentic(&self, secrets: &[Secret], headers: &HeaderMap, body: &[u8]) -> bool {
        let proofs = [
            headers.get("x-webhook-token").map(|token| is_one_of(secrets, token.as_bytes())),
            headers.get("x-datadog-signature").map(|signature| is_signed(secrets, signature.as_bytes(), body)),
            basic_password(headers).map(|password| is_one_of(secrets, &password)),
        ];
        proofs.iter().flatten().count() > 0 && proofs.into_iter().flatten().all(|valid| valid)
    }

    fn read(&self, _headers: &HeaderMap, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        if !payload.is_object() {
            return Err(Unreadable("the payload is not a JSON object".to_owned()));
        }
        let title = Title::read(first_text(payload, &["title", "event_title"]).unwrap_or_default());
        let monitor = key(payload, &["alert_id", "monitor_id"]);
        let scope = ["scope", "alert_scope", "scopes"].into_iter().find_map(|name| scope(payload.get(name)));
        let problem = Problem {
            cycle: key(payload, &["alert_cycle_key"]),
            monitor: monitor.as_deref().map(|id| format!("monitor:{id}|{}", scope.as_deref().unwrap_or_default())),
            aggregate: key(payload, &["aggreg_key"]),
            title: title.key(),
        };
        let (Some(dedup_key), Some(group_key)) = (problem.dedup_key(), problem.group_key()) else {
            return Err(Unreadable(
                "the payload names no problem: it has neither title, alert_id, alert_cycle_key nor aggreg_key"
                    .to_owned(),
            ));
        };
        let stated_transition = first_text(payload, &["transition", "alert_transition"]);
        let alert_type = text(payload, "alert_type").map(|word| word.to_lowercase());
        let transition_words = stated_transition.as_deref().or(title.transition()).unwrap_or_default().to_lowercase();
        let transition = transition(&transition_words, alert_type.as_deref());
        let tags = read_tags(payload.get("tags"));
        let scope_tags: Vec<String> = scope.iter().flat_map(|scope| scope.split(',')).map(str::to_owned).collect();
        let named = |prefixes: &[&str]| tagged(&tags, prefixes).or_else(|| tagged(&scope_tags, prefixes));
        let id = key(payload, &["id", "event_id"]);
        let event = AlertEvent {
            source: Source::named(NAME),
            external_id: monitor.clone().or_else(|| id.clone()),
            dedup_key,
            group_key,
            transition,
            occurred_at: plausible(time(payload, "date").or_else(|| time(payload, "last_updated")), received_at),
            title: match title.text() {
                "" => monitor.map_or_else(
                    || "Datadog alert".to_owned(),
                    |id| bounded(&format!("Datadog monitor {id}"), limits::TITLE),
                ),
                text => bounded(text, limits::TITLE),
            },
            message: message(payload),
            severity: severity(payload, &title, alert_type.as_deref(), stated_transition.as_deref()),
            service: named(&["service"]),
            environment: named(&["env", "environment"]),
            team: named(&["team"]),
            link: link(payload, &["link", "url"]),
            tags,
        };
        // `$ID` is new for each notification; in a template that makes something else of it, the problem and the time tell
        // two apart. Whoever tries again sends the same.
        let date = text(payload, "date").unwrap_or_default();
        let identity = id.map(|id| format!("{id}|{transition_words}|{}|{date}", event.dedup_key));
        Ok(Reading::Event { event: Box::new(event), identity })
    }
}

/// What names the problem, most exact first.
struct Problem {
    /// Links a trigger to its recovery.
    cycle: Option<String>,
    /// A monitor fires per scope.
    monitor: Option<String>,
    aggregate: Option<String>,
    title: Option<String>,
}

impl Problem {
    fn dedup_key(&self) -> Option<String> {
        self.cycle.as_ref().map(|cycle| format!("cycle:{cycle}")).or_else(|| self.group_key())
    }

    fn group_key(&self) -> Option<String> {
        let aggregate = || self.aggregate.as_ref().map(|aggregate| format!("aggreg:{aggregate}"));
        let title = || self.title.as_ref().map(|title| format!("title:{title}"));
        let cycle = || self.cycle.as_ref().map(|cycle| format!("cycle:{cycle}"));
        self.monitor.clone().or_else(aggregate).or_else(title).or_else(cycle).map(bounded_key)
    }
}

fn basic_password(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    // Malformed credentials are a wrong proof, not an absent one.
    let credentials = BASE64_STANDARD.decode(encoded.trim_ascii()).unwrap_or_default();
    let colon = credentials.iter().position(|byte| *byte == b':');
    Some(colon.map_or_else(Vec::new, |colon| credentials[colon + 1..].to_vec()))
}

/// Triggered, Re-Triggered, Warn, Re-Warn, No Data, Re-No Data, Renotify fire; what begins with
/// Recovered is over; for anything else the alert type decides, and what is unclear fires.
fn transition(words: &str, alert_type: Option<&str>) -> Transition {
    const FIRING: [&str; 7] = ["triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify"];
    let is_firing = FIRING.contains(&words);
    if words.starts_with("recovered") || (!is_firing && alert_type == Some("success")) {
        Transition::Resolved
    } else {
        Transition::Firing
    }
}

fn severity(
    payload: &Value,
    title: &Title,
    alert_type: Option<&str>,
    transition: Option<&str>,
) -> Option<StatedSeverity> {
    let stated = |value, matched: &str, confidence| {
        Some(StatedSeverity { value, matched: bounded(matched, limits::NAME), confidence })
    };
    // `$PRIORITY` (normal, low) also travels as "priority" and is no severity.
    let words = ["priority", "alert_priority", "severity"].into_iter().filter_map(|name| text(payload, name));
    for word in words.chain(title.priority().map(str::to_owned)) {
        if let Some(value) = of_priority(&word).or_else(|| word.parse().ok()) {
            return stated(value, &word, 1.0);
        }
    }
    let of_alert_type = alert_type.and_then(|alert_type| match alert_type {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "info" | "success" => Some(Severity::Info),
        _ => None,
    });
    if let (Some(value), Some(alert_type)) = (of_alert_type, alert_type) {
        return stated(value, &format!("alert_type {alert_type}"), 0.9);
    }
    // The marker [Triggered] of a title says that it fires, not how bad it is; [Warn] says both.
    let said = transition.or_else(|| title.transition().filter(|words| words.to_lowercase().contains("warn")))?;
    let value = match said.to_lowercase().as_str() {
        "triggered" | "re-triggered" => Severity::Error,
        "warn" | "re-warn" | "no data" | "re-no data" => Severity::Warning,
        _ => return None,
    };
    stated(value, &format!("transition {said}"), 0.8)
}

fn of_priority(word: &str) -> Option<Severity> {
    match word.to_uppercase().as_str() {
        "P1" => Some(Severity::Critical),
        "P2" => Some(Severity::Error),
        "P3" => Some(Severity::Warning),
        "P4" | "P5" => Some(Severity::Info),
        _ => None,
    }
}

/// `$EVENT_MSG` comes wrapped in `%%%`, Datadog's mark of Markdown.
fn message(payload: &Value) -> Option<String> {
    let message = first_text(payload, &["body", "text_only_msg", "event_msg", "message"])?;
    let plain = message.trim_start_matches("%%%").trim_end_matches("%%%").trim();
    (!plain.is_empty()).then(|| bounded(plain, limits::MESSAGE))
}

/// A text with commas, or a list.
fn scope(value: Option<&Value>) -> Option<String> {
    let scope = read_tags(value).join(",");
    (!scope.is_empty()).then_some(scope)
}

/// A list, or a text with commas.
fn read_tags(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(joined)) => tags(joined.split(',').map(str::to_owned)),
        Some(Value::Array(list)) => tags(list.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
