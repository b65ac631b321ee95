//! Groups of alerts, as Alertmanager sends them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Sandbox, WebhookRequest, random_suffix, rfc3339};

/// One alert of a group.
#[derive(Debug, Clone)]
pub struct GroupedAlert(Value);

impl GroupedAlert {
    /// An alert of the sandbox's service that fires since the sandbox's time.
    pub fn firing(sandbox: &Sandbox) -> Self {
        Self(json!({
            "status": "firing",
            "labels": {
                "alertname": "WritesSlow", "environment": sandbox.environment, "service": sandbox.service,
                "team": sandbox.team, "severity": "error", "pod": random_suffix(),
            },
            "annotations": { "summary": "Writes are slow", "description": "p99 is 3.1 s" },
            "startsAt": rfc3339(sandbox.time), "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
            "fingerprint": format!("{:016x}", fastrand::u64(..)),
        }))
    }

    /// The same alert, resolved at a time.
    #[must_use]
    pub fn resolved(&self, at: Timestamp) -> Self {
        self.with("/status", "resolved").with("/endsAt", rfc3339(at))
    }

    /// With another value at a JSON pointer, whose parent is there.
    #[must_use]
    pub fn with(&self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut alert = self.0.clone();
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        alert.pointer_mut(parent).expect("the parent is there")[member] = value.into();
        Self(alert)
    }

    /// The alert as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

/// A webhook with these alerts.
pub fn group(alerts: impl IntoIterator<Item = Value>) -> WebhookRequest {
    let body = json!({
        "receiver": "incident\\-review", "status": "firing", "alerts": alerts.into_iter().collect::<Vec<_>>(),
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com", "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0,
    });
    // Alertmanager ends the body with a line feed.
    WebhookRequest::to("alertmanager", format!("{body}\n")).header("content-type", "application/json")
}
