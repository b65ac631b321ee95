//! The period that a list is about: the last days, or from one minute to another, in UTC.

use jiff::{civil::DateTime, tz::TimeZone};
use shared::{
    domain::time::{MINUTES_A_DAY, Time},
    http::problem::Problem,
    listing::segments::statistics::intervals::IntervalKind,
};

use crate::link::Link;

/// Periods that end now: the value of `range`, its name, and how many days it has.
pub const RANGES: [Range; 4] = [
    Range { value: "24h", name: "24 h", days: 1 },
    Range { value: "7d", name: "7 d", days: 7 },
    Range { value: "30d", name: "30 d", days: 30 },
    Range { value: "90d", name: "90 d", days: 90 },
];

/// The parameters that only the console knows.
const OWN: [&str; 3] = ["range", "from", "to"];

/// A period that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub value: &'static str,
    pub name: &'static str,
    days: i64,
}

/// The period of an address. An end that is absent is unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first millisecond.
    pub from: Option<Time>,
    /// The last millisecond.
    pub to: Option<Time>,
}

impl Period {
    /// Reads `from` and `to`, or else `range`.
    ///
    /// # Errors
    /// A 400 [`Problem`] that names what is wrong.
    pub fn read(link: &Link, now: Time) -> Result<Self, Problem> {
        let minute = |name: &str| link.get(name).map(|text| time(name, text)).transpose();
        let (from, to) = (minute("from")?, minute("to")?.map(|to| to.plus_millis(-1)));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Problem::invalid("from", "must be before to"));
        }
        if from.is_some() || to.is_some() {
            return Ok(Self { from, to });
        }
        let Some(value) = link.get("range") else { return Ok(Self { from: None, to: None }) };
        let range = RANGES.iter().find(|range| range.value == value).ok_or_else(|| {
            Problem::invalid("range", format!("must be one of {}", RANGES.map(|range| range.value).join(", ")))
        })?;
        Ok(Self { from: Some(now.plus_minutes(-range.days * MINUTES_A_DAY)), to: None })
    }

    /// The parameters of the API for an address: those that it knows, and the period.
    #[must_use]
    pub fn query(&self, link: &Link) -> Link {
        let mut query = link.keeping(|name| !OWN.contains(&name));
        for (name, bound) in [("created_from", self.from), ("created_to", self.to)] {
            if let Some(bound) = bound {
                query = query.and(name, bound);
            }
        }
        query
    }

    /// The longest interval that shows how things went.
    #[must_use]
    pub fn interval(&self, now: Time) -> IntervalKind {
        let Some(from) = self.from else { return IntervalKind::Day };
        let minutes = (self.to.unwrap_or(now).as_millis() - from.as_millis()) / 60_000;
        match minutes / MINUTES_A_DAY {
            ..=7 => IntervalKind::Hour,
            8..=200 => IntervalKind::Day,
            201..=1500 => IntervalKind::Week,
            _ => IntervalKind::Month,
        }
    }
}

/// A minute of UTC, as `<input type="datetime-local">` writes it.
fn time(name: &str, text: &str) -> Result<Time, Problem> {
    let zoned = text.trim_end_matches('Z').parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC));
    zoned
        .map(|zoned| zoned.timestamp().into())
        .map_err(|_| Problem::invalid(name, "must be a time in UTC such as 2026-11-23T09:53"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Period, Problem> {
        Period::read(&Link::read("/a", query), "2026-11-27T12:00:00Z".parse().unwrap())
    }

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_ends_before_its_last_minute_or_now() {
        let period = read("from=2026-11-27T09:00&to=2026-11-27T10:00&range=7d").unwrap();
        let expected = Period { from: Some(at("2026-11-27T09:00:00Z")), to: Some(at("2026-11-27T09:59:59.999Z")) };
        assert_eq!(period, expected);
        assert_eq!(read("range=24h").unwrap(), Period { from: Some(at("2026-11-26T12:00:00Z")), to: None });
        assert_eq!(read("").unwrap(), Period { from: None, to: None });
        for bad in ["range=2d", "from=yesterday", "from=2026-11-27T10:00&to=2026-11-27T09:00", "to=9999-99-99T00:00"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_api_gets_only_what_it_knows_and_the_place_stays() {
        let link = Link::read("/a", "range=24h&team=x&offset=50");
        let period = Period { from: Some(at("2026-11-27T09:00:00Z")), to: None };
        assert_eq!(period.query(&link).query(), "team=x&offset=50&created_from=2026-11-27T09:00:00.000Z");
    }
}
