//! Scenarios: outages that can happen, and which signals fire in them, wave by wave.

use serde::Deserialize;

use super::{bounds::Bounds, signal::Signal};

/// An outage that can happen, as its file describes it. Signals are named: `service/key`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioEntry {
    pub name: String,
    pub lasts_minutes: Bounds,
    pub comments: Comments,
    pub waves: Vec<Vec<SignalEntry>>,
}

/// What responders write when they change the status of the incident.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comments {
    pub investigating: String,
    pub resolved: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum SignalEntry {
    Monitor {
        monitor: String,
        /// How many of the monitor's groups fire.
        #[serde(default = "one")]
        groups: usize,
    },
    Issue {
        issue: String,
    },
    MetricAlert {
        metric_alert: String,
    },
    Rule {
        rule: String,
        /// How many of the rule's alerts fire.
        #[serde(default = "one")]
        alerts: usize,
    },
    Alarm {
        alarm: String,
    },
}

const fn one() -> usize {
    1
}

impl SignalEntry {
    /// `service/key`
    pub fn name(&self) -> &str {
        let (Self::Monitor { monitor: name, .. }
        | Self::Issue { issue: name }
        | Self::MetricAlert { metric_alert: name }
        | Self::Rule { rule: name, .. }
        | Self::Alarm { alarm: name }) = self;
        name
    }
}

/// An outage that can happen.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// From the first alert to the first resolution.
    pub lasts_minutes: Bounds,
    pub comments: &'static Comments,
    /// Opens the incident. The team of its service responds.
    pub first: Signal,
    /// Each wave follows the one before within a few minutes. The first wave begins with `first`.
    pub waves: Vec<Vec<Signal>>,
}
