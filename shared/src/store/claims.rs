//! The claims table: who owns what, for exactly-once. Every claim expires, except the start of the history.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::UpdateItemError,
    types::{Put, builders::PutBuilder},
};
use serde::{Deserialize, Serialize};

use super::{
    StoreError, batch,
    item::{Item, from_item, number, string, to_item},
    keys,
    transaction::{Part, Write},
};
use crate::domain::{delivery::DeliveryId, episode::Episodes, event::AlertEvent, id::IncidentId, time::Time};

const MINUTES_A_DAY: i64 = 24 * 60;

/// How long a delivery is remembered: as long as a message can live in the queue and its dead-letter queue.
const DELIVERY_DAYS: i64 = 18;

/// How long a problem is remembered after its last delivery.
const EPISODES_DAYS: i64 = 90;

/// How long a group is remembered; so long is an incident of it a recurrence.
const GROUP_DAYS: i64 = 30;

/// How many of an environment's incidents are remembered, youngest last.
const RECENT_INCIDENTS: usize = 16;

const READ: &str = "BatchGetItem claims";

/// The claims table.
#[derive(Debug, Clone)]
pub struct Claims {
    client: Client,
    table: String,
}

/// The claims that a delivery touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKeys {
    delivery: String,
    episodes: String,
    vendor_group: String,
    service_group: Option<String>,
    environment: String,
}

/// What the claims say.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Whether the delivery took effect before.
    pub delivered: bool,
    /// What is known of the problem.
    pub episodes: Option<Episodes>,
    /// The latest incident of the vendor's grouping key.
    pub vendor_group: Option<IncidentId>,
    /// The latest incident of the service in the environment.
    pub service_group: Option<IncidentId>,
    /// The openings in the environment.
    pub environment: Openings,
}

/// The openings in one environment. Its version serialises them: two first alerts of one outage cannot
/// both open an incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Openings {
    /// Counts openings; 0 before the first.
    pub version: u64,
    /// The incidents opened last, youngest last.
    pub recent: Vec<IncidentId>,
}

#[derive(Serialize, Deserialize)]
struct Group {
    incident_id: IncidentId,
}

#[derive(Serialize, Deserialize)]
struct History {
    starts_at: Time,
}

impl ClaimKeys {
    /// The claims of an event that was classified to a service and an environment.
    #[must_use]
    pub fn of(delivery: &DeliveryId, event: &AlertEvent, service: Option<&str>, environment: &str) -> Self {
        Self {
            delivery: keys::delivery_claim(delivery),
            episodes: keys::episodes_claim(&event.source, &event.dedup_key),
            vendor_group: keys::vendor_group_claim(&event.source, &event.group_key),
            service_group: service.map(|service| keys::service_group_claim(environment, service)),
            environment: keys::environment_claim(environment),
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        [&self.delivery, &self.episodes, &self.vendor_group, &self.environment].into_iter().chain(&self.service_group)
    }
}

impl Claims {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads the claims as they stand now: one request, a read unit each.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn read(&self, keys: &ClaimKeys) -> Result<Known, StoreError> {
        let mut items = self.items(keys.all().map(String::as_str)).await?;
        let mut group = |key: Option<&String>| -> Result<Option<IncidentId>, StoreError> {
            let item = key.and_then(|key| items.remove(key));
            Ok(item.map(|item| from_item::<Group>(READ, item)).transpose()?.map(|group| group.incident_id))
        };
        let vendor_group = group(Some(&keys.vendor_group))?;
        let service_group = group(keys.service_group.as_ref())?;
        Ok(Known {
            delivered: items.contains_key(&keys.delivery),
            episodes: items.remove(&keys.episodes).map(|item| from_item(READ, item)).transpose()?,
            vendor_group,
            service_group,
            environment: items
                .remove(&keys.environment)
                .map(|item| from_item(READ, item))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    async fn items(&self, claims: impl Iterator<Item = &str>) -> Result<HashMap<String, Item>, StoreError> {
        let keys: Vec<Item> = claims.map(|claim| Item::from([("claim".to_owned(), string(claim))])).collect();
        let items = batch::get(&self.client, &self.table, &keys, true).await?;
        items
            .into_iter()
            .map(|item| {
                let claim = item.get("claim").and_then(|claim| claim.as_s().ok()).cloned();
                Ok((claim.ok_or_else(|| StoreError::of_attribute(READ, "claim"))?, item))
            })
            .collect()
    }

    /// Claims that a delivery takes effect; its condition fails if it did before.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn deliver(&self, delivery: &DeliveryId, now: Time) -> Result<Write, StoreError> {
        let item = Item::from([("delivered_at".to_owned(), string(now.to_string()))]);
        let put = self.claim(keys::delivery_claim(delivery), "delivery", item, now, DELIVERY_DAYS);
        build(Part::Delivery, put.condition_expression("attribute_not_exists(claim)"))
    }

    /// Writes what is known of a problem; its condition fails if somebody else wrote since it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn write_episodes(&self, keys: &ClaimKeys, episodes: &Episodes, now: Time) -> Result<Write, StoreError> {
        let item = to_item("Put episodes", episodes)?;
        let put = self.claim(keys.episodes.clone(), "episodes", item, now, EPISODES_DAYS);
        build(Part::Episodes, follows_version(put, episodes.version))
    }

    /// Points the groups of an alert at its incident, where they do not point there yet. Their conditions
    /// fail if somebody else changed them since they were read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn join_groups(
        &self,
        keys: &ClaimKeys,
        known: &Known,
        incident_id: IncidentId,
        now: Time,
    ) -> Result<Vec<Write>, StoreError> {
        let vendor = (Some(&keys.vendor_group), known.vendor_group);
        let service = (keys.service_group.as_ref(), known.service_group);
        [vendor, service]
            .into_iter()
            .filter_map(|(claim, before)| Some((claim?, before)))
            .filter(|(_, before)| *before != Some(incident_id))
            .map(|(claim, before)| {
                let item = to_item("Put group", &Group { incident_id })?;
                let put = self.claim(claim.clone(), "group", item, now, GROUP_DAYS);
                build(
                    Part::Group,
                    match before {
                        None => put.condition_expression("attribute_not_exists(claim)"),
                        Some(before) => put
                            .condition_expression("incident_id = :before")
                            .expression_attribute_values(":before", string(before.to_string())),
                    },
                )
            })
            .collect()
    }

    /// Notes an opening in an environment; its condition fails if another happened since it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(
        &self,
        keys: &ClaimKeys,
        known: &Known,
        incident_id: IncidentId,
        now: Time,
    ) -> Result<Write, StoreError> {
        let mut recent = known.environment.recent.clone();
        recent.push(incident_id);
        let forgotten = recent.len().saturating_sub(RECENT_INCIDENTS);
        let openings = Openings { version: known.environment.version + 1, recent: recent.split_off(forgotten) };
        let put =
            self.claim(keys.environment.clone(), "openings", to_item("Put openings", &openings)?, now, GROUP_DAYS);
        build(Part::Group, follows_version(put, openings.version))
    }

    /// When the first row was created, so that readers know which months there are. `None` before it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn history_start(&self) -> Result<Option<Time>, StoreError> {
        let found = self.items(std::iter::once(keys::HISTORY_CLAIM)).await?;
        let history = found.into_values().next().map(|item| from_item::<History>(READ, item)).transpose()?;
        Ok(history.map(|history| history.starts_at))
    }

    /// Notes that rows are created from `now` on. To be called before the first one is written.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn note_history_start(&self, now: Time) -> Result<(), StoreError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("claim", string(keys::HISTORY_CLAIM))
            .update_expression("SET starts_at = :now, entity_type = :type")
            .condition_expression("attribute_not_exists(starts_at) OR starts_at > :now")
            .expression_attribute_values(":now", string(now.to_string()))
            .expression_attribute_values(":type", string("history"))
            .send()
            .await;
        match noted {
            Ok(_) => Ok(()),
            // It starts earlier already.
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::of_call("Update history", error)),
        }
    }

    fn claim(&self, claim: String, entity_type: &str, mut item: Item, now: Time, days: i64) -> PutBuilder {
        let expires_at = now.plus_minutes(days * MINUTES_A_DAY).as_seconds();
        item.insert("claim".to_owned(), string(claim));
        item.insert("entity_type".to_owned(), string(entity_type));
        item.insert("expires_at".to_owned(), number(expires_at));
        Put::builder().table_name(&self.table).set_item(Some(item))
    }
}

fn follows_version(put: PutBuilder, version: u64) -> PutBuilder {
    match version {
        0 | 1 => put.condition_expression("attribute_not_exists(claim)"),
        version => {
            put.condition_expression("version = :before").expression_attribute_values(":before", number(version - 1))
        }
    }
}

fn build(part: Part, put: PutBuilder) -> Result<Write, StoreError> {
    Ok(Write::put(part, put.build().map_err(|error| StoreError::of_request("Put claim", &error))?))
}
