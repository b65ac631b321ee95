//! The alerts table: one row per alert.

use std::{cmp::Reverse, collections::BTreeSet};

use aws_sdk_dynamodb::{
    Client,
    operation::query::builders::QueryFluentBuilder,
    types::{Put, Select, Update},
};

pub use super::batch::Consistency;
use super::{
    StoreError, batch,
    item::{EXPIRES_AT, Item, expiry, from_item, is_expired, number, string, to_item},
    packed,
    transaction::{Listed, Part, Write},
};
use crate::{
    aws::warm,
    domain::{
        alert::Alert,
        alert_status::AlertStatus,
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

/// The index that has all alerts, also those without an incident.
pub(super) const BY_INCIDENT: &str = "by_incident";

/// The attribute that is its key.
const INCIDENT_ID: &str = "incident_id";

impl Alerts {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// An alert as it stands now; `None` if it has expired. 1 read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: AlertId, now: Time) -> Result<Option<Alert>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key("alert_id", string(id.to_string()));
        let answer = request.consistent_read(true).send().await;
        let item = answer.map_err(|error| StoreError::of_call("GetItem alert", &error))?.item;
        item.filter(|item| !is_expired(item, now)).map(read).transpose()
    }

    /// Alerts by their ids, in no order; one that does not exist or has expired is left out. 1/2 read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get_many(
        &self,
        ids: &[AlertId],
        consistency: Consistency,
        now: Time,
    ) -> Result<Vec<Alert>, StoreError> {
        let ids: BTreeSet<&AlertId> = ids.iter().collect();
        let keys: Vec<Item> = ids.iter().map(|id| key(**id)).collect();
        let items = batch::get(&self.client, &self.table, &keys, consistency).await?;
        items.into_iter().filter(|item| !is_expired(item, now)).map(read).collect()
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
                .of_incident(id)
                .key_condition_expression("incident_id = :id AND alert_id > :after")
                .filter_expression("#status = :firing")
                .projection_expression(ID)
                .expression_attribute_names("#status", "status")
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

    /// The youngest alerts of an incident that have not expired, newest first: those that the index knows, as they are now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn latest_of_incident(&self, id: IncidentId, limit: usize, now: Time) -> Result<Vec<Alert>, StoreError> {
        let ids = self.ids_of_incident(id, limit, now).await?;
        let mut alerts = self.get_many(&ids, Consistency::Strong, now).await?;
        alerts.sort_unstable_by_key(|alert| Reverse(alert.id));
        Ok(alerts)
    }

    /// The ids of the youngest alerts of an incident that have not expired, newest first, as the index knows them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ids_of_incident(&self, id: IncidentId, most: usize, now: Time) -> Result<Vec<AlertId>, StoreError> {
        self.ids(self.of_incident(id).scan_index_forward(false), most, now).await
    }

    /// The oldest alerts of an incident that have not expired, oldest first: those that the index knows, as they are now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn first_of_incident(&self, id: IncidentId, most: usize, now: Time) -> Result<Vec<Alert>, StoreError> {
        let ids = self.ids(self.of_incident(id), most, now).await?;
        let mut alerts = self.get_many(&ids, Consistency::Strong, now).await?;
        alerts.sort_unstable_by_key(|alert| alert.id);
        Ok(alerts)
    }

    /// The ids of alerts of an incident behind an alert, up to `most`, in ascending order, as the index knows them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ids_of_incident_after(
        &self,
        id: IncidentId,
        after: AlertId,
        most: usize,
    ) -> Result<Vec<AlertId>, StoreError> {
        let query = self.of_incident(id).key_condition_expression("incident_id = :id AND alert_id > :after");
        let query = query.expression_attribute_values(":after", string(after.to_string()));
        self.ids(query, most, Time::EARLIEST).await
    }

    async fn ids(&self, query: QueryFluentBuilder, most: usize, now: Time) -> Result<Vec<AlertId>, StoreError> {
        let mut found: Vec<AlertId> = Vec::new();
        let mut start = None;
        loop {
            let left = most - found.len();
            let query = query.clone().set_limit(i32::try_from(left).ok());
            let answer = query.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::of_call("Query alerts", &error))?;
            let items = answer.items.unwrap_or_default().into_iter().filter(|item| !is_expired(item, now));
            found.extend(items.filter_map(|mut item| item.remove(ID)?.as_s().ok()?.parse::<AlertId>().ok()));
            start = answer.last_evaluated_key;
            if start.is_none() || found.len() >= most {
                return Ok(found);
            }
        }
    }

    /// How many alerts of an incident have not expired, as the index knows them. 1/2 read unit per 4 KB of its entries.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_of_incident(&self, id: IncidentId, now: Time) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut start = None;
        loop {
            let query = self
                .of_incident(id)
                .select(Select::Count)
                .filter_expression("attribute_not_exists(expires_at) OR expires_at > :now")
                .expression_attribute_values(":now", expiry(now));
            let answer = query.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::of_call("Query alert count", &error))?;
            count += u64::try_from(answer.count).unwrap_or(0);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    fn of_incident(&self, id: IncidentId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(BY_INCIDENT)
            .key_condition_expression("incident_id = :id")
            .expression_attribute_values(":id", string(id.to_string()))
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(AlertId::first_at(Time::EARLIEST), Time::EARLIEST)).await;
    }

    /// The write of a new alert. One that fires does not expire.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, alert: &Alert, expires_at: Option<Time>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put alert";
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(alert, expires_at)?))
            .condition_expression("attribute_not_exists(alert_id)")
            .build();
        let put = put.map_err(|error| StoreError::of_request(OPERATION, &error))?;
        Ok(Write::put(Part::Alert, put).listed(Listed::Alert(alert.id, alert.state.version)))
    }

    /// The write of what deliveries or people changed of an alert: the attributes that differ, and when it expires now. The
    /// alert must still be as it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn update(&self, before: &Alert, after: &Alert, expires_at: Option<Time>) -> Result<Write, StoreError> {
        const OPERATION: &str = "Update alert";
        let (known, mut changed) = (state(OPERATION, before)?, state(OPERATION, after)?);
        let mut removed: Vec<String> = known.keys().filter(|name| !changed.contains_key(*name)).cloned().collect();
        changed.retain(|name, value| known.get(name) != Some(value));
        let version = before.state.version + 1;
        changed.insert("version".to_owned(), number(version));
        // A report is compressed only if it changed.
        if before.report != after.report {
            changed.insert(REPORT.to_owned(), packed::pack(OPERATION, REPORT, &after.report)?);
        }
        match expires_at {
            Some(expires_at) => {
                changed.insert(EXPIRES_AT.to_owned(), expiry(expires_at));
            }
            None if before.state.status == AlertStatus::Resolved => removed.push(EXPIRES_AT.to_owned()),
            None => {}
        }
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(ID, string(after.id.to_string()))
            .condition_expression("version = :known")
            .expression_attribute_values(":known", number(before.state.version));
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
pub fn item(alert: &Alert, expires_at: Option<Time>) -> Result<Item, StoreError> {
    const OPERATION: &str = "Put alert";
    let mut item = state(OPERATION, alert)?;
    item.insert(ID.to_owned(), string(alert.id.to_string()));
    item.insert(REPORT.to_owned(), packed::pack(OPERATION, REPORT, &alert.report)?);
    item.insert("entity_type".to_owned(), string("alert"));
    item.extend(expires_at.map(|expires_at| (EXPIRES_AT.to_owned(), expiry(expires_at))));
    Ok(item)
}

/// The attributes of its state. The index must have it even if it is in no incident: everything is sealed anew from there.
fn state(operation: &'static str, alert: &Alert) -> Result<Item, StoreError> {
    let mut item = to_item(operation, &alert.state)?;
    item.entry(INCIDENT_ID.to_owned()).or_insert_with(|| string(keys::NO_INCIDENT));
    Ok(item)
}

/// The key of the row of an alert.
pub(super) fn key(id: AlertId) -> Item {
    Item::from([(ID.to_owned(), string(id.to_string()))])
}

/// An alert as a row or an index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(mut item: Item) -> Result<Alert, StoreError> {
    const OPERATION: &str = "Query alerts";
    item.retain(|name, value| name != INCIDENT_ID || value.as_s().is_ok_and(|id| id != keys::NO_INCIDENT));
    let id = item.get(ID).and_then(|id| id.as_s().ok()?.parse().ok());
    let id = id.ok_or_else(|| StoreError::of_attribute(OPERATION, ID))?;
    let report = packed::unpack(OPERATION, REPORT, item.get(REPORT))?;
    Ok(Alert { id, state: from_item(OPERATION, item)?, report })
}

#[cfg(test)]
pub(crate) mod tests;
