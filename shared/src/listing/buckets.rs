//! Buckets of time: a list is their concatenation. Pure.
//!
//! What of a bucket matches is remembered once the bucket is *closed*: nothing new can come into it. What is in it may
//! still change, seldom. A writer invalidates such a *late change* before it makes it, by giving the bucket another
//! *generation*; what is remembered is good as long as the generation is the one at which it was counted.
//!
//! Clocks, transactions and indexes take time, so both sides keep a distance:
//!
//! - a bucket closes some time after its end, which is longer than the margin;
//! - a writer takes a bucket for closed 5 minutes before a reader does;
//! - what is counted within 4 minutes of an invalidation is not remembered: the change may not show yet.
//!
//! The invalidation is no part of the transaction that makes the change. There it would make all that changes in one
//! bucket collide, such as the recoveries an hour after a storm, and cost twice. An invalidation without a change
//! is harmless; a change follows its invalidation within the worker's 30 s.

use crate::domain::time::{Month, Time};

const MINUTE_MS: i64 = 60_000;

/// How far clocks disagree (a minute), with the time that a change takes to be written (30 s) and to show in an index
/// (a minute), doubled.
const MARGIN_MINUTES: i64 = 5;

/// The same for both clocks, a minute wrong each, rounded up.
const UNREST_MINUTES: i64 = 4;

/// The length of buckets; they begin at whole ones of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Counts.
    Hour,
    /// Facets, of which an hour would take as much room as a day.
    Day,
}

impl Unit {
    const fn millis(self) -> i64 {
        match self {
            Self::Hour => 60 * MINUTE_MS,
            Self::Day => 24 * 60 * MINUTE_MS,
        }
    }

    /// The number of the bucket that holds a time; numbers ascend without a gap.
    #[must_use]
    pub const fn number(self, at: Time) -> i64 {
        at.as_millis().div_euclid(self.millis())
    }

    /// The first millisecond of a bucket.
    #[must_use]
    pub fn start(self, number: i64) -> Time {
        Time::EARLIEST.plus_millis(number.saturating_mul(self.millis()))
    }

    /// The last millisecond of a bucket.
    #[must_use]
    pub fn end(self, number: i64) -> Time {
        self.start(number).plus_millis(self.millis() - 1)
    }

    /// The buckets of a month.
    #[must_use]
    pub fn of_month(self, month: Month) -> std::ops::Range<i64> {
        self.number(month.start())..self.number(month.next().start())
    }
}

/// What is sorted into buckets, each by its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// Alerts, by `created_at`.
    Alerts,
    /// Incidents, by `created_at`.
    Incidents,
    /// Incidents, by `updated_at`. An incident that changes leaves its bucket.
    UpdatedIncidents,
}

impl Series {
    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Incidents => "incidents",
            Self::UpdatedIncidents => "updated-incidents",
        }
    }

    /// How long after its end a bucket closes. What is open is counted each time; what is closed costs a write when it
    /// changes. Alerts are many, and most recover soon; incidents are few, and change most within a day.
    const fn closes_after_minutes(self) -> i64 {
        match self {
            Self::Alerts => 30,
            Self::Incidents | Self::UpdatedIncidents => 24 * 60,
        }
    }

    /// The first bucket that is not closed for a reader.
    #[must_use]
    pub fn first_open(self, unit: Unit, now: Time) -> i64 {
        unit.number(now.plus_minutes(-self.closes_after_minutes()))
    }

    /// Whether a writer must invalidate what it changes in the bucket of a time.
    #[must_use]
    pub fn needs_invalidation(self, at: Time, now: Time) -> bool {
        Unit::Hour.number(at) < self.first_open(Unit::Hour, now.plus_minutes(MARGIN_MINUTES))
    }
}

/// Whether what is counted now may be remembered in spite of an invalidation at `moved_at`.
#[must_use]
pub fn is_at_rest(moved_at: Time, now: Time) -> bool {
    moved_at.plus_minutes(UNREST_MINUTES) < now
}

/// The ranges of numbers, first and last included, that are not known.
#[must_use]
pub fn gaps(first: i64, last: i64, is_known: impl Fn(i64) -> bool) -> Vec<(i64, i64)> {
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    for number in (first..=last).filter(|number| !is_known(*number)) {
        match gaps.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => gaps.push((number, number)),
        }
    }
    gaps
}

/// Fewer gaps: those that are nearest to each other become one, together with what is known between them, until there are
/// at most `most`. A gap costs requests; what lies between two of them costs little more to be read again.
#[must_use]
pub fn bridged(gaps: &[(i64, i64)], most: usize) -> Vec<(i64, i64)> {
    let mut distances: Vec<i64> = gaps.windows(2).map(|pair| pair[1].0 - pair[0].1).collect();
    distances.sort_unstable();
    let too_many = gaps.len().saturating_sub(most.max(1));
    let Some(bridgeable) = too_many.checked_sub(1).and_then(|place| distances.get(place)).copied() else {
        return gaps.to_vec();
    };
    let mut bridged: Vec<(i64, i64)> = Vec::new();
    for (first, last) in gaps {
        match bridged.last_mut() {
            Some((_, end)) if first - *end <= bridgeable => *end = *last,
            _ => bridged.push((*first, *last)),
        }
    }
    bridged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_bucket_holds_its_times_and_no_others() {
        let number = Unit::Hour.number(time("2026-02-28T23:59:59.999Z"));
        assert_eq!(Unit::Hour.start(number), time("2026-02-28T23:00:00Z"));
        assert_eq!(Unit::Hour.end(number), time("2026-02-28T23:59:59.999Z"));
        assert_eq!(Unit::Hour.number(time("2026-03-01T00:00:00Z")), number + 1);
        let february = Unit::Hour.of_month(time("2026-02-10T00:00:00Z").month());
        assert_eq!((february.end, february.clone().count()), (number + 1, 28 * 24));
    }

    proptest! {
        /// Whatever a writer changes without a word, no reader has remembered, though their clocks are a minute apart each way.
        #[test]
        fn what_is_not_invalidated_was_not_yet_cached(
            at in 0_i64..10_000_000_000, age in -3_600_000_i64..200_000_000, writer in -60_000_i64..60_000,
            reader in -60_000_i64..60_000, written_after in 0_i64..30_000, shown_after in 0_i64..60_000,
        ) {
            for series in [Series::Alerts, Series::Incidents, Series::UpdatedIncidents] {
                let at = Time::EARLIEST.plus_millis(at + 1_000_000_000);
                let decided = at.plus_millis(age);
                let invalidated = series.needs_invalidation(at, decided.plus_millis(writer));
                let shown = decided.plus_millis(written_after + shown_after);
                let remembered_before = Unit::Hour.number(at) < series.first_open(Unit::Hour, shown.plus_millis(reader));
                prop_assert!(invalidated || !remembered_before);
            }
        }

        /// Whatever was counted before a change showed is not remembered under its generation.
        #[test]
        fn what_a_change_may_still_be_missing_from_is_not_remembered(
            writer in -60_000_i64..60_000, reader in -60_000_i64..60_000, delay in 0_i64..90_000, counted in 0_i64..400_000,
        ) {
            let invalidated = time("2026-03-01T00:00:00Z");
            let shows = invalidated.plus_millis(delay);
            let counts = invalidated.plus_millis(counted);
            let remembers = is_at_rest(invalidated.plus_millis(writer), counts.plus_millis(reader));
            prop_assert!(!remembers || counts > shows);
        }

        #[test]
        fn bridges_cover_every_gap_and_are_few(known in proptest::collection::vec(any::<bool>(), 1..60), most in 1_usize..8) {
            let length = i64::try_from(known.len()).unwrap();
            let gaps = gaps(0, length - 1, |number| known[usize::try_from(number).unwrap()]);
            let bridged = bridged(&gaps, most);
            prop_assert!(bridged.len() <= most.max(1) || gaps.is_empty());
            prop_assert!(gaps.iter().all(|(first, last)| bridged.iter().any(|(from, to)| from <= first && last <= to)));
            prop_assert!(gaps.len() > most || bridged == gaps);
            let ends = |number: &i64| gaps.iter().any(|(first, last)| first == number || last == number);
            prop_assert!(bridged.iter().all(|(first, last)| ends(first) && ends(last)));
        }

        #[test]
        fn gaps_are_what_is_not_known(known in proptest::collection::vec(any::<bool>(), 1..40)) {
            let length = i64::try_from(known.len()).unwrap();
            let is_known = |number: i64| known[usize::try_from(number).unwrap()];
            let gaps = gaps(0, length - 1, is_known);
            let listed: Vec<i64> = gaps.iter().flat_map(|(first, last)| *first..=*last).collect();
            let expected: Vec<i64> = (0..length).filter(|number| !is_known(*number)).collect();
            prop_assert_eq!(listed, expected);
            prop_assert!(gaps.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
    }
}
