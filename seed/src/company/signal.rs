//! What fires in an outage: a monitor, a rule, an alarm, an issue or a metric alert, with its service
//! and its team.

use super::{
    alarm::Alarm, issue::IssueDefinition, metric_alert_rule::MetricAlertRule, monitor::Monitor,
    prometheus_rule::PrometheusRule, service::Service, team::Team,
};

/// Something that fires during an outage.
#[derive(Debug, Clone, Copy)]
pub struct Signal {
    pub service: &'static Service,
    pub team: &'static Team,
    pub kind: SignalKind,
}

#[derive(Debug, Clone, Copy)]
pub enum SignalKind {
    /// About this many of the monitor's groups fire.
    Monitor {
        monitor: &'static Monitor,
        groups: usize,
    },
    Issue(&'static IssueDefinition),
    MetricAlert(&'static MetricAlertRule),
    /// This many alerts of the rule fire, as one group.
    Rule {
        rule: &'static PrometheusRule,
        alerts: usize,
    },
    Alarm(&'static Alarm),
}
