//! The plan of a list: which parts of which index hold its rows.

use super::predicate::Predicate;
use crate::domain::time::Time;

/// An index of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition key.
    pub partition_key: &'static str,
    /// The attribute that is its sort key.
    pub sort_key: &'static str,
}

/// A range of one partition of an index; both ends are included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The partition.
    pub partition: String,
    /// The first sort key.
    pub from: String,
    /// The last sort key.
    pub to: String,
}

/// The plan of a list.
///
/// Rows are named by their *position*: the value of one attribute that orders the list and is
/// different for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The index.
    pub index: &'static Index,
    /// Slices of time, earliest first: every position of one is less than every position of the next. The runs of
    /// a slice interleave.
    pub slices: Vec<Vec<Run>>,
    /// What the keys do not serve.
    pub filter: Vec<Predicate>,
    /// The attribute that is the position.
    pub position: &'static str,
}

impl Plan {
    /// Whether runs are ordered by position. If not, their rows must be sorted.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.index.sort_key == self.position
    }
}

/// A range of times, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The first time; `None` is unbounded.
    pub from: Option<Time>,
    /// The last time; `None` is unbounded.
    pub to: Option<Time>,
}

impl Range {
    /// Whether it bounds anything.
    #[must_use]
    pub const fn is_unbounded(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether a time is in it.
    #[must_use]
    pub fn contains(&self, at: Time) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to)
    }

    /// The part of it in which there can be rows: since the start of the history, and not later than the clocks of
    /// writers may be ahead of ours. `None` if that is nothing.
    #[must_use]
    pub fn within(&self, history_start: Time, now: Time) -> Option<(Time, Time)> {
        const CLOCK_AHEAD_MINUTES: i64 = 60;
        let from = self.from.map_or(history_start, |from| from.max(history_start));
        let horizon = now.plus_minutes(CLOCK_AHEAD_MINUTES);
        let to = self.to.map_or(horizon, |to| to.min(horizon));
        (from <= to).then_some((from, to))
    }
}
