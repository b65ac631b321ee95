//! Incidents.

use serde::Serialize;

use super::alert::AlertView;
use crate::{
    domain::{
        action::Action, assignee::Assignee, id::IncidentId, incident::Incident, severity::Severity, source::Source,
        status::Status, time::Time,
    },
    http::fit,
    service::get_incident::IncidentDetail,
};

/// The members of an incident that CSV has.
pub const INCIDENT_COLUMNS: [&str; 20] = [
    "id",
    "title",
    "status",
    "severity",
    "services",
    "sources",
    "team",
    "environment",
    "assignee",
    "created_at",
    "updated_at",
    "acknowledged_at",
    "resolved_at",
    "closed_at",
    "alert_count",
    "firing_alert_count",
    "last_alert_at",
    "recurrence_of",
    "merged_into",
    "version",
];

/// An incident.
#[derive(Debug, Serialize)]
pub struct IncidentView {
    id: IncidentId,
    title: String,
    status: Status,
    severity: Severity,
    services: Vec<String>,
    sources: Vec<Source>,
    team: Option<String>,
    environment: String,
    assignee: Option<Assignee>,
    created_at: Time,
    updated_at: Time,
    acknowledged_at: Option<Time>,
    resolved_at: Option<Time>,
    closed_at: Option<Time>,
    alert_count: u64,
    firing_alert_count: u64,
    last_alert_at: Time,
    recurrence_of: Option<IncidentId>,
    merged_into: Option<IncidentId>,
    version: u64,
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            services: incident.services,
            sources: incident.sources,
            team: incident.team,
            environment: incident.environment,
            assignee: incident.assignee,
            created_at: incident.created_at,
            updated_at: incident.updated_at,
            acknowledged_at: incident.acknowledged_at,
            resolved_at: incident.resolved_at,
            closed_at: incident.closed_at,
            alert_count: incident.alert_count,
            firing_alert_count: incident.firing_alert_count,
            last_alert_at: incident.last_alert_at,
            recurrence_of: incident.recurrence_of,
            merged_into: incident.merged_into,
            version: incident.version,
        }
    }
}

/// An incident with its alerts and its history.
#[derive(Debug, Serialize)]
pub struct IncidentDetailView {
    incident: IncidentView,
    alerts: Vec<AlertView>,
    alerts_total: u64,
    actions: Vec<Action>,
    actions_total: u64,
}

impl IncidentDetailView {
    /// Leaves out its oldest alerts if all of them do not fit into an answer. The totals say so.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        let alerts = std::mem::take(&mut self.alerts);
        let room = fit::MAX_BODY_BYTES.saturating_sub(fit::event_bytes_of(&self));
        let fitting = fit::fitting(alerts.iter().map(fit::event_bytes_of), room);
        self.alerts = alerts.into_iter().take(fitting).collect();
        self
    }
}

impl From<IncidentDetail> for IncidentDetailView {
    fn from(detail: IncidentDetail) -> Self {
        Self {
            alerts_total: detail.alerts_total,
            actions_total: detail.actions_total,
            alerts: detail.alerts.into_iter().map(AlertView::from).collect(),
            actions: detail.actions,
            incident: detail.incident.into(),
        }
    }
}
