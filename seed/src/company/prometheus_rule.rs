//! Alert rules of Prometheus, whose alerts Alertmanager sends.

use serde::Deserialize;

use super::{bounds::Bounds, monitor::GroupBy};

/// An alert rule of Prometheus. Its texts hold the variables `{{value}}` and `{{<label>}}`, where
/// `<label>` is the label of `group_by`. In the expression, `$cluster` is the cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusRule {
    pub alertname: String,
    pub severity: RuleSeverity,
    pub expr: String,
    pub summary: String,
    pub description: String,
    pub runbook_url: Option<String>,
    /// The range of measured values at which it fires.
    pub value: Bounds,
    pub group_by: Option<GroupBy>,
}

/// The label `severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    Critical,
    Warning,
    Info,
}

impl RuleSeverity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
