//! Statistics of incidents.

use super::{Durations, Statistics, StatisticsError, StatisticsQuery, Tally, statistics};
use crate::{
    domain::time::Time,
    listing::segments::{
        parts::Part,
        rows::{Field, Number},
        segment::Segment,
        view::View,
    },
};

/// Figures of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFigures {
    /// How many there are.
    pub opened: u64,
    /// How many of them a person took on.
    pub acknowledged: u64,
    /// How many of them are resolved.
    pub resolved: u64,
    /// How many are not.
    pub still_open: u64,
    /// How many are a recurrence of another.
    pub recurrences: u64,
    /// From opened to acknowledged, of those that are.
    pub time_to_acknowledge: Option<Durations>,
    /// From opened to resolved, of those that are.
    pub time_to_resolve: Option<Durations>,
}

/// The figures of the incidents of a list, as they are at `now`.
///
/// # Errors
/// [`StatisticsError`]
pub fn incident_statistics(
    view: &View,
    query: &StatisticsQuery,
    now: Time,
) -> Result<Statistics<IncidentFigures>, StatisticsError> {
    statistics::<IncidentTally>(view, query, now)
}

#[derive(Debug, Clone, Default)]
struct IncidentTally {
    opened: u64,
    recurrences: u64,
    to_acknowledge: Vec<i64>,
    to_resolve: Vec<i64>,
}

impl Tally for IncidentTally {
    type Figures = IncidentFigures;

    const PARTS: &'static [Part] =
        &[Part::Filters, Part::Number(Number::AcknowledgedAt), Part::Number(Number::ResolvedAt)];

    fn add(&mut self, segment: &Segment, row: usize, _now: i64) {
        let created = segment.created().and_then(|created| created.get(row)).unwrap_or_default();
        let duration = |number| Some(segment.numbers(number)?.get(row)?.saturating_sub(created).max(0));
        self.opened += 1;
        self.to_acknowledge.extend(duration(Number::AcknowledgedAt));
        self.to_resolve.extend(duration(Number::ResolvedAt));
        let is_recurrence = segment.labels(Field::IsRecurrence).is_some_and(|labels| labels.get(row) == ["true"]);
        self.recurrences += u64::from(is_recurrence);
    }

    fn merge(&mut self, other: &Self) {
        self.opened += other.opened;
        self.recurrences += other.recurrences;
        self.to_acknowledge.extend(&other.to_acknowledge);
        self.to_resolve.extend(&other.to_resolve);
    }

    fn figures(self) -> IncidentFigures {
        let resolved = self.to_resolve.len() as u64;
        IncidentFigures {
            opened: self.opened,
            acknowledged: self.to_acknowledge.len() as u64,
            resolved,
            still_open: self.opened - resolved,
            recurrences: self.recurrences,
            time_to_acknowledge: Durations::of(self.to_acknowledge),
            time_to_resolve: Durations::of(self.to_resolve),
        }
    }
}
