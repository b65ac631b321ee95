//! The bodies of answers. They are separate from the domain's types, so that either can change
//! alone.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use crate::{
    domain::{
        action::Action,
        alert::Alert,
        alert_status::AlertStatus,
        classification::Classification,
        delivery::DeliveryId,
        grouping::Grouping,
        id::{AlertId, EntryId, IncidentId},
        incident::Incident,
        quarantine::{EntryAction, EntryKind, EntryState, QuarantineEntry},
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    listing::{facets::FacetValues, page::Page},
    service::{get_incident::IncidentDetail, get_quarantine_entry::QuarantineEntryDetail, receive_webhook::{GroupReceipt, Receipt}},
};

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
        Self {
            total: page.total,
            limit: page.limit,
            offset: page.offset,
            next_cursor: page.next_cursor.map(|cursor| cursor.encode()),
            items: page.items.into_iter().map(view).collect(),
            facets: BTreeMap::new(),
        }
    }

    /// Adds facets to the page.
    #[must_use]
    pub fn with_facets(self, facets: Vec<FacetValues>) -> Self {
        let value = |(value, count)| FacetValueView { value, count };
        let view = |FacetValues { facet, values, omitted }: FacetValues| {
            (facet.into(), FacetView { values: values.into_iter().map(value).collect(), omitted })
        };
        Self { facets: facets.into_iter().map(view).collect(), ..self }
    }
}

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
    created_at: Time,
    updated_at: Time,
    acknowledged_at: Option<Time>,
    resolved_at: Option<Time>,
    closed_at: Option<Time>,
    alert_count: u64,
    firing_alert_count: u64,
    last_alert_at: Time,
    recurrence_of: Option<IncidentId>,
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
            created_at: incident.created_at,
            updated_at: incident.updated_at,
            acknowledged_at: incident.acknowledged_at,
            resolved_at: incident.resolved_at,
            closed_at: incident.closed_at,
            alert_count: incident.alert_count,
            firing_alert_count: incident.firing_alert_count,
            last_alert_at: incident.last_alert_at,
            recurrence_of: incident.recurrence_of,
            version: incident.version,
        }
    }
}

/// The answer to a change of status.
#[derive(Debug, Serialize)]
pub struct ChangedIncidentView {
    pub incident: IncidentView,
}

/// An alert by itself: the answer to a change of its status.
#[derive(Debug, Serialize)]
pub struct ChangedAlertView {
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

impl From<IncidentDetail> for IncidentDetailView {
    fn from(detail: IncidentDetail) -> Self {
        Self {
            alerts_total: detail.incident.alert_count,
            actions_total: detail.incident.action_count,
            alerts: detail.alerts.into_iter().map(AlertView::from).collect(),
            actions: detail.actions,
            incident: detail.incident.into(),
        }
    }
}

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
    last_seen_at: Time,
    resolved_at: Option<Time>,
    occurrences: u64,
    incident_id: Option<IncidentId>,
    classification: Classification,
    grouping: Grouping,
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
            last_seen_at: state.last_seen_at,
            resolved_at: state.resolved_at,
            occurrences: state.occurrences,
            incident_id: state.incident_id,
            classification,
            grouping: report.grouping,
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

/// A quarantine entry with its whole body: as text, or in base64 if it is not UTF-8.
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
        let (body, body_base64) = match body.map(String::from_utf8) {
            Some(Ok(text)) => (Some(text), None),
            Some(Err(bytes)) => (None, Some(BASE64_STANDARD.encode(bytes.as_bytes()))),
            None => (None, None),
        };
        Self { entry: QuarantineEntryView { body, ..entry.into() }, body_base64, actions }
    }
}

/// The answer to a webhook.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ReceiptView {
    /// The delivery was queued for grouping.
    Accepted { delivery_id: DeliveryId },
    /// The webhook holds several events. Each was queued, ignored or queued for the quarantine.
    Group { accepted: usize, ignored: usize, quarantined: usize, left_out: u64 },
    /// The subscription was confirmed.
    Confirmed,
    /// The webhook says nothing about an alert.
    Ignored { reason: String },
    /// The webhook cannot be read. The delivery was queued for the quarantine.
    Quarantined { delivery_id: DeliveryId, reason: String },
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Accepted { delivery_id, .. } => Self::Accepted { delivery_id },
            Receipt::Group(GroupReceipt { accepted, ignored, quarantined, left_out }) => {
                Self::Group { accepted, ignored, quarantined, left_out }
            }
            Receipt::Confirmed => Self::Confirmed,
            Receipt::Ignored { reason } => Self::Ignored { reason },
            Receipt::Quarantined { delivery_id, reason } => Self::Quarantined { delivery_id, reason },
        }
    }
}
