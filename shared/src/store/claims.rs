//! The claims table: who owns what, for exactly-once. Every claim expires, except the start of the history.

pub mod known;
mod turns;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::UpdateItemError,
    types::{ConditionCheck, Put, ReturnValue, builders::PutBuilder},
};
use known::KnownRow;
use serde::{Deserialize, Serialize};
pub use turns::Turn;

use super::{
    StoreError,
    batch::{self, Consistency},
    item::{EXPIRES_AT, Item, expiry, from_item, is_expired, number, string, to_attribute, to_item},
    packed,
    transaction::{Part, Write},
};
use crate::{
    aws::warm,
    domain::{
        action::Action,
        delivery::{Content, Delivery, MEMORY_DAYS},
        event::{AlertEvent, KeyScope},
        problem::Problem,
        time::{MINUTES_A_DAY, Time},
    },
    grouping::{OpeningLock, ServiceGroup, SourceGroup},
    keys,
};

/// How long a problem, a group and an environment are remembered after their last change, with what they
/// learned; so long is an incident of a group a recurrence.
const LEARNED_DAYS: i64 = 90;

/// How long a comment is known by its key, so that it counts once.
const COMMENT_DAYS: i64 = 1;

const ENTITY_TYPE: &str = "entity_type";

const PUT: &str = "Put claim";

/// The condition that a claim does not exist, or has expired and is not deleted yet.
const FREE: &str = "attribute_not_exists(claim) OR expires_at <= :now";

const READ: &str = "BatchGetItem claims";

/// The claims table.
#[derive(Debug, Clone)]
pub struct Claims {
    client: Client,
    table: String,
}

/// The claims that an event touches, by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKeys {
    /// What is known of the problem.
    pub problem: String,
    /// The source's grouping key, if it is not that of this problem alone.
    pub source: Option<String>,
    /// The name of the group of that key in its claim. It is no key.
    pub source_group: String,
    /// The service in the environment.
    pub service_group: Option<String>,
    /// The openings in the environment.
    pub environment: String,
}

/// What claims say, by their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Deliveries that took effect. Each of a firing one keeps what it said, for as long as its alert may be split.
    pub delivered: HashMap<String, Option<AlertEvent>>,
    /// What is known of problems.
    pub problems: HashMap<String, Problem>,
    /// The groups of sources' keys.
    pub source_groups: HashMap<String, SourceGroup>,
    /// The groups of services.
    pub service_groups: HashMap<String, ServiceGroup>,
    /// The openings in environments.
    pub opening_locks: HashMap<String, OpeningLock>,
    /// The rows of problems and sources' keys, as they were read.
    rows: HashMap<String, KnownRow>,
    /// The problems of new deliveries.
    problem_of: HashMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct History {
    starts_at: Time,
}

/// The attribute of a delivery that holds what it said.
const EVENT: &str = "event";

/// The attribute that says why a message failed.
const REASON: &str = "reason";

const DELIVERY: &str = "delivery";
const KNOWN: &str = "known";
const COMMENT: &str = "comment";
const SERVICE_GROUP: &str = "service_group";
const OPENING_LOCK: &str = "opening_locks";

impl ClaimKeys {
    /// The claims of an event that was classified to a service and an environment.
    #[must_use]
    pub fn of(event: &AlertEvent, service: Option<&str>, environment: &str) -> Self {
        let problem = keys::problem_claim(&event.source, &event.dedup_key);
        let is_shared = event.group_key != event.dedup_key;
        let source = is_shared.then(|| keys::source_claim(&event.source, &event.group_key));
        let own_environment =
            event.environment.as_deref().filter(|_| event.key_scope == KeyScope::ProblemPerEnvironment);
        Self {
            source_group: keys::source_group(source.as_ref().unwrap_or(&problem), own_environment),
            problem,
            source,
            service_group: service.map(|service| keys::service_group_claim(environment, service)),
            environment: keys::environment_claim(environment),
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let always = [&self.problem, &self.environment];
        always.into_iter().chain(&self.source).chain(&self.service_group).map(String::as_str)
    }
}

impl Claims {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads claims as they stand now, without those that have expired: a request for 100 of them, a read unit each.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn read(&self, claims: BTreeSet<&str>, now: Time) -> Result<Snapshot, StoreError> {
        let mut snapshot = Snapshot::default();
        for (claim, mut item) in self.items(claims.into_iter(), now).await? {
            let entity_type = item.remove(ENTITY_TYPE).and_then(|entity_type| entity_type.as_s().ok().cloned());
            match entity_type.as_deref() {
                Some(DELIVERY) => {
                    let event = item.get(EVENT).map(|event| packed::unpack(READ, EVENT, Some(event)));
                    snapshot.delivered.insert(claim, event.transpose()?);
                }
                Some(KNOWN) => KnownRow::read(claim, &item, &mut snapshot, now)?,
                Some(SERVICE_GROUP) => {
                    snapshot.service_groups.insert(claim, from_item(READ, item)?);
                }
                Some(OPENING_LOCK) => {
                    snapshot.opening_locks.insert(claim, from_item(READ, item)?);
                }
                _ => return Err(StoreError::of_attribute(READ, ENTITY_TYPE)),
            }
        }
        Ok(snapshot)
    }

    async fn items(&self, claims: impl Iterator<Item = &str>, now: Time) -> Result<HashMap<String, Item>, StoreError> {
        let keys: Vec<Item> = claims.map(|claim| Item::from([("claim".to_owned(), string(claim))])).collect();
        let items = batch::get(&self.client, &self.table, &keys, Consistency::Strong).await?;
        items
            .into_iter()
            .filter(|item| !is_expired(item, now))
            .map(|item| {
                let claim = item.get("claim").and_then(|claim| claim.as_s().ok()).cloned();
                Ok((claim.ok_or_else(|| StoreError::of_attribute(READ, "claim"))?, item))
            })
            .collect()
    }

    /// The writes that make of one snapshot another. Each one's condition fails if somebody else changed its claim
    /// since it was read; that of a delivery, if the delivery took effect meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn changes(&self, before: &Snapshot, after: &Snapshot, now: Time) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.known_changes(before, after, now)?;
        for (claim, before, after) in changed(&before.opening_locks, &after.opening_locks) {
            let put = self.claim(claim, OPENING_LOCK, to_item("Put opening_locks", after)?, now, LEARNED_DAYS);
            writes.push(build(Part::Group, if_version(put, before.map(|before| before.version), now))?);
        }
        for (claim, before, after) in changed(&before.service_groups, &after.service_groups) {
            let put = self.claim(claim, SERVICE_GROUP, to_item("Put service group", after)?, now, LEARNED_DAYS);
            writes.push(build(Part::Group, if_version(put, before.map(|before| before.version), now))?);
        }
        Ok(writes)
    }

    /// When the first row was created, so that readers know which months there are. `None` before it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn history_start(&self) -> Result<Option<Time>, StoreError> {
        let found = self.items(std::iter::once(keys::HISTORY_CLAIM), Time::EARLIEST).await?;
        let history = found.into_values().next().map(|item| from_item::<History>(READ, item)).transpose()?;
        Ok(history.map(|history| history.starts_at))
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.history_start()).await;
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
            Err(error) => Err(StoreError::of_call("Update history", &error)),
        }
    }

    /// The write of the claim that a dead letter was put into the quarantine.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn dead_letter(&self, message_id: &str, now: Time) -> Result<Write, StoreError> {
        let item = Item::from([("moved_at".to_owned(), string(now.to_string()))]);
        let put = self.claim(&keys::dead_letter_claim(message_id), "dead_letter", item, now, MEMORY_DAYS);
        build(Part::DeadLetter, free(put, now))
    }

    /// The write of the claim that a comment was added: the claim holds it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn comment_claim(&self, claim: &str, comment: &Action, now: Time) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put comment";
        let item = Item::from([(COMMENT.to_owned(), to_attribute(OPERATION, comment)?)]);
        build(Part::Comment, free(self.claim(claim, COMMENT, item, now, COMMENT_DAYS), now))
    }

    /// The comment that was added under a claim, if one was.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn comment(&self, claim: &str, now: Time) -> Result<Option<Action>, StoreError> {
        #[derive(Deserialize)]
        struct Added {
            comment: Action,
        }
        let found = self.items(std::iter::once(claim), now).await?.into_values().next();
        Ok(found.map(|item| from_item::<Added>(READ, item)).transpose()?.map(|added| added.comment))
    }

    /// The conditions that a delivery has not taken effect. `None` if it has.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn undelivered(&self, delivery: &Delivery, now: Time) -> Result<Option<Vec<Write>>, StoreError> {
        let own = keys::delivery_claim(&delivery.delivery_id);
        let problem = match &delivery.content {
            Content::Event(event) => Some(keys::problem_claim(&event.source, &event.dedup_key)),
            Content::Unreadable(_) => None,
        };
        let known = self.read(problem.iter().chain([&own]).map(String::as_str).collect(), now).await?;
        if known.delivered.contains_key(&own) {
            return Ok(None);
        }
        let version = |claim: &String| known.rows.get(claim).map(KnownRow::version);
        let conditions = problem.iter().chain([&own]).map(|claim| self.unchanged(claim, version(claim), now));
        Ok(Some(conditions.collect::<Result<_, _>>()?))
    }

    /// The condition that a claim is still at the version that was read, or free if none was.
    fn unchanged(&self, claim: &str, version: Option<u64>, now: Time) -> Result<Write, StoreError> {
        let check = ConditionCheck::builder().table_name(&self.table).key("claim", string(claim));
        let check = match version {
            None => check.condition_expression(FREE).expression_attribute_values(":now", expiry(now)),
            Some(version) => {
                check.condition_expression("version = :before").expression_attribute_values(":before", number(version))
            }
        };
        Ok(Write::check(
            Part::Delivery,
            check.build().map_err(|error| StoreError::of_request("Check delivery", &error))?,
        ))
    }

    /// Whether a dead letter was put into the quarantine.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_moved(&self, message_id: &str, now: Time) -> Result<bool, StoreError> {
        self.exists(&keys::dead_letter_claim(message_id), now).await
    }

    async fn exists(&self, claim: &str, now: Time) -> Result<bool, StoreError> {
        Ok(!self.items(std::iter::once(claim), now).await?.is_empty())
    }

    /// Notes that a message failed and why, for when it becomes a dead letter. Returns how often it has
    /// failed. If an answer is lost and the SDK asks again, a failure counts twice.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn note_failure(&self, message_id: &str, reason: &str, now: Time) -> Result<u64, StoreError> {
        const OPERATION: &str = "Update failure";
        let expires_at = now.plus_minutes(MEMORY_DAYS * MINUTES_A_DAY);
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("claim", string(keys::failure_claim(message_id)))
            .update_expression("SET #reason = :reason, entity_type = :type, expires_at = :expires_at ADD failures :one")
            .expression_attribute_names("#reason", REASON)
            .expression_attribute_values(":reason", string(reason))
            .expression_attribute_values(":type", string("failure"))
            .expression_attribute_values(":expires_at", expiry(expires_at))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| StoreError::of_call(OPERATION, &error))?;
        let failures = noted.attributes.and_then(|mut item| item.remove("failures")?.as_n().ok()?.parse().ok());
        failures.ok_or_else(|| StoreError::of_attribute(OPERATION, "failures"))
    }

    /// Why a message failed, if that was noted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn failure(&self, message_id: &str, now: Time) -> Result<Option<String>, StoreError> {
        let claim = keys::failure_claim(message_id);
        let found = self.items(std::iter::once(claim.as_str()), now).await?.into_values().next();
        Ok(found.and_then(|mut item| item.remove(REASON)).and_then(|reason| reason.as_s().ok().cloned()))
    }

    fn claim(&self, claim: &str, entity_type: &str, mut item: Item, now: Time, days: i64) -> PutBuilder {
        let expires_at = now.plus_minutes(days * MINUTES_A_DAY);
        item.insert("claim".to_owned(), string(claim));
        item.insert(ENTITY_TYPE.to_owned(), string(entity_type));
        item.insert(EXPIRES_AT.to_owned(), expiry(expires_at));
        Put::builder().table_name(&self.table).set_item(Some(item))
    }
}

/// The entries of a map that are new or different: key, value before, value after.
fn changed<'maps, V: PartialEq>(
    before: &'maps HashMap<String, V>,
    after: &'maps HashMap<String, V>,
) -> impl Iterator<Item = (&'maps String, Option<&'maps V>, &'maps V)> {
    after.iter().map(|(key, after)| (key, before.get(key), after)).filter(|(_, before, after)| *before != Some(after))
}

fn free(put: PutBuilder, now: Time) -> PutBuilder {
    put.condition_expression(FREE).expression_attribute_values(":now", expiry(now))
}

fn if_version(put: PutBuilder, before: Option<u64>, now: Time) -> PutBuilder {
    match before {
        None => free(put, now),
        Some(version) => {
            put.condition_expression("version = :before").expression_attribute_values(":before", number(version))
        }
    }
}

fn build(part: Part, put: PutBuilder) -> Result<Write, StoreError> {
    Ok(Write::put(part, put.build().map_err(|error| StoreError::of_request(PUT, &error))?))
}
