//! The list of the quarantine, in the order of creation.

use super::{
    conditions::{CanonicalConditions, texts},
    plan::{Index, Keys, Partitions, Plan, Range},
    predicate::Predicate,
};
use crate::{
    domain::{id::EntryId, quarantine::EntryKind, source::Source, time::Time},
    keys,
};

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_month", sort_key: ID };

const ID: &str = "entry_id";

/// What entries to list. Conditions combine with AND, the values of one with OR. A condition without
/// values matches every entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    pub kinds: Vec<EntryKind>,
    pub sources: Vec<Source>,
}

impl QuarantineFilter {
    /// Everything that the filter asks for, in a form that does not depend on the order in which it
    /// was asked for.
    #[must_use]
    pub fn canonical(&self) -> CanonicalConditions {
        CanonicalConditions::new([("kind", texts(&self.kinds)), ("source", texts(&self.sources))])
    }
}

/// The plan of the list, given when the history starts; `None` if that is in the future. It is short, so it is counted
/// each time.
#[must_use]
pub fn plan(filter: &QuarantineFilter, history_start: Time, now: Time) -> Option<Plan> {
    let predicates =
        [Predicate::any_of("kind", &texts(&filter.kinds)), Predicate::any_of("source", &texts(&filter.sources))];
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
