//! Finds the rows of a page, in any order and at any depth, without sorting all rows.
//!
//! Each row has a key: its value in the order, then its time of creation. The keys of all chosen
//! rows are counted in up to 4,096 bins. The bin with the wanted rank is counted in finer bins,
//! until few rows are left. Only those are sorted.

use std::ops::Range;

use super::{
    bits::Bits,
    columns::Numbers,
    order::{NO_NUMBER, OrderBy, rank},
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
    first: Key,
    last: Key,
}

#[derive(Debug)]
enum Values<'view> {
    Created,
    /// Of each code of a field.
    Ranks(&'view super::columns::Labels, Vec<i64>),
    Numbers(&'view Numbers),
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
        let (first_created, last_created) = created.bounds()?;
        let (values, (first, last)) = match by {
            OrderBy::CreatedAt => (Values::Created, (first_created, last_created)),
            OrderBy::Severity => {
                let labels = segment.labels(Field::Severity)?;
                let rank_of = |code| labels.texts_of(code).map(rank).max().unwrap_or(-1);
                let ranks: Vec<i64> = (0..labels.code_count()).map(rank_of).collect();
                let bounds = (ranks.iter().min().copied()?, ranks.iter().max().copied()?);
                (Values::Ranks(labels, ranks), bounds)
            }
            OrderBy::Number(number) => {
                let numbers = segment.numbers(number)?;
                let (first, last) = numbers.bounds().unwrap_or((NO_NUMBER, NO_NUMBER));
                (Values::Numbers(numbers), (first.min(NO_NUMBER), last.max(NO_NUMBER)))
            }
        };
        let count = rows.count();
        let (first, last) = ((first, first_created), (last, last_created));
        (count > 0).then_some(Self { segment, base_of, rows, count, values, created, first, last })
    }

    fn for_each(&self, mut each: impl FnMut(Key, usize)) {
        let created = |row| self.created.get(row).unwrap_or_default();
        match &self.values {
            Values::Created => self.rows.for_each(|row| each((created(row), created(row)), row)),
            Values::Ranks(labels, ranks) => self.rows.for_each(|row| {
                each((ranks.get(labels.code(row)).copied().unwrap_or(-1), created(row)), row);
            }),
            Values::Numbers(numbers) => {
                self.rows.for_each(|row| each((numbers.get(row).unwrap_or(NO_NUMBER), created(row)), row));
            }
        }
    }
}

/// How many rows there are.
pub(super) fn count(scans: &[Scan<'_>]) -> usize {
    scans.iter().map(|scan| scan.count).sum()
}

/// How many rows come before a key, and how many have it.
pub(super) fn count_before(scans: &[Scan<'_>], key: Key) -> (usize, usize) {
    let (mut before, mut same) = (0, 0);
    for scan in scans {
        scan.for_each(|found, _| {
            before += usize::from(found < key);
            same += usize::from(found == key);
        });
    }
    (before, same)
}

/// The rows of some ranks, in ascending order.
pub(super) fn candidates(scans: &[Scan<'_>], ranks: Range<usize>) -> Candidates {
    let ranks = ranks.start..ranks.end.min(count(scans));
    let Some(scale) = Scale::of(scans).filter(|_| !ranks.is_empty()) else {
        return Candidates { before: ranks.start, rows: Vec::new() };
    };
    let start = scale.window(scans, ranks.start);
    let end = if start.before + start.count >= ranks.end { start } else { scale.window(scans, ranks.end - 1) };
    let mut rows = Vec::new();
    for (place, scan) in scans.iter().enumerate().filter(|(_, scan)| scale.meets(scan, start.first, end.last)) {
        scan.for_each(|key, row| {
            if (start.first..=end.last).contains(&scale.number(key)) {
                rows.push(Candidate { key, scan: place, row });
            }
        });
    }
    rows.sort_unstable_by_key(|candidate| candidate.key);
    let key_at = |rank: usize| rows.get(rank - start.before).map(|candidate| candidate.key);
    let (first, last) = (key_at(ranks.start), key_at(ranks.end - 1));
    let before = start.before + rows.partition_point(|candidate| Some(candidate.key) < first);
    rows.retain(|candidate| first <= Some(candidate.key) && Some(candidate.key) <= last);
    Candidates { before, rows }
}

/// Turns keys into integers that are as dense as possible.
#[derive(Debug, Clone, Copy)]
struct Scale {
    first: Key,
    created_bits: u32,
    last: u128,
}

/// A range of keys, as integers, first and last included.
#[derive(Debug, Clone, Copy)]
struct Window {
    first: u128,
    last: u128,
    /// How many rows come before it.
    before: usize,
    /// How many rows are in it.
    count: usize,
}

impl Scale {
    fn of(scans: &[Scan<'_>]) -> Option<Self> {
        let smallest = |part: fn(&Key) -> i64| scans.iter().map(|scan| part(&scan.first)).min();
        let largest = |part: fn(&Key) -> i64| scans.iter().map(|scan| part(&scan.last)).max();
        let first = (smallest(|key| key.0)?, smallest(|key| key.1)?);
        let last = (largest(|key| key.0)?, largest(|key| key.1)?);
        let created_bits = 64 - last.1.abs_diff(first.1).leading_zeros();
        let scale = Self { first, created_bits, last: 0 };
        Some(Self { last: scale.number(last), ..scale })
    }

    fn number(self, key: Key) -> u128 {
        let value = u128::from(key.0.abs_diff(self.first.0));
        value << self.created_bits | u128::from(key.1.abs_diff(self.first.1))
    }

    fn meets(self, scan: &Scan<'_>, first: u128, last: u128) -> bool {
        self.number(scan.first) <= last && first <= self.number(scan.last)
    }

    /// A window with the row of a rank, and few others unless they have the same key.
    fn window(self, scans: &[Scan<'_>], rank: usize) -> Window {
        let mut window = Window { first: 0, last: self.last, before: 0, count: count(scans) };
        while window.count > FEW && window.first < window.last {
            window = self.narrowed(scans, window, rank);
        }
        window
    }

    fn narrowed(self, scans: &[Scan<'_>], window: Window, rank: usize) -> Window {
        let Window { first, last, before, .. } = window;
        let shift = (u128::BITS - (last - first).leading_zeros()).saturating_sub(BIN_BITS);
        let bin_of = |number: u128| usize::try_from((number - first) >> shift).unwrap_or(usize::MAX);
        let mut bins = vec![0_usize; bin_of(last) + 1];
        for scan in scans.iter().filter(|scan| self.meets(scan, first, last)) {
            let ends = (self.number(scan.first), self.number(scan.last));
            let is_within = first <= ends.0 && ends.1 <= last;
            if is_within && bin_of(ends.0) == bin_of(ends.1) {
                bins[bin_of(ends.0)] += scan.count;
                continue;
            }
            scan.for_each(|key, _| {
                let number = self.number(key);
                if first <= number && number <= last {
                    bins[bin_of(number)] += 1;
                }
            });
        }
        let mut before = before;
        for (bin, count) in bins.iter().copied().enumerate() {
            if rank < before + count {
                let first = first + ((bin as u128) << shift);
                return Window { first, last: last.min(first + ((1 << shift) - 1)), before, count };
            }
            before += count;
        }
        window
    }
}
