//! The alerts table: one row per alert, with its raw payload.

use std::{cmp::Reverse, collections::BTreeSet};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};

pub use super::batch::Consistency;
use super::{
    StoreError, batch,
    item::{Item, from_item, number, string, to_item},
    packed,
    transaction::{Listed, Part, Write},
};
use crate::{
    aws::warm,
    domain::{
        alert::Alert,
        alert_status::AlertStatus,
        delivery::PackedBody,
        id::{AlertId, IncidentId},
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

/// The attribute that is the key.
pub(super) const ID: &str = "alert_id";
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
    pub async fn get_many(&self, ids: &[AlertId], consistency: Consistency) -> Result<Vec<Alert>, StoreError> {
        let ids: BTreeSet<&AlertId> = ids.iter().collect();
        let keys: Vec<Item> = ids.iter().map(|id| key(**id)).collect();
        batch::get(&self.client, &self.table, &keys, consistency).await?.into_iter().map(read).collect()
    }

    /// The ids of firing alerts of an incident behind an alert, up to `limit`, in ascending order, as
    /// the index knows them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn firing_of_incident(
        &self,
        id: IncidentId,
        after: AlertId,
        limit: usize,
    ) -> Result<Vec<AlertId>, StoreError> {
        const OPERATION: &str = "Query firing alerts";
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("by_incident")
                .key_condition_expression("incident_id = :id AND alert_id > :after")
                .filter_expression("#status = :firing")
                .projection_expression(ID)
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":id", string(id.to_string()))
                .expression_attribute_values(":after", string(after.to_string()))
                .expression_attribute_values(":firing", string(AlertStatus::Firing.to_string()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call(OPERATION, &error))?;
            let ids = answer.items.unwrap_or_default().into_iter();
            found.extend(ids.filter_map(|mut item| item.remove(ID)?.as_s().ok()?.parse::<AlertId>().ok()));
            found.truncate(limit);
            start = answer.last_evaluated_key;
            if start.is_none() || found.len() == limit {
                return Ok(found);
            }
        }
    }

    /// The youngest alerts of an incident, newest first: those that the index knows, as they are now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn latest_of_incident(&self, id: IncidentId, limit: usize) -> Result<Vec<Alert>, StoreError> {
        let ids = self.of_incident(id, limit).await?;
        let mut alerts = self.get_many(&ids, Consistency::Strong).await?;
        alerts.sort_unstable_by_key(|alert| Reverse(alert.id));
        Ok(alerts)
    }

    /// The ids of the youngest alerts of an incident, newest first, as the index knows them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_incident(&self, id: IncidentId, most: usize) -> Result<Vec<AlertId>, StoreError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("by_incident")
                .key_condition_expression("incident_id = :id")
                .projection_expression(ID)
                .expression_attribute_values(":id", string(id.to_string()))
                .scan_index_forward(false)
                .set_limit(i32::try_from(most - found.len()).ok())
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call("Query alerts of incident", &error))?;
            let ids = answer.items.unwrap_or_default().into_iter();
            found.extend(ids.filter_map(|mut item| item.remove(ID)?.as_s().ok()?.parse::<AlertId>().ok()));
            start = answer.last_evaluated_key;
            if start.is_none() || found.len() >= most {
                return Ok(found);
            }
        }
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(AlertId::first_at(Time::EARLIEST))).await;
    }

    /// The write of a new alert. One without a raw payload was split from another.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, alert: &Alert, raw: Option<&PackedBody>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put alert";
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(alert, raw)?))
            .condition_expression("attribute_not_exists(alert_id)")
            .build();
        let put = put.map_err(|error| StoreError::of_request(OPERATION, &error))?;
        Ok(Write::put(Part::Alert, put).listed(Listed::Alert(alert.id, alert.state.version)))
    }

    /// The write of what deliveries or people changed of an alert: the attributes that differ.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn update(&self, before: &Alert, after: &Alert, raw: Option<&PackedBody>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Update alert";
        let (known, mut changed) = (to_item(OPERATION, &before.state)?, to_item(OPERATION, &after.state)?);
        let removed: Vec<String> = known.keys().filter(|name| !changed.contains_key(*name)).cloned().collect();
        changed.retain(|name, value| known.get(name) != Some(value));
        let version = before.state.version + 1;
        changed.insert("version".to_owned(), number(version));
        // A report is compressed only if it changed.
        if before.report != after.report {
            changed.insert(REPORT.to_owned(), packed::pack(OPERATION, REPORT, &after.report)?);
        }
        changed.extend(raw.into_iter().flat_map(raw_attributes));
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(ID, string(after.id.to_string()))
            .condition_expression("attribute_exists(alert_id)");
        let mut settings = Vec::new();
        for (number, (name, value)) in changed.into_iter().enumerate() {
            settings.push(format!("#s{number} = :s{number}"));
            update = update
                .expression_attribute_names(format!("#s{number}"), name)
                .expression_attribute_values(format!(":s{number}"), value);
        }
        let mut removals = Vec::new();
        for (number, name) in removed.into_iter().enumerate() {
            removals.push(format!("#r{number}"));
            update = update.expression_attribute_names(format!("#r{number}"), name);
        }
        let clauses = [("SET", settings), ("REMOVE", removals)].into_iter().filter(|(_, parts)| !parts.is_empty());
        let expression: Vec<String> = clauses.map(|(clause, parts)| format!("{clause} {}", parts.join(", "))).collect();
        let update = update.update_expression(expression.join(" ")).build();
        let update = update.map_err(|error| StoreError::of_request(OPERATION, &error))?;
        Ok(Write::update(Part::Alert, update).listed(Listed::Alert(after.id, version)))
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
    item.insert(ID.to_owned(), string(alert.id.to_string()));
    item.insert(REPORT.to_owned(), packed::pack(OPERATION, REPORT, &alert.report)?);
    item.insert("entity_type".to_owned(), string("alert"));
    item.insert("created_partition".to_owned(), string(keys::alert_partition(alert.id)));
    item.extend(raw.into_iter().flat_map(raw_attributes));
    Ok(item)
}

/// The key of the row of an alert.
pub(super) fn key(id: AlertId) -> Item {
    Item::from([(ID.to_owned(), string(id.to_string()))])
}

fn raw_attributes(raw: &PackedBody) -> [(String, AttributeValue); 2] {
    let gzip = AttributeValue::B(Blob::new(raw.gzip.clone()));
    [("raw".to_owned(), gzip), ("raw_bytes".to_owned(), number(raw.length as u64))]
}

/// An alert as a row or an index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(item: Item) -> Result<Alert, StoreError> {
    const OPERATION: &str = "Query alerts";
    let id = item.get(ID).and_then(|id| id.as_s().ok()?.parse().ok());
    let id = id.ok_or_else(|| StoreError::of_attribute(OPERATION, ID))?;
    let report = packed::unpack(OPERATION, REPORT, item.get(REPORT))?;
    Ok(Alert { id, state: from_item(OPERATION, item)?, report })
}

#[cfg(test)]
pub(crate) mod tests;
