//! The list of the quarantine, in the order of creation.

use super::plan::{Index, Plan, Range, Run};
use crate::{
    domain::time::{Month, Time},
    store::keys,
};

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_month", sort_key: ID };

const ID: &str = "entry_id";

/// The plan of the list, given when the history starts; `None` if that is in the future.
#[must_use]
pub fn plan(history_start: Time, now: Time) -> Option<Plan> {
    let (from, to) = Range::default().within(history_start, now)?;
    let (first, last) = keys::entry_range(from, to);
    let run = |month| Run { partition: keys::month(month), from: first.clone(), to: last.clone() };
    let slices = Month::range(from.month(), to.month()).map(|month| vec![run(month)]).collect();
    Some(Plan { index: &BY_CREATED, slices, filter: Vec::new(), position: ID })
}
