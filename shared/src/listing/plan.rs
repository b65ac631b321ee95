//! The plan of a list: which parts of which index hold its rows.

use super::{
    buckets::{Series, Unit},
    conditions::CanonicalConditions,
    predicate::Predicate,
};
use crate::domain::time::{Month, Time};

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

/// The partitions of an index that hold a list.
#[derive(Debug, Clone)]
pub enum Partitions {
    /// These, whatever the time.
    Fixed(Vec<String>),
    /// Those of each month.
    Monthly(fn(Month) -> Vec<String>),
}

/// How a list is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// What tells the list from others: its filter without order, page, and the range that orders it.
    pub key: String,
    /// What invalidates late changes.
    pub series: Series,
    /// Whether what matches stays a match, so that no change matters.
    pub is_final: bool,
}

/// How the sort keys of an index tell time.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// The first and the last key that a range of times can have.
    pub between: fn(Time, Time) -> (String, String),
    /// The time of a key.
    pub time: fn(&str) -> Option<Time>,
}

/// The plan of a list.
///
/// Rows are named by their *position*: the value of one attribute that orders the list and is
/// different for each row.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The index.
    pub index: &'static Index,
    /// Its partitions. Their rows interleave.
    pub partitions: Partitions,
    /// How its sort keys tell time.
    pub keys: Keys,
    /// The times in which there can be rows, both ends included.
    pub range: (Time, Time),
    /// What the keys do not serve.
    pub filter: Vec<Predicate>,
    /// The attribute that is the position.
    pub position: &'static str,
    /// How it is remembered, if it is.
    pub memory: Option<Memory>,
}

/// Up to so many partitions each is read month by month, side by side: one may hold a million rows. Of more, each
/// holds few.
const LARGE_PARTITIONS: usize = 8;

impl Plan {
    /// Whether runs are ordered by position. If not, their rows must be sorted.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.index.sort_key == self.position
    }

    /// The runs that hold a range of times, slice after slice of time: each slice with its times.
    #[must_use]
    pub fn slices(&self, from: Time, to: Time) -> Vec<((Time, Time), Vec<Run>)> {
        let run = |partition, (from, to): (Time, Time)| {
            let (from, to) = (self.keys.between)(from, to);
            Run { partition, from, to }
        };
        let slice = |times: (Time, Time), partitions: Vec<String>| {
            (times, partitions.into_iter().map(|partition| run(partition, times)).collect())
        };
        match &self.partitions {
            Partitions::Fixed(partitions) if partitions.len() > LARGE_PARTITIONS => {
                vec![slice((from, to), partitions.clone())]
            }
            partitions => Month::range(from.month(), to.month())
                .map(|month| {
                    let times = (from.max(month.start()), to.min(month.next().start().plus_millis(-1)));
                    match partitions {
                        Partitions::Fixed(partitions) => slice(times, partitions.clone()),
                        Partitions::Monthly(of) => slice(times, of(month)),
                    }
                })
                .collect(),
        }
    }
}

/// The key under which a list is cached.
#[must_use]
pub fn memory_key(kind: &str, conditions: &[(&'static str, Vec<String>)]) -> String {
    format!("{kind}#{}", CanonicalConditions::new(conditions.iter().cloned()).hash())
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
        // There is nothing before; so the first bucket is whole.
        let first = Unit::Day.start(Unit::Day.number(history_start));
        let from = self.from.map_or(first, |from| from.max(first));
        let horizon = now.plus_minutes(CLOCK_AHEAD_MINUTES);
        let to = self.to.map_or(horizon, |to| to.min(horizon));
        (from <= to).then_some((from, to))
    }
}
