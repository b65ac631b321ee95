//! Services of the demo company, one file each in `seed/data/services`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    alarm::Alarm, issue::IssueDefinition, metric_alert_rule::MetricAlertRule, monitor::Monitor,
    prometheus_rule::PrometheusRule,
};

/// A service, with everything that can fire for it. Its name is the tag `service` in Datadog and
/// `CloudWatch`, the label `service` in Prometheus, and the project's slug in Sentry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name of the file.
    #[serde(skip)]
    pub name: String,
    pub team: String,
    /// Sentry's word for the programming language.
    pub platform: String,
    /// The number of the project in Sentry.
    pub sentry_project: u64,
    #[serde(default)]
    pub monitors: BTreeMap<String, Monitor>,
    #[serde(default)]
    pub issues: BTreeMap<String, IssueDefinition>,
    #[serde(default)]
    pub metric_alert_rules: BTreeMap<String, MetricAlertRule>,
    #[serde(default)]
    pub prometheus_rules: BTreeMap<String, PrometheusRule>,
    #[serde(default)]
    pub alarms: BTreeMap<String, Alarm>,
}
