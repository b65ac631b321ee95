//! Sentry's webhooks, as its integration platform sends them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Sandbox, WebhookRequest, random_digits};

/// A webhook of Sentry: its resource, its time and its body.
#[derive(Debug, Clone)]
pub struct SentryWebhook {
    resource: String,
    sent_at: Timestamp,
    /// The body.
    pub body: Value,
}

impl SentryWebhook {
    /// A webhook of a resource.
    pub fn new(resource: &str, sent_at: Timestamp, body: Value) -> Self {
        Self { resource: resource.to_owned(), sent_at, body }
    }

    /// Replaces the value at a JSON pointer, which must exist.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        *self.body.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value.into();
        self
    }

    /// Removes the value at a JSON pointer, which must exist.
    #[must_use]
    pub fn without(mut self, pointer: &str) -> Self {
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer has a slash");
        let parent = self.body.pointer_mut(parent).and_then(Value::as_object_mut);
        let removed = parent.and_then(|parent| parent.remove(member));
        assert!(removed.is_some(), "nothing at {pointer}");
        self
    }
}

impl From<&SentryWebhook> for WebhookRequest {
    fn from(webhook: &SentryWebhook) -> Self {
        Self::sentry(&webhook.resource, webhook.body.to_string())
            .header("sentry-hook-timestamp", webhook.sent_at.as_second().to_string())
    }
}

/// An issue of the sandbox's service.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Sentry's id of the issue.
    pub id: String,
    project: String,
    environment: String,
    level: String,
    title: String,
}

impl Issue {
    /// An issue of the sandbox's service and environment.
    pub fn of(sandbox: &Sandbox) -> Self {
        Self {
            id: random_digits(10),
            project: sandbox.service.clone(),
            environment: sandbox.environment.clone(),
            level: "error".to_owned(),
            title: "PaymentDeclined: the card was refused".to_owned(),
        }
    }

    /// With a level.
    #[must_use]
    pub fn level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.level);
        self
    }

    /// The `issue` webhook of an action, sent at a time. Sentry names no environment in it.
    pub fn webhook(&self, action: &str, at: Timestamp) -> SentryWebhook {
        let (status, substatus) = match action {
            "resolved" => ("resolved", Value::Null),
            "ignored" | "archived" => ("ignored", json!("archived_forever")),
            "unresolved" => ("unresolved", json!("regressed")),
            _ => ("unresolved", json!("new")),
        };
        let body = json!({
            "action": action,
            "installation": { "uuid": "0f8b1e7c-5d1c-4ad6-9be4-6b1a3f2f4f11" },
            "data": { "issue": {
                "id": self.id,
                "shortId": format!("SHOP-{}", &self.id[..3]),
                "shareId": null,
                "title": self.title,
                "culprit": "checkout.payment in charge",
                "permalink": null,
                "web_url": format!("https://larkspur.sentry.io/issues/{}/", self.id),
                "level": self.level,
                "status": status,
                "substatus": substatus,
                "statusDetails": {},
                "platform": "python",
                "project": { "id": "4508112", "name": "Checkout", "slug": self.project, "platform": "python" },
                "metadata": { "type": "PaymentDeclined", "value": "the card was refused" },
                "count": "7",
                "userCount": 3,
                "firstSeen": iso(at),
                "lastSeen": iso(at),
            } },
            "actor": { "type": "application", "id": "sentry", "name": "Sentry" },
        });
        SentryWebhook::new("issue", at, body)
    }

    /// The issue is new.
    pub fn created(&self, at: Timestamp) -> SentryWebhook {
        self.webhook("created", at)
    }

    /// The issue is resolved.
    pub fn resolved(&self, at: Timestamp) -> SentryWebhook {
        self.webhook("resolved", at)
    }

    /// An alert rule fires on a new event of the issue.
    pub fn event_alert(&self, at: Timestamp) -> SentryWebhook {
        let body = json!({
            "action": "triggered",
            "installation": { "uuid": "0f8b1e7c-5d1c-4ad6-9be4-6b1a3f2f4f11" },
            "data": {
                "event": self.event(at),
                "triggered_rule": "More than 10 events in an hour",
                "issue_alert": { "title": "More than 10 events in an hour", "settings": [] },
            },
            "actor": { "type": "application", "id": "sentry", "name": "Sentry" },
        });
        SentryWebhook::new("event_alert", at, body)
    }

    /// A new event of the issue.
    pub fn error(&self, at: Timestamp) -> SentryWebhook {
        let body = json!({
            "action": "created",
            "installation": { "uuid": "0f8b1e7c-5d1c-4ad6-9be4-6b1a3f2f4f11" },
            "data": { "error": self.event(at) },
            "actor": { "type": "application", "id": "sentry", "name": "Sentry" },
        });
        SentryWebhook::new("error", at, body)
    }

    fn event(&self, at: Timestamp) -> Value {
        let event_id = format!("{:032x}", fastrand::u128(..));
        json!({
            "event_id": event_id,
            "issue_id": self.id,
            "issue_url": format!("https://sentry.io/api/0/issues/{}/", self.id),
            "project": 4_508_112,
            "title": self.title,
            "message": "",
            "level": self.level,
            "environment": self.environment,
            "culprit": "checkout.payment in charge",
            "platform": "python",
            "tags": [["level", self.level], ["environment", self.environment], ["runtime", "CPython 3.13.1"]],
            "timestamp": at.as_duration().as_secs_f64(),
            "received": at.as_duration().as_secs_f64(),
            "datetime": iso(at),
            "url": format!("https://sentry.io/api/0/projects/larkspur/{}/events/{event_id}/", self.project),
            "web_url": format!("https://sentry.io/organizations/larkspur/issues/{}/events/{event_id}/", self.id),
            "user": { "ip_address": "192.0.2.44" },
            "metadata": { "type": "PaymentDeclined", "value": "the card was refused" },
        })
    }
}

/// A metric alert of the sandbox's service.
#[derive(Debug, Clone)]
pub struct MetricAlert {
    id: String,
    project: String,
    environment: String,
    started: Timestamp,
}

impl MetricAlert {
    /// A metric alert of the sandbox's service and environment that starts at the sandbox's time.
    pub fn of(sandbox: &Sandbox) -> Self {
        Self {
            id: random_digits(7),
            project: sandbox.service.clone(),
            environment: sandbox.environment.clone(),
            started: sandbox.time,
        }
    }

    /// The webhook of an action, sent at a time.
    pub fn webhook(&self, action: &str, at: Timestamp) -> SentryWebhook {
        let body = json!({
            "action": action,
            "installation": { "uuid": "0f8b1e7c-5d1c-4ad6-9be4-6b1a3f2f4f11" },
            "data": {
                "description_title": format!("{action}: Too many failed payments"),
                "description_text": "412 events in the last 5 minutes\nFilter: level:error",
                "web_url": "https://larkspur.sentry.io/alerts/rules/details/31/",
                "metric_alert": {
                    "id": self.id,
                    "identifier": "31",
                    "organization_id": "5",
                    "title": "Too many failed payments",
                    "date_started": iso(self.started),
                    "date_detected": iso(self.started),
                    "date_created": iso(self.started),
                    "date_closed": null,
                    "projects": [self.project],
                    "status": 20,
                    "alert_rule": {
                        "id": "31",
                        "name": "Too many failed payments",
                        "query": "level:error",
                        "aggregate": "count()",
                        "dataset": "events",
                        "environment": self.environment,
                        "projects": [self.project],
                        "time_window": 5,
                        "triggers": [],
                    },
                },
            },
            "actor": { "type": "application", "id": "sentry", "name": "Sentry" },
        });
        SentryWebhook::new("metric_alert", at, body)
    }
}

fn iso(time: Timestamp) -> String {
    format!("{time:.6}")
}
