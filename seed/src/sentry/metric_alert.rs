//! The resource `metric_alert`.

use jiff::Timestamp;
use serde::Serialize;

use super::{Actor, Encoding, Envelope, INSTALLATION, site, with_z};
use crate::{company::Stage, faults::Rule};

/// Which threshold was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricAction {
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

/// One alert of a metric rule, from crossing its threshold to coming back.
#[derive(Debug)]
pub(crate) struct MetricAlert {
    pub(crate) rule: &'static Rule,
    pub(crate) stage: Stage,
    pub(crate) id: u64,
    pub(crate) started_at: Timestamp,
}

impl MetricAlert {
    /// The webhook of a crossing at `at`, with what was counted.
    pub(crate) fn body(
        &self,
        action: MetricAction,
        at: Timestamp,
        value: u32,
        encoding: Encoding,
    ) -> Result<String, serde_json::Error> {
        let rule = self.rule;
        // A rule watches one environment.
        let rule_id = rule.id + if self.stage == Stage::Staging { 1000 } else { 0 };
        let data = Data {
            description_text: format!("{value} {}\nFilter: {}", rule.unit, rule.query),
            description_title: format!("{}: {}", action.title(), rule.name),
            metric_alert: MetricAlertData {
                alert_rule: AlertRule {
                    aggregate: rule.aggregate,
                    created_by: None,
                    dataset: rule.dataset,
                    date_created: RULES_MADE,
                    date_modified: RULES_MADE,
                    environment: self.stage.name(),
                    id: rule_id.to_string(),
                    include_all_projects: false,
                    name: rule.name,
                    organization_id: "4508811190",
                    projects: [rule.service.name],
                    query: rule.query,
                    resolution: 1,
                    resolve_threshold: None,
                    status: 0,
                    threshold_period: 1,
                    threshold_type: 0,
                    time_window: 10,
                    triggers: [
                        Trigger { label: "critical", alert_threshold: rule.critical },
                        Trigger { label: "warning", alert_threshold: rule.warning },
                    ],
                },
                date_closed: (action == MetricAction::Resolved).then(|| with_z(at)),
                date_created: with_z(self.started_at),
                date_detected: with_z(self.started_at),
                date_started: with_z(self.started_at),
                id: self.id.to_string(),
                identifier: (self.id % 100_000).to_string(),
                organization_id: "4508811190",
                projects: [rule.service.name],
                status: action.status(),
                status_method: 3,
                title: rule.name,
                kind: 2,
            },
            web_url: site(&format!("alerts/rules/details/{rule_id}/?alert={}", self.id)),
        };
        encoding.write(&Envelope { action: action.name(), actor: Actor::SENTRY, data, installation: INSTALLATION })
    }
}

/// Somebody spent an afternoon on all of them.
const RULES_MADE: &str = "2025-02-11T13:40:22.118000Z";

#[derive(Serialize)]
struct Data {
    description_text: String,
    description_title: String,
    metric_alert: MetricAlertData,
    web_url: String,
}

#[derive(Serialize)]
struct MetricAlertData {
    alert_rule: AlertRule,
    date_closed: Option<String>,
    date_created: String,
    date_detected: String,
    date_started: String,
    id: String,
    identifier: String,
    organization_id: &'static str,
    projects: [&'static str; 1],
    status: u32,
    status_method: u32,
    title: &'static str,
    #[serde(rename = "type")]
    kind: u32,
}

#[derive(Serialize)]
struct AlertRule {
    aggregate: &'static str,
    created_by: Option<&'static str>,
    dataset: &'static str,
    date_created: &'static str,
    date_modified: &'static str,
    environment: &'static str,
    id: String,
    include_all_projects: bool,
    name: &'static str,
    organization_id: &'static str,
    projects: [&'static str; 1],
    query: &'static str,
    resolution: u32,
    resolve_threshold: Option<u32>,
    status: u32,
    threshold_period: u32,
    threshold_type: u32,
    time_window: u32,
    triggers: [Trigger; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    label: &'static str,
    alert_threshold: u32,
}
