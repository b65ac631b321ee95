//! Datadog notifications, as the published template renders them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{Delivery, Scene, digits};

/// A notification of a monitor.
#[derive(Debug, Clone)]
pub struct Notification {
    members: Map<String, Value>,
    tags: Vec<(String, String)>,
}

impl Notification {
    /// A monitor of the scene's service triggers when the scene begins.
    pub fn triggered(scene: &Scene) -> Self {
        let Value::Object(members) = json!({
            "id": digits(19),
            "alert_id": digits(9),
            "alert_cycle_key": digits(20),
            "aggreg_key": format!("{:032x}", fastrand::u128(..)),
            "transition": "Triggered",
            "alert_type": "error",
            "priority": "P2",
            "event_type": "query_alert_monitor",
            "title": "[P2] [Triggered] Latency over its objective",
            "body": "The 99th percentile is 2.4 s, the objective is 0.8 s.",
            "scope": format!("service:{},env:{}", scene.service, scene.environment),
            "hostname": "ip-10-4-7-19",
            "query": "avg(last_5m):p99:trace.http.request{*} > 0.8",
            "metric": "trace.http.request",
            "link": "https://app.datadoghq.com/event/event?id=6412009",
            "snapshot": "",
            "org": { "id": "500417", "name": "Larkspur" },
        }) else {
            unreachable!("the literal is an object")
        };
        let tags = [("service", &scene.service), ("env", &scene.environment), ("team", &scene.team)];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.clone())).to_vec();
        Self { members, tags }.at(scene.time)
    }

    /// The next notification of the same monitor about the same problem.
    #[must_use]
    pub fn again(&self) -> Self {
        self.clone().with("id", digits(19))
    }

    /// A notification of another monitor on the same service.
    #[must_use]
    pub fn from_another_monitor(&self) -> Self {
        self.again()
            .with("alert_id", digits(9))
            .with("alert_cycle_key", digits(20))
            .with("aggreg_key", format!("{:032x}", fastrand::u128(..)))
    }

    /// The same monitor's next problem: Datadog gives it a new cycle.
    #[must_use]
    pub fn in_a_new_cycle(&self) -> Self {
        self.again().with("alert_cycle_key", digits(20))
    }

    /// The recovery.
    #[must_use]
    pub fn recovered(&self) -> Self {
        self.again()
            .with("transition", "Recovered")
            .with("alert_type", "success")
            .with("title", "[P2] [Recovered] Latency over its objective")
    }

    /// At a time of the source's clock.
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

    /// Leaves a member of the body out.
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

    /// Tagged with a service, a scope of its own included.
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

    /// Leaves a tag out.
    #[must_use]
    pub fn untagged(mut self, key: &str) -> Self {
        self.tags.retain(|(present, _)| present != key);
        self
    }

    /// The tags as Datadog writes them.
    pub fn tags(&self) -> Vec<String> {
        self.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect()
    }

    /// Only these members: what the source's or a customer's own template has.
    #[must_use]
    pub fn only(mut self, members: &[&str]) -> Self {
        self.tags.clear();
        self.members.retain(|member, _| members.contains(&member.as_str()));
        self
    }

    /// The members of Datadog's own default template.
    #[must_use]
    pub fn by_the_default_template(self) -> Self {
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

impl From<&Notification> for Delivery {
    fn from(notification: &Notification) -> Self {
        Self::datadog(notification.body().to_string())
    }
}
