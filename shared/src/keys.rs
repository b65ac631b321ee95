//! Formats and parses every key string of the tables. No other module does.

use sha2::{Digest, Sha256};

use crate::domain::{
    delivery::DeliveryId,
    episode::EventKey,
    id::{ActionId, BundleId, Generation, IncidentId},
    source::Source,
    time::{Month, Time},
};

/// `sort_key` of an incident's own row. The incidents table holds its history, too.
pub const INCIDENT_SORT_KEY: &str = "INCIDENT";

/// The prefix of every `sort_key` in an incident's history.
pub const ACTION_PREFIX: &str = "ACTION#";

/// The `incident_id` of an alert that is in no incident.
pub const NO_INCIDENT: &str = "NONE";

/// `sort_key` of an action in an incident's history.
#[must_use]
pub fn action_sort_key(id: ActionId) -> String {
    format!("{ACTION_PREFIX}{id}")
}

/// The value of `created_month`: `2026-11`.
#[must_use]
pub fn month(month: Month) -> String {
    month.to_string()
}

/// How many partitions the change log of a day is spread over. Each transaction writes 2 write units there, and a partition
/// takes 1,000 a second.
pub const CHANGE_SHARDS: u8 = 4;

/// The `part_of` of an entry of the change log, in the table `segments`: the day, and a shard that its random bits choose.
#[must_use]
pub fn changes(at: Time, random: u128) -> String {
    changes_of_day(&at.day(), u8::try_from(random % u128::from(CHANGE_SHARDS)).unwrap_or(0))
}

/// Every `part_of` of the change log in a range of times. Both ends are included.
pub fn change_partitions(from: Time, to: Time) -> impl Iterator<Item = String> {
    let days = std::iter::successors(Some(from.start_of_day()), |day| Some(day.plus_minutes(24 * 60)));
    let days = days.take_while(move |day| *day <= to);
    days.flat_map(|day| (0..CHANGE_SHARDS).map(move |shard| changes_of_day(&day.day(), shard)))
}

fn changes_of_day(day: &str, shard: u8) -> String {
    format!("CHANGES#{day}#{shard}")
}

/// `alert_id` of a bundle, in the payloads table. No alert has such an id.
#[must_use]
pub fn payload_bundle(id: BundleId) -> String {
    format!("BUNDLE#{id}")
}

/// `part_of` and `part` of the row that says which segments there are, in the table `segments`.
pub const ROOT: &str = "ROOT";

/// `part_of` of a segment, in the table `segments`.
#[must_use]
pub fn segment(id: Generation) -> String {
    format!("SEGMENT#{id}")
}

/// `part` of a piece of a segment: a part, and the place of the piece in it.
#[must_use]
pub fn segment_part(name: &str, chunk: usize) -> String {
    format!("{name}#{chunk:03}")
}

/// Names a delivery of a problem, so that the names sort as the deliveries do.
#[must_use]
pub fn event(key: &EventKey) -> String {
    format!("{}#{}", key.at, key.delivery_id)
}

/// Names that a delivery took effect: the key of its claim, if it has one of its own.
#[must_use]
pub fn delivery_claim(id: &DeliveryId) -> String {
    format!("{DELIVERY_PREFIX}{}", id.as_str())
}

/// The delivery that [`delivery_claim`] named.
#[must_use]
pub fn parse_delivery_claim(claim: &str) -> Option<DeliveryId> {
    claim.strip_prefix(DELIVERY_PREFIX).map(|id| DeliveryId::new(id.to_owned()))
}

const DELIVERY_PREFIX: &str = "DELIVERY#";

/// Key of the claim that a message of the dead-letter queue is in the quarantine.
#[must_use]
pub fn dead_letter_claim(message_id: &str) -> String {
    format!("DEAD_LETTER#{message_id}")
}

/// Key of the row that says why a message could not be grouped.
#[must_use]
pub fn failure_claim(message_id: &str) -> String {
    format!("FAILURE#{message_id}")
}

/// Key of the claim that a comment was added. The caller chose `key`.
#[must_use]
pub fn comment_claim(id: IncidentId, actor: &str, key: &str) -> String {
    format!("COMMENT#{id}#{}", short_hash(&format!("{actor}\0{key}")))
}

/// Key of the claim that holds what is known of one problem.
#[must_use]
pub fn problem_claim(source: &Source, dedup_key: &str) -> String {
    format!("PROBLEM#{source}#{}", short_hash(dedup_key))
}

/// Key of the claim of a source's grouping key, if it is not that of one problem.
#[must_use]
pub fn source_claim(source: &Source, group_key: &str) -> String {
    format!("SOURCE#{source}#{}", short_hash(group_key))
}

/// Names the group of a source's grouping key: the claim in which it is, and the environment, if the key is another in
/// each.
#[must_use]
pub fn source_group(claim: &str, environment: Option<&str>) -> String {
    format!("{claim}|{}", environment.unwrap_or_default())
}

/// The claim in which a group is that [`source_group`] named, and the environment.
#[must_use]
pub fn parse_source_group(name: &str) -> Option<(&str, &str)> {
    name.split_once('|')
}

/// Key of the claim for the group of a service in an environment.
#[must_use]
pub fn service_group_claim(environment: &str, service: &str) -> String {
    format!("GROUP#SERVICE#{}", short_hash(&format!("{environment}\0{service}")))
}

/// Key of the claim that serialises the opening of incidents in an environment.
#[must_use]
pub fn environment_claim(environment: &str) -> String {
    format!("ENVIRONMENT#{environment}")
}

/// Key of the row that says which worker groups the alerts of an environment in a storm.
#[must_use]
pub fn turn_claim(environment: &str) -> String {
    format!("TURN#{environment}")
}

/// Key of the row that counts the events of a source in the minute of a time, in the limits table.
#[must_use]
pub fn source_minute(source: &str, at: Time) -> String {
    format!("{source}#{}", at.minute())
}

/// Key of the row that says when the history starts.
pub const HISTORY_CLAIM: &str = "HISTORY";

/// Shortens a source's key. It may be longer than DynamoDB allows for a key.
fn short_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}
