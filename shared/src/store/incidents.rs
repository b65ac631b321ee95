//! Reads and writes the incidents table: incidents and their histories.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    Client,
    operation::query::builders::QueryFluentBuilder,
    types::{ConditionCheck, Put},
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
    domain::{action::Action, id::IncidentId, incident::Incident, retention::Retention, time::Time},
    keys,
};

/// The attribute that is the partition key.
pub(super) const ID: &str = "incident_id";

const PUT: &str = "Put incident";

/// The attribute of a row of the history that names the change which wrote it. See [`Incidents::is_written`].
const CHANGE_ID: &str = "change_id";

/// The attribute with the actions of a transaction: they are one row of the history.
const ACTIONS: &str = "actions";

/// The incidents table.
#[derive(Debug, Clone)]
pub struct Incidents {
    client: Client,
    table: String,
}

impl Incidents {
    /// Uses the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads one incident, strongly consistent. `None` if it has expired. Costs 1 read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: IncidentId, now: Time) -> Result<Option<Incident>, StoreError> {
        const OPERATION: &str = "GetItem incident";
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::of_call(OPERATION, &error))?;
        let item = answer.item.filter(|item| !is_expired(item, now));
        item.map(|item| from_item(OPERATION, item)).transpose()
    }

    /// Reads incidents, in the order of `ids`. Those that do not exist or have expired are left out. A
    /// strong read costs 1 read unit per 4 KB of an incident, an eventual read half of that.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get_many(
        &self,
        ids: &[IncidentId],
        consistency: Consistency,
        now: Time,
    ) -> Result<Vec<Incident>, StoreError> {
        const OPERATION: &str = "BatchGetItem incidents";
        // An index may show a row twice if it changes meanwhile. A batch may name a key only once.
        let keys: Vec<Item> = ids.iter().collect::<BTreeSet<_>>().into_iter().map(|id| key(*id)).collect();
        let items = batch::get(&self.client, &self.table, &keys, consistency).await?;
        let items = items.into_iter().filter(|item| !is_expired(item, now));
        let incidents = items.map(|item| from_item(OPERATION, item));
        let mut found: HashMap<IncidentId, Incident> = incidents
            .map(|incident: Result<Incident, _>| incident.map(|incident| (incident.id, incident)))
            .collect::<Result<_, _>>()?;
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Opens the connection while the function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(IncidentId::first_at(Time::EARLIEST), Time::EARLIEST)).await;
    }

    /// Reads the latest `most` actions of an incident that have not expired, newest first and strongly
    /// consistent.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn latest_actions(&self, id: IncidentId, most: usize, now: Time) -> Result<Vec<Action>, StoreError> {
        // The oldest expire first, so they are the last of these.
        self.actions(self.history(id).scan_index_forward(false), most, now).await
    }

    /// The first actions of an incident that have not expired, up to `most`, oldest first and strongly consistent. Costs 1
    /// read unit per 4 KB of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn first_actions(&self, id: IncidentId, most: usize, now: Time) -> Result<Vec<Action>, StoreError> {
        self.actions(self.history(id), most, now).await
    }

    /// How many actions of an incident have not expired. They are numbered through, so the first of them tells. Costs a
    /// read unit per 4 KB of those that have expired and are still there.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_actions(&self, incident: &Incident, now: Time) -> Result<u64, StoreError> {
        let first = self.first_actions(incident.id, 1, now).await?;
        let earlier = first.first().map_or(u128::from(incident.action_count), |first| first.id.random());
        Ok(incident.action_count.saturating_sub(u64::try_from(earlier).unwrap_or(u64::MAX)))
    }

    fn history(&self, id: IncidentId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("incident_id = :id AND begins_with(sort_key, :prefix)")
            .expression_attribute_values(":id", string(id.to_string()))
            .expression_attribute_values(":prefix", string(keys::ACTION_PREFIX))
            .consistent_read(true)
    }

    /// The first actions in the order of a query.
    async fn actions(&self, query: QueryFluentBuilder, most: usize, now: Time) -> Result<Vec<Action>, StoreError> {
        let is_forward = query.get_scan_index_forward().unwrap_or(true);
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            // Each row has at least one action.
            let left = i32::try_from(most - found.len()).ok();
            let answer = query.clone().set_limit(left).set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::of_call("Query actions", &error))?;
            for item in answer.items.unwrap_or_default().into_iter().filter(|item| !is_expired(item, now)) {
                let mut together = actions(&item)?;
                if !is_forward {
                    together.reverse();
                }
                found.extend(together);
            }
            found.truncate(most);
            start = answer.last_evaluated_key;
            if start.is_none() || found.len() == most {
                return Ok(found);
            }
        }
    }

    /// The writes of a person's change: the incident and its new actions. The incident must still be
    /// at the version of `before`. Cost 4 write units and those of the indexes. `change_id` lets
    /// [`Self::is_written`] tell this change from every other.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn writes_of_person(
        &self,
        before: &Incident,
        after: &Incident,
        actions: &[Action],
        change_id: u128,
        retention: Retention,
    ) -> Result<Vec<Write>, StoreError> {
        let history = self.history_write(after.id, actions, Some(change_id), retention);
        std::iter::once(self.incident_write(Some(before), after, retention)).chain(history).collect()
    }

    /// Whether a change was written although its answer was lost. Then the row of its first action exists and has
    /// its change id. Costs 1 read unit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_written(&self, id: IncidentId, first: &Action, change_id: u128) -> Result<bool, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("incident_id", string(id.to_string()))
            .key("sort_key", string(keys::action_sort_key(first.id)))
            .consistent_read(true)
            .projection_expression(CHANGE_ID)
            .send()
            .await
            .map_err(|error| StoreError::of_call("GetItem action", &error))?;
        let found = answer.item.and_then(|mut item| item.remove(CHANGE_ID));
        Ok(found == Some(string(change_id_text(change_id))))
    }

    /// The writes of an incident and its new actions. If `before` is `None`, the incident must not
    /// exist yet. Otherwise it must still be at the version of `before`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn writes(
        &self,
        before: Option<&Incident>,
        after: &Incident,
        actions: &[Action],
        retention: Retention,
    ) -> Result<Vec<Write>, StoreError> {
        let history = self.history_write(after.id, actions, None, retention);
        std::iter::once(self.incident_write(before, after, retention)).chain(history).collect()
    }

    /// The condition that an incident is still at the version that was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn check(&self, read: &Incident) -> Result<Write, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(read.id)))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(read.version))
            .build();
        Ok(Write::check(Part::Incident, check.map_err(|error| StoreError::of_request("Check incident", &error))?))
    }

    fn incident_write(
        &self,
        before: Option<&Incident>,
        incident: &Incident,
        retention: Retention,
    ) -> Result<Write, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item(incident, retention)?));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(incident_id)"),
            Some(before) => put
                .condition_expression("version = :before")
                .expression_attribute_values(":before", number(before.version)),
        };
        let put = put.build().map_err(|error| StoreError::of_request(PUT, &error))?;
        Ok(Write::put(Part::Incident, put).listed(Listed::Incident(incident.id, incident.version)))
    }

    /// The write of what one transaction does to an incident, named by its first action. `None` if that is nothing.
    fn history_write(
        &self,
        id: IncidentId,
        actions: &[Action],
        change_id: Option<u128>,
        retention: Retention,
    ) -> Option<Result<Write, StoreError>> {
        const OPERATION: &str = "Put actions";
        let first = actions.first()?;
        let write = || {
            let mut item = Item::from([
                ("incident_id".to_owned(), string(id.to_string())),
                ("sort_key".to_owned(), string(keys::action_sort_key(first.id))),
                ("entity_type".to_owned(), string("actions")),
                (ACTIONS.to_owned(), packed::pack(OPERATION, ACTIONS, &actions)?),
                (EXPIRES_AT.to_owned(), expiry(retention.of_action(first))),
            ]);
            item.extend(change_id.map(|change_id| (CHANGE_ID.to_owned(), string(change_id_text(change_id)))));
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(incident_id)")
                .build();
            Ok(Write::put(Part::Action, put.map_err(|error| StoreError::of_request(OPERATION, &error))?))
        };
        Some(write())
    }
}

/// The actions that a row of the history holds, in their order.
///
/// # Errors
/// [`StoreError`]
pub fn actions(item: &Item) -> Result<Vec<Action>, StoreError> {
    packed::unpack("Read actions", ACTIONS, item.get(ACTIONS))
}

fn change_id_text(change_id: u128) -> String {
    format!("{change_id:032x}")
}

/// The row of an incident, with the key of its index and when it expires.
///
/// # Errors
/// [`StoreError`]
pub fn item(incident: &Incident, retention: Retention) -> Result<Item, StoreError> {
    let mut item = to_item(PUT, incident)?;
    item.extend(key(incident.id));
    item.insert("entity_type".to_owned(), string("incident"));
    item.insert("created_month".to_owned(), string(keys::month(incident.created_at.month())));
    item.extend(retention.of_incident(incident).map(|expires_at| (EXPIRES_AT.to_owned(), expiry(expires_at))));
    Ok(item)
}

/// An incident as a row holds it.
///
/// # Errors
/// [`StoreError`]
pub(super) fn read(item: Item) -> Result<Incident, StoreError> {
    from_item("Read incident", item)
}

/// The key of the row of an incident.
pub(super) fn key(id: IncidentId) -> Item {
    Item::from([
        ("incident_id".to_owned(), string(id.to_string())),
        ("sort_key".to_owned(), string(keys::INCIDENT_SORT_KEY)),
    ])
}
