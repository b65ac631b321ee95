//! What is sealed: which buckets there are, and under which names their segments are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::PartRef;
use crate::{
    domain::{id::Generation, time::Time},
    listing::segments::{
        header::Header,
        parts::Part,
        rows::{Number, RowId, Series},
    },
};

/// The sealed buckets of both series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub alerts: SealedSeries,
    pub incidents: SealedSeries,
}

/// The sealed buckets of a series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SealedSeries {
    /// Up to when rows are summarised, in milliseconds since 1970, while that goes on. `None` once all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_ms: Option<i64>,
    /// In the order of time.
    pub buckets: Vec<BucketEntry>,
}

/// A sealed bucket. It ends where the next begins; the last one does not end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketEntry {
    /// When it begins, in milliseconds since 1970.
    pub from_ms: i64,
    pub header: Header,
    pub base: BaseEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<PatchEntry>,
}

/// The base of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseEntry {
    /// Its generation: another base has another.
    pub id: Generation,
    /// How many rows it has, hidden ones included.
    pub rows: usize,
    /// How many items its large parts take. Others take one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chunks: BTreeMap<String, usize>,
    /// When the table deletes it, in seconds since 1970.
    pub expires_at: i64,
}

/// The patch of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchEntry {
    /// Its generation: another patch has another.
    pub id: Generation,
    /// How many rows of the base it hides or adds.
    pub rows: usize,
    pub chunks: usize,
    /// When the table deletes it, in seconds since 1970.
    pub expires_at: i64,
}

/// What is to be done with a bucket or some neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// No row of it is left.
    Drop(usize),
    /// These buckets become one with a base only.
    Merge { first: usize, count: usize },
}

/// Neighbours with more rows are not merged.
const MAX_BUCKET_ROWS: usize = 20 * OPEN_BUCKET_ROWS;

/// With so many rows, the last bucket ends, and another begins.
pub const OPEN_BUCKET_ROWS: usize = 4_096;

/// So many neighbours of about the same size become one.
const MERGED: usize = 4;

/// A patch with fewer rows is kept beside its base, however small that is.
const MIN_PATCH_ROWS: usize = 256;

/// A patch with at least this share of the rows of its base becomes part of it.
const PATCH_SHARE: usize = 32;

/// Segments that expire sooner than this are written anew.
const RENEWAL_DAYS: i64 = 30;

const MINUTES_A_DAY: i64 = 24 * 60;

impl Manifest {
    /// Nothing is sealed. All rows are to be summarised anew.
    #[must_use]
    pub fn unsealed() -> Self {
        let none = || SealedSeries { reached_ms: Some(0), buckets: Vec::new() };
        Self { alerts: none(), incidents: none() }
    }

    /// Whether every row is in a segment or in the change log.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.alerts.reached_ms.is_none() && self.incidents.reached_ms.is_none()
    }

    /// The buckets of a series.
    #[must_use]
    pub const fn of(&self, series: Series) -> &SealedSeries {
        match series {
            Series::Alerts => &self.alerts,
            Series::Incidents => &self.incidents,
        }
    }

    /// The buckets of a series.
    pub const fn of_mut(&mut self, series: Series) -> &mut SealedSeries {
        match series {
            Series::Alerts => &mut self.alerts,
            Series::Incidents => &mut self.incidents,
        }
    }
}

impl SealedSeries {
    /// The bucket that a row belongs to. `None` if there are no buckets.
    #[must_use]
    pub fn bucket_of(&self, id: RowId) -> Option<usize> {
        self.buckets.partition_point(|bucket| bucket.from_ms <= id.created_ms()).checked_sub(1)
    }

    /// The last row of a last bucket that is full: later rows begin another. `None` if the last bucket takes them.
    #[must_use]
    pub fn closed_until(&self) -> Option<i64> {
        let last = self.buckets.last().filter(|last| last.header.rows >= OPEN_BUCKET_ROWS)?;
        last.header.created_ms.map(|bounds| bounds.max)
    }

    /// What is due first.
    #[must_use]
    pub fn upkeep(&self, now: Time) -> Option<Upkeep> {
        let empty = self.buckets.iter().position(|bucket| bucket.is_empty(now));
        let stale = self.buckets.iter().position(|bucket| bucket.is_stale(now));
        let neighbours = self.mergeable();
        empty
            .map(Upkeep::Drop)
            .or(stale.map(|first| Upkeep::Merge { first, count: 1 }))
            .or(neighbours.map(|first| Upkeep::Merge { first, count: MERGED }))
    }

    /// The first of neighbours that are about as large. The last bucket still grows.
    fn mergeable(&self) -> Option<usize> {
        let closed = &self.buckets[..self.buckets.len().saturating_sub(1)];
        let sizes: Vec<u32> = closed.iter().map(|bucket| size_class(bucket.header.rows)).collect();
        closed.windows(MERGED).zip(sizes.windows(MERGED)).position(|(buckets, sizes)| {
            let rows: usize = buckets.iter().map(|bucket| bucket.header.rows).sum();
            rows <= MAX_BUCKET_ROWS && sizes.iter().all(|size| *size == sizes[0])
        })
    }
}

/// Doubles with four times the rows.
const fn size_class(rows: usize) -> u32 {
    (rows / OPEN_BUCKET_ROWS + 1).ilog2() / 2
}

impl BucketEntry {
    /// Whether no row is left.
    fn is_empty(&self, now: Time) -> bool {
        let expired = self.header.numbers.get(&Number::ExpiresAt);
        self.header.rows == 0 || expired.is_some_and(|found| found.bounds.max <= now.as_seconds() && found.absent == 0)
    }

    /// Whether its base is to be written anew.
    fn is_stale(&self, now: Time) -> bool {
        let renewal = now.plus_minutes(RENEWAL_DAYS * MINUTES_A_DAY).as_seconds();
        let patched = self.patch.as_ref().map_or(0, |patch| patch.rows);
        let expires_at = self.patch.as_ref().map_or(i64::MAX, |patch| patch.expires_at).min(self.base.expires_at);
        self.is_large_patch(patched) || expires_at < renewal
    }

    /// Whether a patch with so many rows is to become part of the base.
    #[must_use]
    pub fn is_large_patch(&self, rows: usize) -> bool {
        rows >= MIN_PATCH_ROWS.max(self.base.rows / PATCH_SHARE)
    }

    /// A part of its base, as it is stored.
    #[must_use]
    pub fn base_part(&self, part: Part) -> PartRef {
        let name = part.to_string();
        let chunks = self.base.chunks.get(&name).copied().unwrap_or(1);
        PartRef { owner: self.base.id, name, chunks }
    }

    /// Its patch, as it is stored.
    #[must_use]
    pub fn patch_part(&self) -> Option<PartRef> {
        self.patch.as_ref().map(PatchEntry::part)
    }
}

impl PatchEntry {
    /// The name under which patches are stored.
    pub const NAME: &'static str = "patch";

    fn part(&self) -> PartRef {
        PartRef { owner: self.id, name: Self::NAME.to_owned(), chunks: self.chunks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: &[usize]) -> SealedSeries {
        let bucket = |(number, rows): (usize, &usize)| BucketEntry {
            from_ms: i64::try_from(number).unwrap() * 1_000,
            header: Header { rows: *rows, ..Header::default() },
            base: BaseEntry {
                id: Generation::first_at(Time::EARLIEST),
                rows: *rows,
                chunks: BTreeMap::new(),
                expires_at: i64::MAX,
            },
            patch: None,
        };
        SealedSeries { reached_ms: None, buckets: rows.iter().enumerate().map(bucket).collect() }
    }

    fn now() -> Time {
        "2026-11-23T09:53:08.120Z".parse().unwrap()
    }

    #[test]
    fn each_row_belongs_to_one_bucket() {
        let series = series(&[5, 5, 5]);
        let of = |ms| series.bucket_of(RowId::new(ms, 7));
        assert_eq!([of(0), of(999), of(1_000), of(2_999), of(1 << 40)], [Some(0), Some(0), Some(1), Some(2), Some(2)]);
        assert_eq!(SealedSeries::default().bucket_of(RowId::new(0, 0)), None);
    }

    #[test]
    fn neighbours_of_a_size_are_merged_but_never_the_last_bucket() {
        for (rows, expected) in [
            (&[5_000, 5_000, 5_000, 5_000][..], None),
            (&[5_000, 5_000, 5_000, 5_000, 10], Some(Upkeep::Merge { first: 0, count: 4 })),
            (&[16_000, 5_000, 4_100, 6_000, 7_000, 10], Some(Upkeep::Merge { first: 1, count: 4 })),
            (&[30_000, 30_000, 30_000, 30_000, 10], None),
            (&[5_000, 0, 10], Some(Upkeep::Drop(1))),
        ] {
            assert_eq!(series(rows).upkeep(now()), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_growing_history_has_few_buckets() {
        let mut rows: Vec<usize> = Vec::new();
        for number in 0..1_000 {
            rows.push(OPEN_BUCKET_ROWS + number % 100);
            while let Some(Upkeep::Merge { first, count }) = series(&rows).upkeep(now()) {
                let merged = rows.drain(first..first + count).sum();
                rows.insert(first, merged);
            }
        }
        let all: usize = rows.iter().sum();
        assert!(rows.len() < all / (MAX_BUCKET_ROWS * 3 / 4) + 10, "{rows:?}");
    }

    #[test]
    fn a_large_patch_and_a_segment_that_expires_soon_are_written_anew() {
        let merge = Some(Upkeep::Merge { first: 0, count: 1 });
        let patch = |rows, expires_at| {
            Some(PatchEntry { id: Generation::first_at(Time::EARLIEST), rows, chunks: 1, expires_at })
        };
        let mut series = series(&[32_000]);
        for (rows, expires_at, expected) in
            [(999, i64::MAX, None), (1_000, i64::MAX, merge), (1, now().as_seconds(), merge)]
        {
            series.buckets[0].patch = patch(rows, expires_at);
            assert_eq!(series.upkeep(now()), expected);
        }
    }
}
