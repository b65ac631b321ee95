//! Every key string of the tables: the only place where one is formatted or parsed.

use sha2::{Digest, Sha256};

use crate::domain::{
    delivery::DeliveryId,
    id::{ActionId, AlertId, EntryId, IncidentId},
    source::Source,
    time::{Month, Time},
};

/// `sort_key` of the incident itself, in the incidents table.
pub const INCIDENT_SORT_KEY: &str = "INCIDENT";

/// What every `sort_key` of an incident's history begins with.
pub const ACTION_PREFIX: &str = "ACTION#";

/// How many partitions the alerts of a month are spread over, so that a storm does not meet the
/// 1,000 writes a second of one partition of the index.
pub const ALERT_SHARDS: u8 = 4;

/// `sort_key` of an action.
#[must_use]
pub fn action_sort_key(id: ActionId) -> String {
    format!("{ACTION_PREFIX}{id}")
}

/// `created_month` and `updated_month`.
#[must_use]
pub fn month(month: Month) -> String {
    month.to_string()
}

/// `updated_key`: sorts by time, then by id.
#[must_use]
pub fn updated_key(updated_at: Time, id: IncidentId) -> String {
    format!("{updated_at}#{id}")
}

/// The first and the last `updated_key` that a range of times can have.
#[must_use]
pub fn updated_key_range(from: Time, to: Time) -> (String, String) {
    // `#` sorts before every id, `~` after.
    (format!("{from}#"), format!("{to}#~"))
}

/// The time in an `updated_key`.
#[must_use]
pub fn time_of_updated_key(key: &str) -> Option<Time> {
    key.split_once('#')?.0.parse().ok()
}

/// The id in an `updated_key`.
#[must_use]
pub fn id_of_updated_key(key: &str) -> Option<IncidentId> {
    key.split_once('#')?.1.parse().ok()
}

/// `created_partition` of an alert.
#[must_use]
pub fn alert_partition(id: AlertId) -> String {
    let shard = id.random() % u128::from(ALERT_SHARDS);
    format!("{}#{shard}", id.created_at().month())
}

/// Every `created_partition` of a month.
pub fn alert_partitions(month: Month) -> impl Iterator<Item = String> {
    (0..ALERT_SHARDS).map(move |shard| format!("{month}#{shard}"))
}

/// The claim that a delivery took effect.
#[must_use]
pub fn delivery_claim(id: &DeliveryId) -> String {
    format!("DELIVERY#{}", id.as_str())
}

/// The claim that a message of the dead-letter queue was put into the quarantine.
#[must_use]
pub fn dead_letter_claim(message_id: &str) -> String {
    format!("DEAD_LETTER#{message_id}")
}

/// The note of why a message was refused.
#[must_use]
pub fn failure_claim(message_id: &str) -> String {
    format!("FAILURE#{message_id}")
}

/// The claim of what is known of one problem.
#[must_use]
pub fn problem_claim(source: &Source, dedup_key: &str) -> String {
    format!("PROBLEM#{source}#{}", short_hash(dedup_key))
}

/// The claim of a source's grouping key.
#[must_use]
pub fn source_group_claim(source: &Source, group_key: &str) -> String {
    format!("GROUP#SOURCE#{source}#{}", short_hash(group_key))
}

/// The claim of a service in an environment.
#[must_use]
pub fn service_group_claim(environment: &str, service: &str) -> String {
    format!("GROUP#SERVICE#{}", short_hash(&format!("{environment}\0{service}")))
}

/// The claim of openings in an environment.
#[must_use]
pub fn environment_claim(environment: &str) -> String {
    format!("ENVIRONMENT#{environment}")
}

/// The claim that says when the history starts.
pub const HISTORY_CLAIM: &str = "HISTORY";

/// The first entry's id that can be in the quarantine of a time.
#[must_use]
pub fn entry_range(from: Time, to: Time) -> (String, String) {
    (EntryId::first_at(from).to_string(), EntryId::last_at(to).to_string())
}

/// `filter` of what invalidates late changes, in the counts table.
#[must_use]
pub fn generations(series: &str) -> String {
    format!("GENERATIONS#{series}")
}

/// `filter` of the remembered counts of a list: a `bucket` is a month.
#[must_use]
pub fn counts(list: &str, kind: &str) -> String {
    format!("COUNTS#{kind}#{list}")
}

/// `filter` of the remembered positions of a list: a `bucket` is a day.
#[must_use]
pub fn positions(list: &str) -> String {
    format!("POSITIONS#{list}")
}

/// `filter` of the remembered marks of a list: a `bucket` is an hour.
#[must_use]
pub fn marks(list: &str) -> String {
    format!("MARKS#{list}")
}

/// Sources' keys may be longer than a key of a table.
fn short_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updated_keys_sort_by_time_then_id_and_lie_in_their_range() {
        let at: Time = "2026-11-23T09:53:08.120Z".parse().unwrap();
        let (first, second): (IncidentId, IncidentId) = (IncidentId::numbered(at, 1), IncidentId::numbered(at, 2));
        let keys = [updated_key(at, first), updated_key(at, second), updated_key(at.plus_millis(1), first)];
        assert!(keys.is_sorted());
        let (from, to) = updated_key_range(at, at);
        assert!(from <= keys[0] && keys[1] <= to && to < keys[2]);
        assert_eq!(id_of_updated_key(&keys[1]), Some(second));
    }

    #[test]
    fn an_alert_is_in_one_of_the_partitions_of_its_month() {
        let at: Time = "2026-11-30T23:59:59.999Z".parse().unwrap();
        for number in 0..50 {
            let partition = alert_partition(AlertId::numbered(at, number));
            assert!(alert_partitions(at.month()).any(|other| other == partition), "{partition}");
        }
    }
}
