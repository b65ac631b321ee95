//! Monitors of Datadog: what they watch, what they write, and with which template they send it.

use serde::Deserialize;

use super::bounds::Bounds;

/// A Datadog monitor. Its texts hold the variables `{{value}}`, `{{env.name}}` and `{{<tag>.name}}`,
/// where `<tag>` is the tag of `group_by`. In the query, `$env` is the environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    pub id: u64,
    pub name: String,
    /// Whether Datadog puts the group into the title: `[Triggered on {host:kafka-01}] …`.
    #[serde(default = "yes")]
    pub include_tags: bool,
    /// From 1 to 5, as in P1 to P5.
    pub priority: u8,
    pub event_type: EventType,
    /// Empty if the monitor watches logs.
    #[serde(default)]
    pub metric: String,
    pub query: String,
    pub message: String,
    /// The range of measured values at which it fires.
    pub value: Bounds,
    pub group_by: Option<GroupBy>,
    #[serde(default)]
    pub template: Template,
}

const fn yes() -> bool {
    true
}

/// A monitor fires separately for each value of this tag.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupBy {
    pub tag: String,
    pub values: Vec<String>,
}

/// `$EVENT_TYPE` of a monitor's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    MetricAlertMonitor,
    QueryAlertMonitor,
    LogAlert,
    ServiceCheck,
}

impl EventType {
    pub const fn name(self) -> &'static str {
        match self {
            Self::MetricAlertMonitor => "metric_alert_monitor",
            Self::QueryAlertMonitor => "query_alert_monitor",
            Self::LogAlert => "log_alert",
            Self::ServiceCheck => "service_check",
        }
    }
}

/// The payload that was typed into the webhook which a monitor notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// The template that this project publishes.
    #[default]
    Published,
    /// Datadog's own template. It has neither a transition nor tags.
    Default,
    /// A template left over from another tool: the same values under other names.
    Inherited,
}
