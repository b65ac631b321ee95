//! Rules with which Sentry watches a number, such as errors per minute.

use serde::Deserialize;

/// A metric alert rule of Sentry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricAlertRule {
    pub id: u64,
    pub name: String,
    pub aggregate: String,
    pub dataset: String,
    pub query: String,
    /// What is counted, in Sentry's words: "events in the last 10 minutes".
    pub unit: String,
    pub warning: u32,
    pub critical: u32,
}
