//! The list of the quarantine, in the order of creation.

use super::{
    plan::{Index, Keys, Partitions, Plan, Range},
    predicate::Predicate,
};
use crate::{
    domain::{id::EntryId, time::Time},
    keys,
};

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_month", sort_key: ID };

const ID: &str = "entry_id";

/// What entries to list. Conditions combine with AND, the values of one with OR; no values, no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Kinds, by name.
    pub kinds: Vec<String>,
    /// Sources, by name.
    pub sources: Vec<String>,
}

/// The plan of the list, given when the history starts; `None` if that is in the future. It is short, so it is counted
/// each time.
#[must_use]
pub fn plan(filter: &QuarantineFilter, history_start: Time, now: Time) -> Option<Plan> {
    let predicates = [Predicate::any_of("kind", &filter.kinds), Predicate::any_of("source", &filter.sources)];
    Some(Plan {
        index: &BY_CREATED,
        partitions: Partitions::Monthly(|month| vec![keys::month(month)]),
        keys: Keys { between: keys::entry_range, time: |id| id.parse().ok().map(EntryId::created_at) },
        range: Range::default().within(history_start, now)?,
        filter: predicates.into_iter().flatten().collect(),
        position: ID,
        memory: None,
    })
}
