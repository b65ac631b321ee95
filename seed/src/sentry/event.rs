//! Events of an issue, as Sentry sends them when an alert rule matches or an error comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    actor::Actor,
    envelope::envelope,
    format::{api, site, title, with_z},
    issue::Issue,
};
use crate::company::{Env, SLUG};

/// The resource with which Sentry sends an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventResource {
    /// An alert rule matched the event.
    EventAlert,
    /// The event came in.
    Error,
}

impl EventResource {
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventAlert => "event_alert",
            Self::Error => "error",
        }
    }
}

/// An event of an issue.
#[derive(Debug)]
pub struct Event<'issue> {
    pub issue: &'issue Issue,
    pub env: Env,
    pub at: Timestamp,
    /// 32 hexadecimal digits.
    pub id: String,
    pub release: String,
    pub server: String,
}

impl Event<'_> {
    pub fn body(&self, resource: EventResource) -> Value {
        match resource {
            EventResource::EventAlert => {
                let service = self.issue.service;
                let rule = format!("{}: new or returning errors in {}", service.name, self.env.name());
                let channel = format!("#alerts-{}", service.team);
                let data = json!({
                    "event": self.data(),
                    "triggered_rule": rule,
                    "issue_alert": { "title": rule, "settings": [{ "name": "channel", "value": channel }] },
                });
                envelope("triggered", Actor::SENTRY, &data)
            }
            EventResource::Error => envelope("created", Actor::SENTRY, &json!({ "error": self.data() })),
        }
    }

    fn data(&self) -> Value {
        let Issue { service, definition, id: issue_id, .. } = self.issue;
        let event_id = &self.id;
        let seconds = unix_seconds(self.at);
        json!({
            "_ref": service.sentry_project % 1_000_000,
            "_ref_version": 2,
            "contexts": {
                "runtime": { "name": service.platform, "type": "runtime" },
                "os": { "name": "Linux", "type": "os" },
            },
            "culprit": definition.culprit,
            "datetime": with_z(self.at),
            "dist": null,
            "environment": self.env.name(),
            "event_id": event_id,
            "exception": { "values": [self.exception()] },
            "fingerprint": ["{{ default }}"],
            "hashes": [format!("{:032x}", u128::from(*issue_id) * 0x9e37_79b9_7f4a_7c15_f39c_c060)],
            "issue_url": api(&format!("organizations/{SLUG}/issues/{issue_id}/")),
            "issue_id": issue_id.to_string(),
            "key_id": "4029117",
            "level": definition.level,
            "location": definition.filename,
            "logger": "",
            "message": "",
            "metadata": {
                "filename": definition.filename,
                "function": definition.function,
                "type": definition.exception,
                "value": definition.value,
            },
            "platform": service.platform,
            "project": service.sentry_project,
            "received": seconds,
            "release": self.release,
            "sdk": { "name": format!("sentry.{}", service.platform), "version": "8.38.0" },
            "tags": [
                ["environment", self.env.name()],
                ["handled", "yes"],
                ["level", definition.level],
                ["release", self.release],
                ["server_name", self.server],
                ["team", service.team],
            ],
            "time_spent": null,
            "timestamp": seconds,
            "title": title(definition),
            "type": "error",
            "url": api(&format!("projects/{SLUG}/{}/events/{event_id}/", service.name)),
            "user": null,
            "version": "7",
            "web_url": site(&format!("issues/{issue_id}/events/{event_id}/")),
        })
    }

    fn exception(&self) -> Value {
        let definition = self.issue.definition;
        json!({
            "type": definition.exception,
            "value": definition.value,
            "mechanism": { "type": "generic", "handled": true },
            "stacktrace": {
                "frames": [{
                    "abs_path": definition.filename,
                    "filename": definition.filename,
                    "function": definition.function,
                    "lineno": definition.lineno,
                    "context_line": definition.context_line,
                    "in_app": true,
                    "module": null,
                    "vars": null,
                }],
            },
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit f64's 52 bits")]
fn unix_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
