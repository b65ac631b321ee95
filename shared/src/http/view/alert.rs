//! Alerts.

use serde::Serialize;

use crate::domain::{
    alert::Alert,
    alert_status::AlertStatus,
    classification::Classification,
    grouping::{Grouping, GroupingDecision, GroupingRule, Weighing},
    id::{AlertId, IncidentId},
    severity::Severity,
    source::Source,
    time::Time,
};

/// An alert by itself.
#[derive(Debug, Serialize)]
pub struct SingleAlertView {
    pub alert: AlertView,
}

/// The members of an alert that CSV has: all but `classification` and `grouping`.
pub const ALERT_COLUMNS: [&str; 22] = [
    "id",
    "source",
    "external_id",
    "dedup_key",
    "title",
    "message",
    "severity",
    "status",
    "service",
    "environment",
    "team",
    "tags",
    "group",
    "is_test",
    "link",
    "occurred_at",
    "created_at",
    "updated_at",
    "last_seen_at",
    "resolved_at",
    "occurrences",
    "incident_id",
];

/// An alert.
#[derive(Debug, Serialize)]
pub struct AlertView {
    id: AlertId,
    source: Source,
    external_id: Option<String>,
    dedup_key: String,
    title: String,
    message: Option<String>,
    severity: Severity,
    status: AlertStatus,
    service: Option<String>,
    environment: String,
    team: Option<String>,
    tags: Vec<String>,
    group: Option<String>,
    is_test: bool,
    link: Option<String>,
    occurred_at: Time,
    created_at: Time,
    updated_at: Time,
    last_seen_at: Time,
    resolved_at: Option<Time>,
    occurrences: u64,
    incident_id: Option<IncidentId>,
    classification: Classification,
    grouping: GroupingView,
}

/// Why an alert is in its incident.
#[derive(Debug, Serialize)]
struct GroupingView {
    decision: GroupingDecision,
    rule: Option<GroupingRule>,
    key: Option<String>,
    reason: String,
    evidence: Option<Weighing>,
}

impl From<Grouping> for GroupingView {
    fn from(grouping: Grouping) -> Self {
        let reason = grouping.reason();
        let Grouping { decision, rule, key, evidence, .. } = grouping;
        Self { decision, rule, key, reason, evidence }
    }
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let (created_at, classification, dedup_key) = (alert.created_at(), alert.classification(), alert.dedup_key());
        let Alert { id, state, report } = alert;
        Self {
            id,
            source: state.source,
            external_id: report.external_id.map(|reported| reported.value),
            dedup_key,
            title: report.title.value,
            message: report.message.map(|reported| reported.value),
            severity: state.severity,
            status: state.status,
            service: state.service,
            environment: state.environment,
            team: state.team,
            tags: report.tags.map(|reported| reported.value).unwrap_or_default(),
            group: report.group.map(|reported| reported.value),
            is_test: state.is_test,
            link: report.link.map(|reported| reported.value),
            occurred_at: state.occurred_at,
            created_at,
            updated_at: state.updated_at,
            last_seen_at: state.last_seen_at,
            resolved_at: state.resolved_at,
            occurrences: state.occurrences,
            incident_id: state.incident_id,
            classification,
            grouping: report.grouping.into(),
        }
    }
}
