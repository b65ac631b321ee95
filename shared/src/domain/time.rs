//! Times of the domain: UTC, to the millisecond, written with a fixed width.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Minutes in a day of UTC.
pub const MINUTES_A_DAY: i64 = 24 * 60;

/// A point in time in UTC with millisecond precision.
///
/// Its text is RFC 3339 with exactly three digits of a second (`2026-11-23T09:53:08.120Z`), so
/// texts sort as times do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// The text is not an RFC 3339 time, or not one between the years 1970 and 9998.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time such as 2026-11-23T09:53:08.120Z")]
pub struct InvalidTime;

impl Time {
    /// The first millisecond of 1970.
    pub const EARLIEST: Self = Self(0);
    /// The last millisecond of 9998: the calendar library ends within 9999.
    pub const LATEST: Self = Self(253_370_764_799_999);

    /// `None` outside of [`Self::EARLIEST`]..=[`Self::LATEST`].
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis < Self::EARLIEST.0 || millis > Self::LATEST.0 { None } else { Some(Self(millis)) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since 1970, rounded down: the unit of DynamoDB's TTL.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time moved by some minutes, kept within the range of times.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_millis(minutes.saturating_mul(60_000))
    }

    /// This time moved by some milliseconds, kept within the range of times.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(Self::EARLIEST.0, Self::LATEST.0))
    }

    /// The calendar day in UTC, as text: `2026-11-23`.
    #[must_use]
    pub fn day(self) -> String {
        self.timestamp().to_zoned(TimeZone::UTC).date().to_string()
    }

    /// The minute in UTC, as text: `2026-11-23T09:41`.
    #[must_use]
    pub fn minute(self) -> String {
        self.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// The first millisecond of its day in UTC.
    #[must_use]
    pub const fn start_of_day(self) -> Self {
        const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
        Self(self.0 - self.0.rem_euclid(MILLIS_A_DAY))
    }

    /// The calendar month in UTC.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.timestamp().to_zoned(TimeZone::UTC).date();
        Month { year: date.year(), month: date.month() }
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for Time {
    /// Rounds down to the millisecond and into the range of times.
    fn from(timestamp: Timestamp) -> Self {
        let millis = i64::try_from(timestamp.as_nanosecond().div_euclid(1_000_000)).unwrap_or(0);
        Self(millis.clamp(Self::EARLIEST.0, Self::LATEST.0))
    }
}

impl FromStr for Time {
    type Err = InvalidTime;

    /// Any RFC 3339 offset; digits beyond the millisecond are dropped.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let timestamp: Timestamp = text.parse().map_err(|_| InvalidTime)?;
        let millis = i64::try_from(timestamp.as_nanosecond().div_euclid(1_000_000)).map_err(|_| InvalidTime)?;
        Self::from_millis(millis).ok_or(InvalidTime)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // jiff drops trailing zeros of a fraction unless told the precision.
        write!(formatter, "{:.3}", self.timestamp())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A calendar month in UTC. Its text (`2026-11`) sorts as months do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Its first millisecond.
    #[must_use]
    pub fn start(self) -> Time {
        let first = Date::new(self.year, self.month, 1).and_then(|date| date.to_zoned(TimeZone::UTC));
        // Months are those of times, which all have a first day.
        first.map_or(Time::EARLIEST, |first| first.timestamp().into())
    }

    /// The month after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }

    /// The months from `first` to `last`, both included; none if `last` is earlier.
    pub fn range(first: Self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(first), |month| Some(month.next())).take_while(move |month| *month <= last)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_a_fixed_width() {
        let time = Time::from_millis(1_700_000_000_000).unwrap();
        assert_eq!(time.to_string(), "2023-11-14T22:13:20.000Z");
        assert_eq!(time.plus_millis(120).to_string(), "2023-11-14T22:13:20.120Z");
        assert_eq!(Time::EARLIEST.to_string().len(), Time::LATEST.to_string().len());
    }

    #[test]
    fn reads_what_sources_and_callers_write() {
        for text in ["2019-08-19T20:58:37.391000Z", "2019-08-19T22:58:37.391999+02:00", "2019-08-19T20:58:37.391+00:00"]
        {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), "2019-08-19T20:58:37.391Z", "{text}");
        }
        for text in
            ["", "yesterday", "2019-08-19", "2019-08-19T20:58:37", "1969-12-31T23:59:59Z", "-009999-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<Time>(), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn months_cross_the_year() {
        let month = |text: &str| text.parse::<Time>().unwrap().month();
        let months: Vec<_> = Month::range(month("2025-11-30T23:59:59.999Z"), month("2026-02-01T00:00:00Z"))
            .map(|month| month.to_string())
            .collect();
        assert_eq!(months, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(Month::range(month("2026-02-01T00:00:00Z"), month("2026-01-01T00:00:00Z")).count(), 0);
    }
}
