//! Statistics of alerts.

use super::{Durations, Statistics, StatisticsError, StatisticsQuery, Tally, statistics};
use crate::{
    domain::time::Time,
    listing::segments::{columns::Numbers, parts::Part, rows::Number, segment::Segment, view::View},
};

/// Figures of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFigures {
    /// How many there are: episodes of problems.
    pub alerts: u64,
    /// How often they were reported while they fired.
    pub occurrences: u64,
    /// How many of them are resolved.
    pub resolved: u64,
    /// How many are not.
    pub still_firing: u64,
    /// How long they fired in all, in milliseconds. One that still fires counts until now.
    pub time_firing: i64,
    /// From when they first fired to when they were resolved, of those that are.
    pub time_to_resolve: Option<Durations>,
}

/// The figures of the alerts of a list, as they are at `now`.
///
/// # Errors
/// [`StatisticsError`]
pub fn alert_statistics(
    view: &View,
    query: &StatisticsQuery,
    now: Time,
) -> Result<Statistics<AlertFigures>, StatisticsError> {
    statistics::<AlertTally>(view, query, now)
}

#[derive(Debug, Clone, Default)]
struct AlertTally {
    alerts: u64,
    occurrences: u64,
    time_firing: i64,
    to_resolve: Vec<i64>,
}

/// The parts that tell how long an alert fired.
pub(super) const FIRING_PARTS: &[Part] =
    &[Part::Number(Number::OccurredAt), Part::Number(Number::ResolvedAt), Part::Number(Number::Count)];

/// The columns that tell how long an alert fired.
#[derive(Debug)]
pub(super) struct FiringColumns<'segment> {
    occurred: &'segment Numbers,
    resolved: &'segment Numbers,
    count: &'segment Numbers,
    /// In milliseconds since 1970: what still fires, fires until then.
    now: i64,
}

impl<'segment> FiringColumns<'segment> {
    /// `None` if a part is not in memory.
    pub(super) fn of(segment: &'segment Segment, now: i64) -> Option<Self> {
        Some(Self {
            occurred: segment.numbers(Number::OccurredAt)?,
            resolved: segment.numbers(Number::ResolvedAt)?,
            count: segment.numbers(Number::Count)?,
            now,
        })
    }
}

/// How long an alert fired, and how often it was reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fired {
    /// In milliseconds; until now if it still fires.
    pub(super) duration: i64,
    pub(super) is_resolved: bool,
    pub(super) occurrences: u64,
}

impl Fired {
    pub(super) fn of(columns: &FiringColumns<'_>, row: usize) -> Self {
        let resolved = columns.resolved.get(row);
        let since = columns.occurred.get(row).unwrap_or(columns.now);
        Self {
            // Clocks of sources may be ahead of ours.
            duration: resolved.unwrap_or(columns.now).saturating_sub(since).max(0),
            is_resolved: resolved.is_some(),
            occurrences: columns.count.get(row).map_or(0, i64::unsigned_abs),
        }
    }
}

impl Tally for AlertTally {
    type Figures = AlertFigures;
    type Columns<'segment> = FiringColumns<'segment>;

    const PARTS: &'static [Part] = FIRING_PARTS;

    fn columns(segment: &Segment, now: i64) -> Option<FiringColumns<'_>> {
        FiringColumns::of(segment, now)
    }

    fn add(&mut self, columns: &FiringColumns<'_>, row: usize) {
        let Fired { duration, is_resolved, occurrences } = Fired::of(columns, row);
        self.alerts += 1;
        self.occurrences += occurrences;
        self.time_firing = self.time_firing.saturating_add(duration);
        self.to_resolve.extend(is_resolved.then_some(duration));
    }

    fn merge(&mut self, other: &Self) {
        self.alerts += other.alerts;
        self.occurrences += other.occurrences;
        self.time_firing = self.time_firing.saturating_add(other.time_firing);
        self.to_resolve.extend(&other.to_resolve);
    }

    fn figures(self) -> AlertFigures {
        let resolved = self.to_resolve.len() as u64;
        AlertFigures {
            alerts: self.alerts,
            occurrences: self.occurrences,
            resolved,
            still_firing: self.alerts - resolved,
            time_firing: self.time_firing,
            time_to_resolve: Durations::of(self.to_resolve),
        }
    }
}
