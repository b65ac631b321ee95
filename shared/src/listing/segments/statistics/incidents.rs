//! Statistics of incidents.

use super::{Durations, Statistics, StatisticsError, StatisticsQuery, Tally, statistics};
use crate::{
    domain::time::Time,
    listing::segments::{
        columns::{Labels, Numbers},
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

#[derive(Debug)]
struct IncidentColumns<'segment> {
    created: &'segment Numbers,
    acknowledged: &'segment Numbers,
    resolved: &'segment Numbers,
    recurrences: &'segment Labels,
    /// By code.
    is_recurrence: Vec<bool>,
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
    type Columns<'segment> = IncidentColumns<'segment>;

    const PARTS: &'static [Part] =
        &[Part::Filters, Part::Number(Number::AcknowledgedAt), Part::Number(Number::ResolvedAt)];

    fn columns(segment: &Segment, _now: i64) -> Option<IncidentColumns<'_>> {
        let recurrences = segment.labels(Field::IsRecurrence)?;
        Some(IncidentColumns {
            created: segment.created()?,
            acknowledged: segment.numbers(Number::AcknowledgedAt)?,
            resolved: segment.numbers(Number::ResolvedAt)?,
            is_recurrence: recurrences.table(|text| text == "true"),
            recurrences,
        })
    }

    fn add(&mut self, columns: &IncidentColumns<'_>, row: usize) {
        let created = columns.created.get(row).unwrap_or_default();
        let duration = |numbers: &Numbers| Some(numbers.get(row)?.saturating_sub(created).max(0));
        self.opened += 1;
        self.to_acknowledge.extend(duration(columns.acknowledged));
        self.to_resolve.extend(duration(columns.resolved));
        let is_recurrence = columns.is_recurrence.get(columns.recurrences.code(row));
        self.recurrences += u64::from(is_recurrence == Some(&true));
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
