//! The alerts table: one row per alert, with its raw payload.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};

use super::{
    StoreError,
    batch::{self, Consistency},
    item::{Item, from_item, number, string, to_attribute, to_item},
    packed,
    transaction::{Part, Write},
};
use crate::{
    domain::{
        alert::Alert,
        classification::Classified,
        delivery::PackedBody,
        episode::Episode,
        id::{AlertId, IncidentId},
        severity::Severity,
    },
    keys,
};

/// The alerts table.
#[derive(Debug, Clone)]
pub struct Alerts {
    client: Client,
    table: String,
}

const ALERT_ID: &str = "alert_id";
const REPORT: &str = "report";

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

    /// Alerts by their ids, in no order; one that does not exist is left out. 1/2 read unit per 4 KB, the raw payload
    /// included.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get_many(&self, ids: &[AlertId]) -> Result<Vec<Alert>, StoreError> {
        let ids: BTreeSet<&AlertId> = ids.iter().collect();
        let keys: Vec<Item> =
            ids.iter().map(|id| Item::from([("alert_id".to_owned(), string(id.to_string()))])).collect();
        batch::get(&self.client, &self.table, &keys, Consistency::Eventual).await?.into_iter().map(read).collect()
    }

    /// The youngest alerts of an incident, newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn latest_of_incident(&self, id: IncidentId, limit: i32) -> Result<Vec<Alert>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
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

    /// The write of a new alert. One without a raw payload was split from another.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, alert: &Alert, raw: Option<&PackedBody>) -> Result<Write, StoreError> {
        self.put(alert, raw, "attribute_not_exists(alert_id)")
    }

    /// The write of an alert that an earlier delivery tells anew.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn replacement(&self, alert: &Alert, raw: &PackedBody) -> Result<Write, StoreError> {
        self.put(alert, Some(raw), "attribute_exists(alert_id)")
    }

    fn put(&self, alert: &Alert, raw: Option<&PackedBody>, condition: &str) -> Result<Write, StoreError> {
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
            .expression_attribute_values(":status", string(episode.status().to_string()))
            .expression_attribute_values(":severity", string(firings.severity.to_string()))
            .expression_attribute_values(":occurred_at", to_attribute(OPERATION, &firings.first.at)?)
            .expression_attribute_values(":last_seen_at", to_attribute(OPERATION, &firings.last_seen_at)?)
            .expression_attribute_values(":resolved_at", to_attribute(OPERATION, &episode.resolved_at)?)
            .expression_attribute_values(":occurrences", number(firings.occurrences));
        if let Some(severity) = severity {
            expression.push_str(", severity_classification = :classified");
            update = update.expression_attribute_values(":classified", to_attribute(OPERATION, severity)?);
        }
        let update = update.update_expression(expression).build();
        Ok(Write::update(Part::Alert, update.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }
}

/// The row of an alert. Its state stands in attributes of its own. Its report is packed into one
/// attribute, so that a usual alert's entry in an index is below 1 KB, which is one write unit.
///
/// # Errors
/// [`StoreError`]
pub fn item(alert: &Alert, raw: Option<&PackedBody>) -> Result<Item, StoreError> {
    const OPERATION: &str = "Put alert";
    let mut item = to_item(OPERATION, &alert.state)?;
    item.insert(ALERT_ID.to_owned(), string(alert.id.to_string()));
    item.insert(REPORT.to_owned(), packed::pack(OPERATION, REPORT, &alert.report)?);
    item.insert("entity_type".to_owned(), string("alert"));
    item.insert("created_partition".to_owned(), string(keys::alert_partition(alert.id)));
    if let Some(raw) = raw {
        item.insert("raw".to_owned(), AttributeValue::B(Blob::new(raw.gzip.clone())));
        item.insert("raw_bytes".to_owned(), number(raw.length as u64));
    }
    Ok(item)
}

/// An alert as a row or an index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(item: Item) -> Result<Alert, StoreError> {
    const OPERATION: &str = "Query alerts";
    let id = item.get(ALERT_ID).and_then(|id| id.as_s().ok()?.parse().ok());
    let id = id.ok_or_else(|| StoreError::of_attribute(OPERATION, ALERT_ID))?;
    let report = packed::unpack(OPERATION, REPORT, item.get(REPORT))?;
    Ok(Alert { id, state: from_item(OPERATION, item)?, report })
}

#[cfg(test)]
pub(crate) mod tests;
