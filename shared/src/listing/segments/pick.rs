//! Finds the rows of a page, in any order and at any depth, without sorting all rows.
//!
//! Each row has a key: its value in the order, then its time of creation. The values of all chosen
//! rows are counted in up to 4,096 bins. The bin with the wanted rank is counted in finer bins,
//! until few rows are left; only those are sorted. If many rows have the same value, their times of
//! creation are counted in the same way.

use std::ops::Range;

use super::{
    bits::Bits,
    columns::{Ints, Labels, Numbers, each_width},
    header::Bounds,
    order::{NO_NUMBER, NO_SEVERITY, OrderBy, rank},
    rows::Field,
    segment::Segment,
    view::Sheet,
};

/// The value of a row in an order, and its time of creation in milliseconds.
pub(super) type Key = (i64, i64);

/// So many rows are sorted rather than counted again.
const FEW: usize = if cfg!(test) { 4 } else { 8_192 };

const BIN_BITS: u32 = if cfg!(test) { 2 } else { 12 };

/// The chosen rows of a segment, with their keys.
#[derive(Debug)]
pub(super) struct Scan<'view> {
    pub(super) segment: &'view Segment,
    pub(super) base_of: Option<usize>,
    rows: Bits,
    count: usize,
    values: Values<'view>,
    created: &'view Numbers,
    value_bounds: Bounds,
    created_bounds: Bounds,
}

#[derive(Debug)]
enum Values<'view> {
    Numbers(&'view Numbers),
    /// Texts, and the rank of each of their codes.
    Ranks(&'view Labels, Vec<i64>),
}

/// A row near the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) key: Key,
    /// The place of its scan.
    pub(super) scan: usize,
    pub(super) row: usize,
}

/// The rows of some ranks, in ascending order of keys, and all others with the same key as the first or the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidates {
    /// How many rows come before the first.
    pub(super) before: usize,
    pub(super) rows: Vec<Candidate>,
}

impl<'view> Scan<'view> {
    /// The keys of the rows of a sheet. `None` if there are no rows, or a part is not in memory.
    pub(super) fn of(sheet: Sheet<'view>, by: OrderBy) -> Option<Self> {
        let Sheet { segment, rows, base_of } = sheet;
        let created = segment.created()?;
        let bounds = |numbers: &Numbers| numbers.bounds().map(|(min, max)| Bounds { min, max });
        let created_bounds = bounds(created)?;
        let (values, value_bounds) = match by {
            OrderBy::CreatedAt => (Values::Numbers(created), created_bounds),
            OrderBy::Severity => {
                let labels = segment.labels(Field::Severity)?;
                let rank_of = |code| labels.texts_of(code).map(rank).max().unwrap_or(NO_SEVERITY);
                let ranks: Vec<i64> = (0..labels.code_count()).map(rank_of).collect();
                let bounds = Bounds { min: ranks.iter().min().copied()?, max: ranks.iter().max().copied()? };
                (Values::Ranks(labels, ranks), bounds)
            }
            OrderBy::Number(number) => {
                let numbers = segment.numbers(number)?;
                let none = Bounds { min: NO_NUMBER, max: NO_NUMBER };
                let bounds =
                    bounds(numbers).map_or(none, |found| if numbers.lacks_any() { found.and(none) } else { found });
                (Values::Numbers(numbers), bounds)
            }
        };
        let count = rows.count();
        (count > 0).then_some(Self { segment, base_of, rows, count, values, created, value_bounds, created_bounds })
    }

    /// Calls a function with the value of each row.
    #[inline]
    fn each_value(&self, mut each: impl FnMut(i64, usize)) {
        match &self.values {
            Values::Numbers(numbers) => {
                let value = |place: u64| {
                    if place == 0 { NO_NUMBER } else { numbers.min().wrapping_add_unsigned(place - 1) }
                };
                each_width!(numbers.places(), |place| self.rows.for_each(|row| each(value(place(row)), row)));
            }
            Values::Ranks(labels, ranks) => {
                let value = |code: u64| {
                    usize::try_from(code).ok().and_then(|code| ranks.get(code)).copied().unwrap_or(NO_SEVERITY)
                };
                each_width!(labels.codes(), |code| self.rows.for_each(|row| each(value(code(row)), row)));
            }
        }
    }

    /// Counts the values of all rows.
    fn count_values(&self, bins: &mut Bins) {
        if bins.is_one(self.value_bounds) {
            bins.add(self.value_bounds.min, self.count);
            return;
        }
        match &self.values {
            Values::Numbers(_) => self.each_value(|value, _| bins.add(value, 1)),
            Values::Ranks(labels, ranks) => {
                let counts = labels.counts(&self.rows).into_iter().map(|count| usize::try_from(count).unwrap_or(0));
                ranks.iter().zip(counts).for_each(|(rank, count)| bins.add(*rank, count));
            }
        }
    }

    /// The rows with a value.
    fn rows_with(&self, value: i64) -> Bits {
        let mut rows = match &self.values {
            Values::Numbers(numbers) => numbers.between(Some(value), Some(value), value == NO_NUMBER),
            Values::Ranks(labels, ranks) => {
                labels.rows_where(&ranks.iter().map(|rank| *rank == value).collect::<Vec<_>>())
            }
        };
        rows.intersect(&self.rows);
        rows
    }

    /// Calls a function with the key of each row in a range of keys, first and last included.
    fn each_key(&self, first: Key, last: Key, mut each: impl FnMut(Key, usize)) {
        if first.0 != last.0 {
            self.each_value(|value, row| {
                if first.0 <= value && value <= last.0 {
                    let key = (value, self.created(row));
                    if first <= key && key <= last {
                        each(key, row);
                    }
                }
            });
            return;
        }
        // Times of creation ascend: the range is a piece of the segment.
        let rows = self.created.first_from(first.1)..self.created.first_from(last.1.saturating_add(1));
        if rows.is_empty() {
            return;
        }
        let has_value = self.rows_with(first.0);
        for row in rows.filter(|row| has_value.contains(*row)) {
            each((first.0, self.created(row)), row);
        }
    }

    fn created(&self, row: usize) -> i64 {
        self.created.get(row).unwrap_or_default()
    }
}

/// How many rows there are.
fn count(scans: &[Scan<'_>]) -> usize {
    scans.iter().map(|scan| scan.count).sum()
}

/// How many rows come before a key, and how many have it.
pub(super) fn count_before(scans: &[Scan<'_>], key: Key) -> (usize, usize) {
    let (mut before, mut same) = (0, 0);
    for scan in scans {
        scan.each_value(|value, row| {
            if value < key.0 {
                before += 1;
            } else if value == key.0 {
                let created = scan.created(row);
                before += usize::from(created < key.1);
                same += usize::from(created == key.1);
            }
        });
    }
    (before, same)
}

/// The rows of some ranks, in ascending order.
pub(super) fn candidates(scans: &[Scan<'_>], ranks: Range<usize>) -> Candidates {
    let ranks = ranks.start..ranks.end.min(count(scans));
    if ranks.is_empty() {
        return Candidates { before: ranks.start, rows: Vec::new() };
    }
    let start = Stretch::around(scans, ranks.start);
    let is_enough = start.before + start.count >= ranks.end;
    let last = if is_enough { start.last } else { Stretch::around(scans, ranks.end - 1).last };
    let mut rows = Vec::new();
    for (place, scan) in scans.iter().enumerate() {
        if scan.value_bounds.max < start.first.0 || last.0 < scan.value_bounds.min {
            continue;
        }
        scan.each_key(start.first, last, |key, row| rows.push(Candidate { key, scan: place, row }));
    }
    rows.sort_unstable_by_key(|candidate| candidate.key);
    let key_at = |rank: usize| rows.get(rank - start.before).map(|candidate| candidate.key);
    let (first, last) = (key_at(ranks.start), key_at(ranks.end - 1));
    let before = start.before + rows.partition_point(|candidate| Some(candidate.key) < first);
    rows.retain(|candidate| first <= Some(candidate.key) && Some(candidate.key) <= last);
    Candidates { before, rows }
}

/// A range of keys, first and last included.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: Key,
    last: Key,
    /// How many rows come before it.
    before: usize,
    /// How many rows are in it.
    count: usize,
}

/// A range of integers, first and last included, with the rows that have them.
#[derive(Debug, Clone, Copy)]
struct Window {
    bounds: Bounds,
    before: usize,
    count: usize,
}

impl Stretch {
    /// A range with the row of a rank, and few others unless they have the same key.
    fn around(scans: &[Scan<'_>], rank: usize) -> Self {
        let all = |of: fn(&Scan<'_>) -> Bounds| scans.iter().map(of).reduce(Bounds::and).unwrap_or(NOTHING);
        let values = Window { bounds: all(|scan| scan.value_bounds), before: 0, count: count(scans) };
        let values = values.narrowed(rank, |window, bins| {
            scans.iter().filter(|scan| window.meets(scan.value_bounds)).for_each(|scan| scan.count_values(bins));
        });
        let Window { bounds: Bounds { min, max }, before, count } = values;
        if count <= FEW || min != max {
            return Self { first: (min, i64::MIN), last: (max, i64::MAX), before, count };
        }
        let created = Window { bounds: all(|scan| scan.created_bounds), before, count };
        let created = created.narrowed(rank, |window, bins| {
            let has_value = |scan: &&Scan<'_>| scan.value_bounds.contains(min) && window.meets(scan.created_bounds);
            for scan in scans.iter().filter(has_value) {
                scan.rows_with(min).for_each(|row| bins.add(scan.created(row), 1));
            }
        });
        let Window { bounds, before, count } = created;
        Self { first: (min, bounds.min), last: (min, bounds.max), before, count }
    }
}

const NOTHING: Bounds = Bounds { min: 0, max: 0 };

/// Counts integers of a window.
struct Bins {
    bounds: Bounds,
    shift: u32,
    counts: Vec<usize>,
}

impl Bins {
    fn of(bounds: Bounds) -> Self {
        let span = bounds.max.abs_diff(bounds.min);
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(BIN_BITS);
        let last = usize::try_from(span >> shift).unwrap_or(usize::MAX);
        Self { bounds, shift, counts: vec![0; last + 1] }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are few bins")]
    const fn bin(&self, value: i64) -> usize {
        (value.abs_diff(self.bounds.min) >> self.shift) as usize
    }

    /// Whether all integers of a range go into one bin.
    const fn is_one(&self, range: Bounds) -> bool {
        self.bounds.contains(range.min) && self.bounds.contains(range.max) && self.bin(range.min) == self.bin(range.max)
    }

    /// Counts an integer, if it is in the window.
    #[inline]
    fn add(&mut self, value: i64, count: usize) {
        if self.bounds.contains(value) {
            let bin = self.bin(value);
            self.counts[bin] += count;
        }
    }
}

impl Window {
    const fn meets(&self, range: Bounds) -> bool {
        self.bounds.min <= range.max && range.min <= self.bounds.max
    }

    /// A smaller window with the row of a rank: one with few rows, or with a single integer.
    fn narrowed(mut self, rank: usize, count_into: impl Fn(&Self, &mut Bins)) -> Self {
        while self.count > FEW && self.bounds.min < self.bounds.max {
            let mut bins = Bins::of(self.bounds);
            count_into(&self, &mut bins);
            let mut before = self.before;
            let found = bins.counts.iter().position(|count| {
                let is_here = rank < before + count;
                before += if is_here { 0 } else { *count };
                is_here
            });
            let Some(bin) = found else { break };
            let min = self.bounds.min.saturating_add_unsigned((bin as u64) << bins.shift);
            let max = min.saturating_add_unsigned((1_u64 << bins.shift) - 1).min(self.bounds.max);
            self = Self { bounds: Bounds { min, max }, before, count: bins.counts[bin] };
        }
        self
    }
}
