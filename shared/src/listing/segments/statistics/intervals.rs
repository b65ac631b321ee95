//! Intervals of time: hours, days, weeks and months of a time zone.

use jiff::{RoundMode, Span, Timestamp, ToSpan, Unit, Zoned, ZonedRound, civil::Weekday, tz::TimeZone};
use strum::{Display, EnumString, VariantNames};

use crate::domain::time::Time;

/// A month of hours (744) or two years of days (731) fit.
pub const MAX_INTERVALS: usize = 750;

/// How long intervals are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum IntervalKind {
    /// From a full hour of the clock to the next.
    Hour,
    /// From midnight to midnight: 23 or 25 hours when the clocks change.
    Day,
    /// From Monday.
    Week,
    Month,
}

/// The times would be in more than [`MAX_INTERVALS`] intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gives more than {MAX_INTERVALS} intervals")]
pub struct TooManyIntervals;

/// Intervals that follow each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals {
    /// When each begins, in milliseconds since 1970, and when the last ends.
    borders: Vec<i64>,
}

impl Intervals {
    /// The intervals of a time zone that hold a range of times, both ends included.
    ///
    /// # Errors
    /// [`TooManyIntervals`]
    pub fn between(kind: IntervalKind, zone: &TimeZone, from: Time, to: Time) -> Result<Self, TooManyIntervals> {
        let at = |time: Time| {
            let timestamp = Timestamp::from_millisecond(time.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
            timestamp.to_zoned(zone.clone())
        };
        let mut border = kind.start(&at(from));
        let mut borders = vec![border.timestamp().as_millisecond()];
        while border.timestamp().as_millisecond() <= to.as_millis() {
            // The calendar ends behind the last time of the domain.
            let Some(next) = kind.next(&border).filter(|next| *next > border) else { break };
            border = next;
            borders.push(border.timestamp().as_millisecond());
            if borders.len() > MAX_INTERVALS + 1 {
                return Err(TooManyIntervals);
            }
        }
        Ok(Self { borders })
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.borders.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When each begins, and when it ends: that is when the next begins.
    pub fn iter(&self) -> impl Iterator<Item = (Time, Time)> {
        let time = |millis: i64| Time::from_millis(millis.max(0)).unwrap_or(Time::LATEST);
        self.borders.windows(2).map(move |pair| (time(pair[0]), time(pair[1])))
    }

    /// The same as [`Self::place`], and faster if it is this place.
    #[must_use]
    pub fn place_near(&self, place: usize, at: i64) -> Option<usize> {
        let is_here = self.borders.get(place..place + 2).is_some_and(|pair| pair[0] <= at && at < pair[1]);
        if is_here { Some(place) } else { self.place(at) }
    }

    /// The place of the interval that holds a time in milliseconds since 1970.
    #[must_use]
    pub fn place(&self, at: i64) -> Option<usize> {
        let after = self.borders.partition_point(|border| *border <= at);
        after.checked_sub(1).filter(|place| *place < self.len())
    }
}

impl IntervalKind {
    /// When the interval of a time begins.
    fn start(self, at: &Zoned) -> Zoned {
        let midnight = |days: Span| at.date().checked_add(days).and_then(|date| date.to_zoned(at.time_zone().clone()));
        let start = match self {
            Self::Hour => at.round(ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc)),
            Self::Day => at.start_of_day(),
            Self::Week => {
                midnight((-i64::from(at.weekday().since(Weekday::Monday))).days()).and_then(|day| day.start_of_day())
            }
            Self::Month => midnight((1 - i64::from(at.day())).days()).and_then(|day| day.start_of_day()),
        };
        start.ok().filter(|start| start <= at).unwrap_or_else(|| at.clone())
    }

    /// When the interval after one that begins at a border begins.
    fn next(self, border: &Zoned) -> Option<Zoned> {
        let later = border.checked_add(match self {
            Self::Hour => 1.hour(),
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        });
        let later = later.ok()?;
        // A midnight may be skipped, and the clock may have changed by half an hour.
        let start = self.start(&later);
        Some(if start > *border { start } else { later })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn intervals(kind: IntervalKind, zone: &str, from: &str, to: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let intervals = Intervals::between(kind, &zone, from.parse().unwrap(), to.parse().unwrap()).unwrap();
        intervals.iter().map(|(from, _)| from.to_string()[..16].to_owned()).collect()
    }

    #[test]
    fn days_are_those_of_the_time_zone_when_clocks_change_too() {
        let days = intervals(IntervalKind::Day, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T22:30:00Z");
        assert_eq!(days, ["2026-03-27T23:00", "2026-03-28T23:00", "2026-03-29T22:00"]);
        let days = intervals(IntervalKind::Day, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        assert_eq!(days, ["2026-10-24T22:00", "2026-10-25T23:00"]);
    }

    #[test]
    fn a_day_without_a_midnight_begins_at_its_first_moment() {
        // In Cairo, 24 April 2026 begins at 01:00.
        let days = intervals(IntervalKind::Day, "Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-24T22:00:00Z");
        assert_eq!(days, ["2026-04-22T22:00", "2026-04-23T22:00", "2026-04-24T21:00"]);
    }

    #[test]
    fn hours_follow_the_clock_of_zones_with_half_hours() {
        let hours = intervals(IntervalKind::Hour, "Asia/Kolkata", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z");
        assert_eq!(hours, ["2026-02-28T23:30", "2026-03-01T00:30"]);
        // The clock repeats an hour: there are two.
        let hours = intervals(IntervalKind::Hour, "Europe/Berlin", "2026-10-25T00:10:00Z", "2026-10-25T02:00:00Z");
        assert_eq!(hours, ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let weeks = intervals(IntervalKind::Week, "UTC", "2026-11-27T12:00:00Z", "2026-12-01T00:00:00Z");
        assert_eq!(weeks, ["2026-11-23T00:00", "2026-11-30T00:00"]);
        let months = intervals(IntervalKind::Month, "America/New_York", "2026-01-31T23:00:00Z", "2026-04-01T03:00:00Z");
        assert_eq!(months, ["2026-01-01T05:00", "2026-02-01T05:00", "2026-03-01T05:00"]);
    }

    #[test]
    fn there_are_not_too_many() {
        let (from, to) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-02-01T06:00:00Z".parse().unwrap());
        assert_eq!(Intervals::between(IntervalKind::Hour, &TimeZone::UTC, from, to), Err(TooManyIntervals));
        let to = "2026-02-01T05:59:59.999Z".parse().unwrap();
        assert_eq!(Intervals::between(IntervalKind::Hour, &TimeZone::UTC, from, to).map(|found| found.len()), Ok(750));
        assert!(Intervals::between(IntervalKind::Month, &TimeZone::UTC, Time::EARLIEST, Time::LATEST).is_err());
        assert!(Intervals::between(IntervalKind::Month, &TimeZone::UTC, Time::LATEST, Time::LATEST).is_ok());
    }

    proptest! {
        #[test]
        fn each_time_is_in_one_interval(
            kind in prop::sample::select(vec![IntervalKind::Hour, IntervalKind::Day, IntervalKind::Week, IntervalKind::Month]),
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo"]),
            from in 0_i64..4_000_000_000_000, length in 0_i64..2_000_000_000, at in 0_i64..2_000_000_000,
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let time = |millis| Time::from_millis(millis).unwrap();
            let intervals = Intervals::between(kind, &zone, time(from), time(from + length)).unwrap();
            prop_assert!(intervals.borders.is_sorted_by(|one, other| one < other));
            let found: Vec<usize> = intervals.iter().enumerate()
                .filter(|(_, (start, end))| *start <= time(from + at) && time(from + at) < *end)
                .map(|(place, _)| place).collect();
            prop_assert_eq!(intervals.place(from + at), found.first().copied());
            prop_assert!((0..3).all(|place| intervals.place_near(place, from + at) == intervals.place(from + at)));
            prop_assert!(at > length || found.len() == 1);
            // An interval is a hour, a day, a week or a month of the clock, give or take a change of the clock.
            let hours = |place: usize| (intervals.borders[place + 1] - intervals.borders[place]) / 3_600_000;
            let (least, most) = match kind {
                IntervalKind::Hour => (0, 2),
                IntervalKind::Day => (22, 26),
                IntervalKind::Week => (166, 170),
                IntervalKind::Month => (670, 746),
            };
            prop_assert!((0..intervals.len()).all(|place| (least..=most).contains(&hours(place))));
        }
    }
}
