//! The history of an incident: what was done, by whom, when. Entries are only ever added.

use serde::{Deserialize, Serialize};

use super::{
    assignee::Assignee,
    grouping::GroupingRule,
    id::{ActionId, AlertId, IncidentId},
    severity::Severity,
    status::Status,
    time::Time,
};

/// Who acts where no person does.
pub const SYSTEM_ACTOR: &str = "incident-review";

/// An entry of an incident's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Identifies it; entries sort by it.
    pub id: ActionId,
    /// When it was done.
    pub at: Time,
    /// The name of the caller, or [`SYSTEM_ACTOR`].
    pub actor: String,
    /// What was done.
    #[serde(flatten)]
    pub kind: ActionKind,
}

/// What was done, with its details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "details", rename_all = "snake_case")]
pub enum ActionKind {
    /// An alert opened the incident.
    IncidentOpened {
        /// The alert.
        alert_id: AlertId,
        /// The alert's severity.
        severity: Severity,
        /// Why it opened one.
        reason: String,
        /// The resolved incident of the same group.
        recurrence_of: Option<IncidentId>,
    },
    /// An alert joined.
    AlertJoined {
        /// The alert.
        alert_id: AlertId,
        /// The alert's severity.
        severity: Severity,
        /// `None` if it was split from an alert of the incident.
        rule: Option<GroupingRule>,
        /// Why it joined.
        reason: String,
    },
    /// An alert was worse than all before it.
    SeverityRaised {
        /// The alert.
        alert_id: AlertId,
        /// The incident's severity before.
        from: Severity,
        /// And after.
        to: Severity,
    },
    /// The highest severity of the alerts is lower than before.
    SeverityLowered { alert_id: AlertId, from: Severity, to: Severity },
    /// The environment was assumed, and an alert states another.
    EnvironmentCorrected { alert_id: AlertId, from: String, to: String },
    /// A person resolved an alert whose resolution never came.
    AlertResolved { alert_id: AlertId, comment: Option<String> },
    /// The last alert that was still firing has recovered.
    AlertsResolved {
        /// The alert.
        alert_id: AlertId,
        /// How many alerts the incident has.
        alert_count: u64,
    },
    /// A person deleted the raw payload of an alert.
    PayloadDeleted { alert_id: AlertId },
    /// A person changed the status.
    StatusChanged {
        /// The status before.
        from: Status,
        /// And after.
        to: Status,
        /// What the person said.
        comment: Option<String>,
    },
    /// A person said something.
    CommentAdded { comment: String },
    /// It became part of another incident.
    MergedInto { into: IncidentId, reason: Option<String> },
    /// Others became part of it.
    IncidentsMerged { incident_ids: Vec<IncidentId>, reason: Option<String> },
    /// Alerts went to another incident.
    AlertsMovedOut { into: IncidentId, alert_ids: Vec<AlertId>, reason: Option<String> },
    /// Alerts came from another incident.
    AlertsMovedIn { from: IncidentId, alert_ids: Vec<AlertId>, reason: Option<String> },
    /// A person gave the incident to somebody, or took it away.
    AssigneeChanged { from: Option<Assignee>, to: Option<Assignee> },
}
