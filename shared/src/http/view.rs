//! The bodies of answers. They are separate from the domain's types, so that either can change
//! alone.

mod payload;

use std::collections::BTreeMap;

use serde::Serialize;

use super::fit;
use crate::{
    domain::{
        action::Action,
        alert::Alert,
        alert_status::AlertStatus,
        assignee::Assignee,
        classification::Classification,
        delivery::DeliveryId,
        grouping::{Grouping, GroupingDecision, GroupingRule, Weighing},
        id::{AlertId, EntryId, IncidentId},
        incident::Incident,
        quarantine::{EntryAction, EntryKind, EntryState, QuarantineEntry},
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    listing::{cursor::Cursor, page::Page, segments::facets::FacetValues},
    service::{
        get_incident::IncidentDetail,
        get_quarantine_entry::QuarantineEntryDetail,
        list_similar_incidents::SimilarIncident,
        merge_incidents::MergedIncidents,
        receive_webhook::Receipt,
        redrive_quarantine::{RedrivenEntries, RefusedEntry},
        split_incident::DividedIncident,
    },
};

use payload::BodyView;

pub use payload::AlertPayloadView;

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct PageView<V> {
    items: Vec<V>,
    total: u64,
    limit: usize,
    offset: u64,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<&'static str, FacetView>,
}

/// One facet of a list of incidents: the most frequent values and their counts.
#[derive(Debug, Serialize)]
struct FacetView {
    values: Vec<FacetValueView>,
    /// How many further values are not listed.
    omitted: usize,
}

#[derive(Debug, Serialize)]
struct FacetValueView {
    value: Option<String>,
    count: u64,
}

impl<V> PageView<V> {
    /// A page of a list. `view` turns an item into its wire form.
    pub fn of<T>(page: Page<T>, view: impl Fn(T) -> V) -> Self {
        let value = |(value, count)| FacetValueView { value, count };
        let facet = |FacetValues { field, values, omitted }: FacetValues| {
            (field.into(), FacetView { values: values.into_iter().map(value).collect(), omitted })
        };
        Self {
            total: page.total,
            limit: page.limit,
            offset: page.offset,
            next_cursor: page.next_cursor.map(|cursor| cursor.encode()),
            items: page.items.into_iter().map(view).collect(),
            facets: page.facets.into_iter().map(facet).collect(),
        }
    }

    /// The page of a larger limit than it was made with.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Its items.
    #[must_use]
    pub fn items(&self) -> &[V] {
        &self.items
    }

    /// Where the list goes on, if it does.
    #[must_use]
    pub fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    /// Whether the list begins with it.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.offset == 0
    }
}

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

/// The answer to a change of status.
#[derive(Debug, Serialize)]
pub struct ChangedIncidentView {
    pub incident: IncidentView,
}

/// The answer to a comment.
#[derive(Debug, Serialize)]
pub struct CommentView {
    pub action: Action,
    pub incident: IncidentView,
}

/// The answer to a merge.
#[derive(Debug, Serialize)]
pub struct MergedIncidentsView {
    incident: IncidentView,
    merged: Vec<IncidentView>,
}

impl From<MergedIncidents> for MergedIncidentsView {
    fn from(merged: MergedIncidents) -> Self {
        let others = merged.others.into_iter().map(IncidentView::from).collect();
        Self { incident: merged.incident.into(), merged: others }
    }
}

/// The answer to a split.
#[derive(Debug, Serialize)]
pub struct DividedIncidentView {
    incident: IncidentView,
    into: IncidentView,
}

impl From<DividedIncident> for DividedIncidentView {
    fn from(divided: DividedIncident) -> Self {
        Self { incident: divided.incident.into(), into: divided.into.into() }
    }
}

/// Incidents that are like another.
#[derive(Debug, Serialize)]
pub struct SimilarIncidentsView {
    items: Vec<SimilarIncidentView>,
}

#[derive(Debug, Serialize)]
struct SimilarIncidentView {
    incident: IncidentView,
    score: f64,
    services: Vec<String>,
    problems: Vec<String>,
    words: Vec<String>,
    seconds_to_resolve: Option<i64>,
}

impl From<Vec<SimilarIncident>> for SimilarIncidentsView {
    fn from(similar: Vec<SimilarIncident>) -> Self {
        let view = |similar: SimilarIncident| {
            let SimilarIncident { incident, score, services, problems, words } = similar;
            let took = incident.resolved_at.map(|at| at.as_seconds() - incident.created_at.as_seconds());
            SimilarIncidentView {
                seconds_to_resolve: took.map(|seconds| seconds.max(0)),
                incident: incident.into(),
                score,
                services,
                problems,
                words,
            }
        };
        Self { items: similar.into_iter().map(view).collect() }
    }
}

/// An alert by itself.
#[derive(Debug, Serialize)]
pub struct SingleAlertView {
    pub alert: AlertView,
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

/// A quarantine entry, as a list shows it.
#[derive(Debug, Serialize)]
pub struct QuarantineEntryView {
    id: EntryId,
    kind: EntryKind,
    source: Option<Source>,
    delivery_id: Option<DeliveryId>,
    reason: String,
    state: EntryState,
    created_at: Time,
    received_at: Option<Time>,
    body: Option<String>,
    body_bytes: usize,
    truncated: bool,
}

impl From<QuarantineEntry> for QuarantineEntryView {
    fn from(entry: QuarantineEntry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind,
            source: entry.source,
            delivery_id: entry.delivery_id,
            reason: entry.reason,
            state: entry.state,
            created_at: entry.id.created_at(),
            received_at: entry.received_at,
            body: Some(entry.first_lines),
            body_bytes: entry.body_bytes,
            truncated: entry.truncated,
        }
    }
}

/// A quarantine entry with its whole body: as text, or in base64 if it is not UTF-8 or too large as text.
#[derive(Debug, Serialize)]
pub struct QuarantineEntryDetailView {
    #[serde(flatten)]
    entry: QuarantineEntryView,
    body_base64: Option<String>,
    actions: Vec<EntryAction>,
}

impl QuarantineEntryDetailView {
    /// The entry and its body. A deleted entry has no body.
    #[must_use]
    pub fn of(detail: QuarantineEntryDetail) -> Self {
        let QuarantineEntryDetail { mut entry, body } = detail;
        let actions = std::mem::take(&mut entry.actions);
        let BodyView { text, base64 } = body.map_or(BodyView { text: None, base64: None }, BodyView::of);
        Self { entry: QuarantineEntryView { body: text, ..entry.into() }, body_base64: base64, actions }
    }
}

/// The answer to a webhook.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ReceiptView {
    /// The delivery was queued for grouping.
    Accepted { delivery_id: DeliveryId },
    /// The webhook says nothing about an alert.
    Ignored { reason: String },
    /// The webhook cannot be read. The delivery was queued for the quarantine.
    Quarantined { delivery_id: DeliveryId, reason: String },
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Accepted { delivery_id } => Self::Accepted { delivery_id },
            Receipt::Ignored { reason } => Self::Ignored { reason },
            Receipt::Quarantined { delivery_id, reason } => Self::Quarantined { delivery_id, reason },
        }
    }
}

/// What became of entries that were to be redriven.
#[derive(Debug, Serialize)]
pub struct RedrivenEntriesView {
    redriven: u64,
    refused: Vec<RefusedEntryView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct RefusedEntryView {
    id: EntryId,
    reason: String,
}

impl RedrivenEntriesView {
    /// Shows them. `list` is the key of the list for its cursors.
    #[must_use]
    pub fn of(entries: RedrivenEntries, list: String) -> Self {
        let RedrivenEntries { redriven, refused, last } = entries;
        let refused = refused.into_iter().map(|RefusedEntry { id, reason }| RefusedEntryView { id, reason }).collect();
        let cursor = last.map(|id| Cursor { position: id.to_string(), list });
        Self { redriven, refused, next_cursor: cursor.map(|cursor| cursor.encode()) }
    }
}
