//! What Sentry sends when a metric crosses a threshold, and when it is back to normal.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    actor::Actor,
    envelope::envelope,
    format::{site, with_z},
};
use crate::company::{Env, MetricAlertRule, SENTRY_ORG, Service};

/// The threshold that was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricAction {
    Warning,
    Critical,
    Resolved,
}

impl MetricAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Resolved => "resolved",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Warning => "Warning",
            Self::Critical => "Critical",
            Self::Resolved => "Resolved",
        }
    }

    /// Sentry's number of the status.
    const fn status(self) -> u32 {
        match self {
            Self::Resolved => 2,
            Self::Warning => 10,
            Self::Critical => 20,
        }
    }
}

/// One alert of a rule, from the crossed threshold to the resolution.
#[derive(Debug)]
pub struct MetricAlert {
    pub service: &'static Service,
    pub rule: &'static MetricAlertRule,
    pub env: Env,
    pub id: u64,
    pub started_at: Timestamp,
}

/// The creation time in all metric alert rules.
const RULES_CREATED: &str = "2025-02-11T13:40:22.118000Z";

impl MetricAlert {
    /// The body of the resource `metric_alert`. `value` is what was counted.
    pub fn body(&self, action: MetricAction, at: Timestamp, value: u32) -> Value {
        let Self { rule, id, .. } = self;
        let started_at = with_z(self.started_at);
        let data = json!({
            "description_text": format!("{value} {}\nFilter: {}", rule.unit, rule.query),
            "description_title": format!("{}: {}", action.title(), rule.name),
            "metric_alert": {
                "alert_rule": self.alert_rule(),
                "date_closed": (action == MetricAction::Resolved).then(|| with_z(at)),
                "date_created": started_at,
                "date_detected": started_at,
                "date_started": started_at,
                "id": id.to_string(),
                "identifier": (id % 100_000).to_string(),
                "organization_id": SENTRY_ORG,
                "projects": [self.service.name],
                "status": action.status(),
                "status_method": 3,
                "title": rule.name,
                "type": 2,
            },
            "web_url": site(&format!("alerts/rules/details/{}/?alert={id}", self.rule_id())),
        });
        envelope(action.name(), Actor::SENTRY, &data)
    }

    /// A rule watches one environment, so that each environment has a rule of its own.
    const fn rule_id(&self) -> u64 {
        match self.env {
            Env::Production => self.rule.id,
            Env::Staging => self.rule.id + 1000,
        }
    }

    fn alert_rule(&self) -> Value {
        let rule = self.rule;
        json!({
            "aggregate": rule.aggregate,
            "created_by": null,
            "dataset": rule.dataset,
            "date_created": RULES_CREATED,
            "date_modified": RULES_CREATED,
            "environment": self.env.name(),
            "id": self.rule_id().to_string(),
            "include_all_projects": false,
            "name": rule.name,
            "organization_id": SENTRY_ORG,
            "projects": [self.service.name],
            "query": rule.query,
            "resolution": 1,
            "resolve_threshold": null,
            "status": 0,
            "threshold_period": 1,
            "threshold_type": 0,
            "time_window": 10,
            "triggers": [
                { "label": "critical", "alertThreshold": rule.critical },
                { "label": "warning", "alertThreshold": rule.warning },
            ],
        })
    }
}
