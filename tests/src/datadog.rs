//! Datadog's notifications, as our published template renders them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{Sandbox, WebhookRequest, random_digits};

/// A notification of a monitor.
#[derive(Debug, Clone)]
pub struct Notification {
    members: Map<String, Value>,
    tags: Vec<(String, String)>,
}

impl Notification {
    /// A monitor of the sandbox's service triggers at the sandbox's time.
    pub fn triggered(sandbox: &Sandbox) -> Self {
        let Value::Object(members) = json!({
            "id": random_digits(19),
            "alert_id": random_digits(9),
            "alert_cycle_key": random_digits(20),
            "aggreg_key": format!("{:032x}", fastrand::u128(..)),
            "transition": "Triggered",
            "alert_type": "error",
            "priority": "P2",
            "event_type": "query_alert_monitor",
            "title": "[P2] [Triggered] Latency over its objective",
            "body": "The 99th percentile is 2.4 s, the objective is 0.8 s.",
            "scope": format!("service:{},env:{}", sandbox.service, sandbox.environment),
            "hostname": "ip-10-4-7-19",
            "query": "avg(last_5m):p99:trace.http.request{*} > 0.8",
            "metric": "trace.http.request",
            "link": "https://app.datadoghq.com/event/event?id=6412009",
            "snapshot": "",
            "org": { "id": "500417", "name": "Larkspur" },
        }) else {
            unreachable!("the literal is an object")
        };
        let tags = [("service", &sandbox.service), ("env", &sandbox.environment), ("team", &sandbox.team)];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.clone())).to_vec();
        Self { members, tags }.at(sandbox.time)
    }

    /// The next notification of the same monitor about the same alert.
    #[must_use]
    pub fn again(&self) -> Self {
        self.clone().with("id", random_digits(19))
    }

    /// A notification of another monitor on the same service.
    #[must_use]
    pub fn from_another_monitor(&self) -> Self {
        self.again()
            .with("alert_id", random_digits(9))
            .with("alert_cycle_key", random_digits(20))
            .with("aggreg_key", format!("{:032x}", fastrand::u128(..)))
    }

    /// The next alert of the same monitor. Datadog gives it a new cycle key.
    #[must_use]
    pub fn in_a_new_cycle(&self) -> Self {
        self.again().with("alert_cycle_key", random_digits(20))
    }

    /// The monitor is resolved. Datadog's own word is "Recovered".
    #[must_use]
    pub fn resolved(&self) -> Self {
        self.again()
            .with("transition", "Recovered")
            .with("alert_type", "success")
            .with("title", "[P2] [Recovered] Latency over its objective")
    }

    /// With a time of Datadog's clock.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        let milliseconds = time.as_millisecond().to_string();
        self.with("date", milliseconds.clone()).with("last_updated", milliseconds)
    }

    /// Sets a member of the body.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Removes a member of the body.
    #[must_use]
    pub fn without(mut self, member: &str) -> Self {
        self.members.remove(member);
        self
    }

    /// With a priority.
    #[must_use]
    pub fn priority(self, priority: &str) -> Self {
        self.with("priority", priority)
    }

    /// With a service as its tag and scope.
    #[must_use]
    pub fn service(self, service: &str) -> Self {
        self.tag("service", service).with("scope", format!("service:{service}"))
    }

    /// Sets a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.retain(|(present, _)| present != key);
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Removes a tag.
    #[must_use]
    pub fn without_tag(mut self, key: &str) -> Self {
        self.tags.retain(|(present, _)| present != key);
        self
    }

    /// The tags as `key:value`.
    pub fn tags(&self) -> Vec<String> {
        self.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect()
    }

    /// With these members only, as another template has them. The tags are removed.
    #[must_use]
    pub fn only(mut self, members: &[&str]) -> Self {
        self.tags.clear();
        self.members.retain(|member, _| members.contains(&member.as_str()));
        self
    }

    /// With the members of Datadog's default template only.
    #[must_use]
    pub fn with_default_template(self) -> Self {
        self.only(&["id", "last_updated", "event_type", "title", "body", "date", "org"])
    }

    /// The body.
    pub fn body(&self) -> Value {
        let mut members = self.members.clone();
        if !self.tags.is_empty() && !members.contains_key("tags") {
            members.insert("tags".to_owned(), self.tags().join(",").into());
        }
        members.into()
    }
}

impl From<&Notification> for WebhookRequest {
    fn from(notification: &Notification) -> Self {
        Self::datadog(notification.body().to_string())
    }
}
