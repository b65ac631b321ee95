//! Statistics: figures of the rows of a list, by interval and group, from the same columns as lists.
//!
//! A row counts in the interval in which it was created. So the figures of intervals add up to those
//! of the whole, and each is about the same rows as the list with the same filter.

pub mod alerts;
pub mod incidents;
pub mod intervals;
pub mod problems;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::{
    columns::Labels,
    facets::{Counter, FacetValues},
    filters::{Condition, Filter},
    parts::Part,
    rows::Field,
    segment::Segment,
    view::{Needs, Sheet, View},
};
use crate::domain::time::Time;
use intervals::{IntervalKind, Intervals, TooManyIntervals};

/// How many groups have figures at most: those with the most rows.
pub const MAX_GROUPS: usize = 20;

/// How many figures of groups and intervals fit into an answer: fewer groups if intervals are many. In JSON, each takes up
/// to 350 bytes.
const MAX_FIGURES: usize = 8_000;

/// Of which rows somebody asks for figures, and how these are divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsQuery {
    pub filter: Filter,
    /// Without it, there are only figures of the whole.
    pub interval: Option<IntervalKind>,
    /// Whose clock decides where intervals begin.
    pub time_zone: TimeZone,
    pub group_by: Option<Field>,
}

/// Figures of rows, and of the same rows by interval and group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics<F> {
    /// The intervals, those without rows included. None if none are asked for.
    pub intervals: Vec<(Time, Time)>,
    /// Figures of all rows.
    pub all: Series<F>,
    /// Groups with the most rows, most first, then by value.
    pub groups: Vec<Group<F>>,
    /// How many more groups there are.
    pub omitted_groups: usize,
}

/// Figures of the whole, and of each interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series<F> {
    pub total: F,
    pub intervals: Vec<F>,
}

/// Figures of the rows with one value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<F> {
    /// `None` is no value.
    pub value: Option<String>,
    pub figures: Series<F>,
}

/// Why there is no answer yet, or none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatisticsError {
    /// Bring it into memory and ask again.
    Needs(Needs),
    TooManyIntervals(TooManyIntervals),
}

impl From<Needs> for StatisticsError {
    fn from(needs: Needs) -> Self {
        Self::Needs(needs)
    }
}

impl From<TooManyIntervals> for StatisticsError {
    fn from(error: TooManyIntervals) -> Self {
        Self::TooManyIntervals(error)
    }
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// Rounded down.
    pub mean: i64,
    /// Half of them were at most so long.
    pub p50: i64,
    /// Nine of ten were at most so long.
    pub p90: i64,
}

impl Durations {
    /// `None` of none.
    fn of(mut durations: Vec<i64>) -> Option<Self> {
        let count = durations.len();
        if count == 0 {
            return None;
        }
        let sum: i128 = durations.iter().copied().map(i128::from).sum();
        // The nearest rank: the smallest that at least so many are not longer than.
        let mut at_rank = |tenths: usize| *durations.select_nth_unstable((count * tenths).div_ceil(10) - 1).1;
        let (p50, p90) = (at_rank(5), at_rank(9));
        Some(Self { mean: i64::try_from(sum / count as i128).unwrap_or(i64::MAX), p50, p90 })
    }
}

/// Adds rows up.
trait Tally: Default + Clone {
    type Figures;

    /// What [`Self::add`] looks at.
    type Columns<'segment>;

    /// The parts that have [`Self::Columns`].
    const PARTS: &'static [Part];

    /// The columns of a segment. `None` if a part is not in memory. What is open, is open until `now`, in milliseconds
    /// since 1970.
    fn columns(segment: &Segment, now: i64) -> Option<Self::Columns<'_>>;

    /// Adds a row.
    fn add(&mut self, columns: &Self::Columns<'_>, row: usize);

    /// Adds what another has added up.
    fn merge(&mut self, other: &Self);

    fn figures(self) -> Self::Figures;
}

/// The rows that a query is about.
struct Chosen<'view> {
    sheets: Vec<Sheet<'view>>,
}

impl<'view> Chosen<'view> {
    fn of(view: &'view View, filter: &Filter, now: Time, parts: &[Part]) -> Result<Self, Needs> {
        let mut conditions = filter.conditions().to_vec();
        conditions.push(Condition::ExistsAt(now.as_seconds()));
        let selections = view.select(&conditions, &[Box::new(|_| true)])?;
        let Some(selection) = selections.first() else { return Ok(Self { sheets: Vec::new() }) };
        let mut sheets = view.sheets(selection, 0..view.buckets().len(), parts)?;
        sheets.push(view.live_sheet(selection.live.clone()));
        Ok(Self { sheets })
    }

    /// When the first and the last of them was created.
    fn created(&self) -> Option<(i64, i64)> {
        let ends = self.sheets.iter().filter_map(|sheet| {
            let mut rows = sheet.rows.iter();
            let (first, created) = (rows.next()?, sheet.segment.created()?);
            Some((created.get(first)?, created.get(rows.last().unwrap_or(first))?))
        });
        ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    fn facet(&self, field: Field) -> FacetValues {
        let mut counter = Counter::new(field);
        self.sheets.iter().for_each(|sheet| counter.add(sheet.segment, &sheet.rows));
        counter.finish(&[])
    }
}

/// The figures of a series, as they are at `now`.
fn statistics<T: Tally>(
    view: &View,
    query: &StatisticsQuery,
    now: Time,
) -> Result<Statistics<T::Figures>, StatisticsError> {
    let mut parts = [T::PARTS, &[Part::Created]].concat();
    parts.extend(query.group_by.map(Part::of_field));
    let chosen = Chosen::of(view, &query.filter, now, &parts)?;
    let intervals = query.intervals(&chosen, now)?;
    // The first is all; then come the groups. Of each there is one for each interval.
    let stride = intervals.as_ref().map_or(1, |intervals| intervals.len().max(1));
    let facet = query.group_by.map(|field| chosen.facet(field));
    let (values, omitted) = facet.map_or((Vec::new(), 0), |facet| (facet.values, facet.omitted));
    let groups: HashMap<Option<&str>, usize> = values
        .iter()
        .take(MAX_GROUPS.min(MAX_FIGURES / stride))
        .enumerate()
        .map(|(place, (value, _))| (value.as_deref(), place + 1))
        .collect();
    let mut tallies = vec![T::default(); (groups.len() + 1) * stride];
    for Sheet { segment, rows, .. } in &chosen.sheets {
        let (Some(created), Some(columns)) = (segment.created(), T::columns(segment, now.as_millis())) else {
            continue;
        };
        let labels = query.group_by.and_then(|field| segment.labels(field));
        let groups_of = |code: usize| -> Vec<usize> {
            let mut texts = labels.into_iter().flat_map(|labels| labels.texts_of(code)).map(Some).peekable();
            let none = texts.peek().is_none().then_some(None);
            none.into_iter().chain(texts).filter_map(|text| groups.get(&text).copied()).collect()
        };
        let table: Vec<Vec<usize>> = (0..labels.map_or(0, Labels::code_count)).map(groups_of).collect();
        // Rows are in the order of creation, so most are in the same interval as the one before.
        let mut place = 0;
        rows.for_each(|row| {
            if let Some(intervals) = &intervals {
                let at = created.get(row).unwrap_or_default();
                let Some(found) = intervals.place_near(place, at) else { return };
                place = found;
            }
            tallies[place].add(&columns, row);
            let found = labels.and_then(|labels| table.get(labels.code(row)));
            for group in found.into_iter().flatten() {
                tallies[group * stride + place].add(&columns, row);
            }
        });
    }
    let mut series = tallies
        .chunks(stride)
        .map(|tallies| Series::of(tallies, intervals.as_ref().is_some_and(|intervals| !intervals.is_empty())));
    let Some(all) = series.next() else { return Err(Needs(Vec::new()).into()) };
    let groups: Vec<_> =
        values.iter().zip(series).map(|((value, _), figures)| Group { value: value.clone(), figures }).collect();
    Ok(Statistics {
        intervals: intervals.iter().flat_map(Intervals::iter).collect(),
        all,
        omitted_groups: omitted + values.len() - groups.len(),
        groups,
    })
}

impl<F> Series<F> {
    fn of<T: Tally<Figures = F>>(tallies: &[T], has_intervals: bool) -> Self {
        let mut total = T::default();
        for tally in tallies {
            total.merge(tally);
        }
        let intervals = if has_intervals { tallies } else { &[] };
        Self { total: total.figures(), intervals: intervals.iter().map(|tally| tally.clone().figures()).collect() }
    }
}

impl StatisticsQuery {
    /// From the start of the range that is asked for, or else from the first row; until its end, or else until now. Rows
    /// of writers whose clocks are ahead are in them, too.
    fn intervals(&self, chosen: &Chosen<'_>, now: Time) -> Result<Option<Intervals>, TooManyIntervals> {
        let Some(kind) = self.interval else { return Ok(None) };
        let (mut asked_from, mut asked_to) = (None, None);
        for condition in self.filter.conditions() {
            if let Condition::Created { from, to } = condition {
                asked_from = asked_from.max(*from);
                asked_to = [asked_to, *to].into_iter().flatten().min();
            }
        }
        let created = chosen.created();
        let end = now.as_millis().max(created.map_or(i64::MIN, |(_, last)| last));
        let to = asked_to.map_or(end, |to| to.min(end));
        let from = asked_from.unwrap_or_else(|| created.map_or(to, |(first, _)| first.min(to)));
        let time = |millis: i64| Time::from_millis(millis.max(0)).unwrap_or(Time::LATEST);
        if from > to {
            return Ok(Some(Intervals::default()));
        }
        Intervals::between(kind, &self.time_zone, time(from), time(to)).map(Some)
    }
}
