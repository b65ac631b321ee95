//! The alerts table: one row per alert, with its raw payload.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};
use serde::{Deserialize, Serialize};

use super::{
    StoreError, batch,
    item::{Item, from_item, number, string, to_attribute, to_item},
    packed,
    transaction::{Part, Write},
};
use crate::{
    domain::{
        alert::{Alert, AlertStatus, Classification, Classified, Grouping},
        delivery::Raw,
        episode::Episode,
        id::{AlertId, IncidentId},
        severity::Severity,
        source::Source,
        time::Time,
    },
    keys,
};

/// The alerts table.
#[derive(Debug, Clone)]
pub struct Alerts {
    client: Client,
    table: String,
}

/// What lists filter on and what later deliveries change stands by itself. The rest seldom changes: it is packed into one
/// attribute, `detail`, so that a usual alert's entry in an index is below 1 KB, which is one write unit.
#[derive(Debug, Serialize, Deserialize)]
struct AlertItem {
    alert_id: AlertId,
    source: Source,
    severity: Severity,
    status: AlertStatus,
    service: Option<String>,
    environment: String,
    incident_id: Option<IncidentId>,
    occurred_at: Time,
    last_seen_at: Time,
    resolved_at: Option<Time>,
    occurrences: u64,
    /// The classification that made or raised the severity.
    severity_classified: Classified<Severity>,
}

/// As JSON, deflated.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    dedup_key: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    team_classified: Classified<Option<String>>,
    service_classified: Classified<Option<String>>,
    environment_classified: Classified<String>,
    grouping: Grouping,
}

const DETAIL: &str = "detail";

impl Alerts {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// An alert as it stands now. 1 read unit per 4 KB of it and its raw payload.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key("alert_id", string(id.to_string()));
        let answer = request.consistent_read(true).send().await;
        answer.map_err(|error| StoreError::of_call("GetItem alert", &error))?.item.map(read).transpose()
    }

    /// The write of a new alert. One without a raw payload was split from another.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, alert: &Alert, raw: Option<&Raw>) -> Result<Write, StoreError> {
        self.put(alert, raw, "attribute_not_exists(alert_id)")
    }

    /// The write of an alert that an earlier delivery tells anew.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn replacement(&self, alert: &Alert, raw: &Raw) -> Result<Write, StoreError> {
        self.put(alert, Some(raw), "attribute_exists(alert_id)")
    }

    fn put(&self, alert: &Alert, raw: Option<&Raw>, condition: &str) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put alert";
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(alert, raw)?))
            .condition_expression(condition)
            .build();
        Ok(Write::put(Part::Alert, put.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }

    /// The write of what a later delivery changes. `severity` is the classification of the worst, if that
    /// is another now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn update(&self, episode: &Episode, severity: Option<&Classified<Severity>>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Update alert";
        let firings = episode.firings();
        let mut expression = "SET #status = :status, severity = :severity, occurred_at = :occurred_at, \
             last_seen_at = :last_seen_at, resolved_at = :resolved_at, occurrences = :occurrences"
            .to_owned();
        let mut update = Update::builder()
            .table_name(&self.table)
            .key("alert_id", string(episode.alert_id.to_string()))
            .condition_expression("attribute_exists(alert_id)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", string(episode.status().as_str()))
            .expression_attribute_values(":severity", string(firings.severity.as_str()))
            .expression_attribute_values(":occurred_at", to_attribute(OPERATION, &firings.first.at)?)
            .expression_attribute_values(":last_seen_at", to_attribute(OPERATION, &firings.last_seen_at)?)
            .expression_attribute_values(":resolved_at", to_attribute(OPERATION, &episode.resolved_at)?)
            .expression_attribute_values(":occurrences", number(firings.occurrences));
        if let Some(severity) = severity {
            expression.push_str(", severity_classified = :classified");
            update = update.expression_attribute_values(":classified", to_attribute(OPERATION, severity)?);
        }
        let update = update.update_expression(expression).build();
        Ok(Write::update(Part::Alert, update.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }
}

/// The row of an alert.
///
/// # Errors
/// [`StoreError`]
pub fn item(alert: &Alert, raw: Option<&Raw>) -> Result<Item, StoreError> {
    const OPERATION: &str = "Put alert";
    let (item, detail) = split(alert.clone());
    let mut item = to_item(OPERATION, &item)?;
    item.insert(DETAIL.to_owned(), packed::pack(OPERATION, DETAIL, &detail)?);
    item.insert("entity_type".to_owned(), string("alert"));
    item.insert("created_partition".to_owned(), string(keys::alert_partition(alert.id)));
    if let Some(raw) = raw {
        item.insert("raw".to_owned(), AttributeValue::B(Blob::new(raw.gzip.clone())));
        item.insert("raw_bytes".to_owned(), number(raw.length as u64));
    }
    Ok(item)
}

/// An alert as an index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(item: Item) -> Result<Alert, StoreError> {
    const OPERATION: &str = "Query alerts";
    let detail = packed::unpack(OPERATION, DETAIL, item.get(DETAIL))?;
    Ok(join(from_item(OPERATION, item)?, detail))
}

/// Alerts by their ids, in no order; one that does not exist is left out. 1/2 read unit per 4 KB, the raw payload
/// included.
///
/// # Errors
/// [`StoreError`]
pub async fn get_many(client: &Client, table: &str, ids: &[AlertId]) -> Result<Vec<Alert>, StoreError> {
    let ids: BTreeSet<&AlertId> = ids.iter().collect();
    let keys: Vec<Item> = ids.iter().map(|id| Item::from([("alert_id".to_owned(), string(id.to_string()))])).collect();
    batch::get(client, table, &keys, false).await?.into_iter().map(read).collect()
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
        .map_err(|error| StoreError::of_call("Query alerts", &error))?;
    answer.items.unwrap_or_default().into_iter().map(read).collect()
}

fn split(alert: Alert) -> (AlertItem, Detail) {
    let Classification { severity, team, service, environment } = alert.classification;
    let item = AlertItem {
        alert_id: alert.id,
        source: alert.source,
        severity: alert.severity,
        status: alert.status,
        service: alert.service,
        environment: alert.environment,
        incident_id: alert.incident_id,
        occurred_at: alert.occurred_at,
        last_seen_at: alert.last_seen_at,
        resolved_at: alert.resolved_at,
        occurrences: alert.occurrences,
        severity_classified: severity,
    };
    let detail = Detail {
        external_id: alert.external_id,
        dedup_key: alert.dedup_key,
        title: alert.title,
        message: alert.message,
        team: alert.team,
        tags: alert.tags,
        link: alert.link,
        team_classified: team,
        service_classified: service,
        environment_classified: environment,
        grouping: alert.grouping,
    };
    (item, detail)
}

fn join(item: AlertItem, detail: Detail) -> Alert {
    Alert {
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
        occurred_at: item.occurred_at,
        created_at: item.alert_id.created_at(),
        last_seen_at: item.last_seen_at,
        resolved_at: item.resolved_at,
        occurrences: item.occurrences,
        incident_id: item.incident_id,
        classification: Classification {
            severity: item.severity_classified,
            team: detail.team_classified,
            service: detail.service_classified,
            environment: detail.environment_classified,
        },
        grouping: detail.grouping,
    }
}

#[cfg(test)]
pub(crate) mod tests;
