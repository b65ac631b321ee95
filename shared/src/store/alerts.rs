//! The alerts table: one row per alert, with its raw payload.

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{Put, Update},
};
use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    item::{Item, from_item, number, string, to_attribute, to_item},
    keys,
    transaction::{Part, Write},
};
use crate::domain::{
    alert::{Alert, AlertStatus, Classification, Classified, Grouping},
    delivery::Raw,
    episode::Episode,
    id::{AlertId, IncidentId},
    severity::Severity,
    source::Source,
    time::Time,
};

/// The alerts table.
#[derive(Debug, Clone)]
pub struct Alerts {
    table: String,
}

/// What lists filter on stands by itself; the rest is one attribute, because an index projects at
/// most 20.
#[derive(Debug, Serialize, Deserialize)]
struct AlertItem {
    alert_id: AlertId,
    source: Source,
    severity: Severity,
    status: AlertStatus,
    service: Option<String>,
    environment: String,
    incident_id: Option<IncidentId>,
    detail: Detail,
}

#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    external_id: Option<String>,
    dedup_key: String,
    title: String,
    message: Option<String>,
    team: Option<String>,
    tags: Vec<String>,
    link: Option<String>,
    occurred_at: Time,
    last_seen_at: Time,
    resolved_at: Option<Time>,
    occurrences: u64,
    classification: Classification,
    grouping: Grouping,
}

impl Alerts {
    /// The table of that name.
    #[must_use]
    pub fn new(table: String) -> Self {
        Self { table }
    }

    /// The write of a new alert.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, alert: &Alert, raw: &Raw) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put alert";
        let mut item = to_item(OPERATION, &AlertItem::from(alert.clone()))?;
        item.insert("entity_type".to_owned(), string("alert"));
        item.insert("created_bucket".to_owned(), string(keys::alert_bucket(alert.id)));
        item.insert("raw".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(raw.gzip.clone())));
        item.insert("raw_bytes".to_owned(), number(raw.length as u64));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(alert_id)")
            .build();
        Ok(Write::put(Part::Alert, put.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }

    /// The write of what a later delivery changes. `severity` is the classification that raised it, if one did.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn update(&self, episode: &Episode, severity: Option<&Classified<Severity>>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Update alert";
        let mut expression = "SET #status = :status, severity = :severity, detail.occurred_at = :occurred_at, \
             detail.last_seen_at = :last_seen_at, detail.resolved_at = :resolved_at, detail.occurrences = :occurrences"
            .to_owned();
        let mut update = Update::builder()
            .table_name(&self.table)
            .key("alert_id", string(episode.alert_id.to_string()))
            .condition_expression("attribute_exists(alert_id)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", string(episode.status().as_str()))
            .expression_attribute_values(":severity", string(episode.severity.as_str()))
            .expression_attribute_values(":occurred_at", to_attribute(OPERATION, &episode.occurred_at)?)
            .expression_attribute_values(":last_seen_at", to_attribute(OPERATION, &episode.last_seen_at)?)
            .expression_attribute_values(":resolved_at", to_attribute(OPERATION, &episode.resolved_at)?)
            .expression_attribute_values(":occurrences", number(episode.occurrences));
        if let Some(severity) = severity {
            expression.push_str(", detail.classification.severity = :classified");
            update = update.expression_attribute_values(":classified", to_attribute(OPERATION, severity)?);
        }
        let update = update.update_expression(expression).build();
        Ok(Write::update(Part::Alert, update.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }
}

/// An alert as an index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(item: Item) -> Result<Alert, StoreError> {
    from_item::<AlertItem>("Query alerts", item).map(Alert::from)
}

/// The youngest alerts of an incident, newest first.
///
/// # Errors
/// [`StoreError`]
pub async fn latest_of_incident(
    client: &Client,
    table: &str,
    id: IncidentId,
    limit: i32,
) -> Result<Vec<Alert>, StoreError> {
    let answer = client
        .query()
        .table_name(table)
        .index_name("by_incident")
        .key_condition_expression("incident_id = :id")
        .expression_attribute_values(":id", string(id.to_string()))
        .scan_index_forward(false)
        .limit(limit)
        .send()
        .await
        .map_err(|error| StoreError::of_call("Query alerts", error))?;
    answer.items.unwrap_or_default().into_iter().map(read).collect()
}

impl From<Alert> for AlertItem {
    fn from(alert: Alert) -> Self {
        Self {
            alert_id: alert.id,
            source: alert.source,
            severity: alert.severity,
            status: alert.status,
            service: alert.service,
            environment: alert.environment,
            incident_id: alert.incident_id,
            detail: Detail {
                external_id: alert.external_id,
                dedup_key: alert.dedup_key,
                title: alert.title,
                message: alert.message,
                team: alert.team,
                tags: alert.tags,
                link: alert.link,
                occurred_at: alert.occurred_at,
                last_seen_at: alert.last_seen_at,
                resolved_at: alert.resolved_at,
                occurrences: alert.occurrences,
                classification: alert.classification,
                grouping: alert.grouping,
            },
        }
    }
}

impl From<AlertItem> for Alert {
    fn from(item: AlertItem) -> Self {
        let detail = item.detail;
        Self {
            id: item.alert_id,
            source: item.source,
            external_id: detail.external_id,
            dedup_key: detail.dedup_key,
            title: detail.title,
            message: detail.message,
            severity: item.severity,
            status: item.status,
            service: item.service,
            environment: item.environment,
            team: detail.team,
            tags: detail.tags,
            link: detail.link,
            occurred_at: detail.occurred_at,
            created_at: item.alert_id.created_at(),
            last_seen_at: detail.last_seen_at,
            resolved_at: detail.resolved_at,
            occurrences: detail.occurrences,
            incident_id: item.incident_id,
            classification: detail.classification,
            grouping: detail.grouping,
        }
    }
}
