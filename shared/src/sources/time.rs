//! The times of a delivery: what people are shown, and what deliveries are ordered by.

use serde_json::Value;

use super::{ElementReading, Reading, value::text_of};
use crate::domain::{delivery::MEMORY_DAYS, time::Time};

/// How far ahead of ours the clock of a source may be, in milliseconds. A time further ahead is an
/// error of that clock: deliveries with the right time would come before it for ever.
const MAX_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

/// The times of one delivery, as [`AlertEvent`](crate::domain::event::AlertEvent) has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it happened, never later than its receipt.
    pub occurred_at: Time,
    /// What deliveries of the problem are ordered by.
    pub ordered_at: Time,
    /// Whether the payload states `ordered_at`.
    pub is_timed: bool,
}

/// The delivery speaks of a change that is older than the memory of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten;

impl From<Forgotten> for ElementReading {
    fn from(_: Forgotten) -> Self {
        Self::Ignored { reason: format!("what it says is more than {MEMORY_DAYS} days old") }
    }
}

impl From<Forgotten> for Reading {
    fn from(forgotten: Forgotten) -> Self {
        ElementReading::from(forgotten).into()
    }
}

impl Times {
    /// The times of a delivery that states when the change happened, as every delivery of its
    /// problem does.
    ///
    /// # Errors
    /// [`Forgotten`]: nobody knows any more whether the change has already been counted.
    pub fn of_change(stated: Option<Time>, received_at: Time) -> Result<Self, Forgotten> {
        match stated.filter(|stated| is_believed(*stated, received_at)) {
            Some(stated) if is_forgotten(stated, received_at) => Err(Forgotten),
            Some(stated) => Ok(Self { occurred_at: stated.min(received_at), ordered_at: stated, is_timed: true }),
            None => Ok(Self::of_receipt(None, received_at)),
        }
    }

    /// The times of a delivery whose problem is ordered by receipt. The stated time is shown only:
    /// it may be by any clock, such as that of a phone.
    pub fn of_receipt(stated: Option<Time>, received_at: Time) -> Self {
        Self {
            occurred_at: stated.map_or(received_at, |stated| stated.min(received_at)),
            ordered_at: received_at,
            is_timed: false,
        }
    }

    /// The same, where the source states when it received what it tells.
    ///
    /// # Errors
    /// [`Forgotten`]
    pub fn of_receipt_by_source(
        stated: Option<Time>,
        received_by_source: Option<Time>,
        received_at: Time,
    ) -> Result<Self, Forgotten> {
        match received_by_source.filter(|receipt| is_believed(*receipt, received_at)) {
            Some(receipt) if is_forgotten(receipt, received_at) => Err(Forgotten),
            Some(receipt) => Ok(Self { is_timed: true, ..Self::of_receipt(stated, receipt.min(received_at)) }),
            None => Ok(Self::of_receipt(stated, received_at)),
        }
    }
}

/// Whether deliveries of so long ago are no longer remembered.
fn is_forgotten(stated: Time, received_at: Time) -> bool {
    stated < received_at.plus_minutes(-MEMORY_DAYS * 24 * 60)
}

fn is_believed(stated: Time, received_at: Time) -> bool {
    stated <= received_at.plus_millis(MAX_AHEAD_MS)
}

/// A time in RFC 3339, or as seconds, milliseconds, microseconds or nanoseconds since 1970, as a
/// number or a text.
pub fn time_of(value: &Value) -> Option<Time> {
    let written = text_of(value)?;
    let as_rfc3339 = || written.replacen(' ', "T", 1).replace(" UTC", "Z").parse().ok();
    written.parse().ok().or_else(|| since_1970(&written)).or_else(as_rfc3339)
}

/// The time in a member.
pub fn time(object: &Value, name: &str) -> Option<Time> {
    time_of(object.get(name)?)
}

fn since_1970(written: &str) -> Option<Time> {
    /// Seconds from 1973 on; a smaller number is no time of an alert.
    const MIN_SECONDS: f64 = 1e8;
    /// A number of seconds above would be after the year 5138, so it is in a smaller unit.
    const MAX_SECONDS: f64 = 1e11;
    let mut seconds: f64 = written.parse().ok()?;
    for _ in ["milliseconds", "microseconds", "nanoseconds"] {
        if seconds >= MAX_SECONDS {
            seconds /= 1000.0;
        }
    }
    if !(MIN_SECONDS..MAX_SECONDS).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within the integers that f64 holds exactly")]
    Time::from_millis((seconds * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn times_come_in_many_forms() {
        let expected = Some(at("2019-08-19T20:58:37.391Z"));
        for value in [
            json!("2019-08-19T20:58:37.391000Z"),
            json!("2019-08-19T22:58:37.391+02:00"),
            json!("2019-08-19T20:58:37.391+0000"),
            json!("2019-08-19 20:58:37.391 UTC"),
            json!("2019-08-19 20:58:37.391Z"),
            json!(1_566_248_317.391_f64),
            json!("1566248317391"),
            json!(1_566_248_317_391_i64),
            json!(1_566_248_317_391_000_i64),
            json!("1566248317391000000"),
        ] {
            assert_eq!(time_of(&value), expected, "{value}");
        }
        for value in [
            json!(""),
            json!(null),
            json!("null"),
            json!("soon"),
            json!("NaN"),
            json!(-5),
            json!(0),
            json!("0"),
            json!(5),
            json!("1e300"),
            json!("0001-01-01T00:00:00Z"),
            json!("2019-08-19"),
        ] {
            assert_eq!(time_of(&value), None, "{value}");
        }
    }

    #[test]
    fn a_change_is_ordered_by_its_time_and_shown_as_not_later_than_its_receipt() {
        let now = at("2026-11-23T09:00:00Z");
        let read = |stated| Times::of_change(stated, now);
        let timed = |occurred_at, ordered_at| Ok(Times { occurred_at, ordered_at, is_timed: true });
        let (early, late) = (now.plus_minutes(-60), now.plus_minutes(60));
        assert_eq!(read(Some(early)), timed(early, early));
        assert_eq!(read(Some(late)), timed(now, late), "the clock of a source may be ahead");
        let untimed = Ok(Times { occurred_at: now, ordered_at: now, is_timed: false });
        assert_eq!(read(None), untimed);
        assert_eq!(read(Some(now.plus_minutes(24 * 60 + 1))), untimed, "so far ahead is an error");
        assert_eq!(read(Some(now.plus_minutes(-18 * 24 * 60))).map(|times| times.is_timed), Ok(true));
        assert_eq!(read(Some(now.plus_minutes(-18 * 24 * 60 - 1))), Err(Forgotten));
    }

    #[test]
    fn what_states_no_change_is_ordered_by_receipt() {
        let now = at("2026-11-23T09:00:00Z");
        let (stated, receipt) = (now.plus_minutes(-180), now.plus_minutes(-1));
        let times = |receipt| Times::of_receipt_by_source(Some(stated), receipt, now);
        assert_eq!(times(Some(receipt)), Ok(Times { occurred_at: stated, ordered_at: receipt, is_timed: true }));
        let late = Some(now.plus_minutes(5));
        assert_eq!(times(late), Ok(Times { occurred_at: stated, ordered_at: now, is_timed: true }));
        assert_eq!(times(None), Ok(Times { occurred_at: stated, ordered_at: now, is_timed: false }));
        assert_eq!(times(Some(now.plus_minutes(-20 * 24 * 60))), Err(Forgotten));
        let by_a_phone = Times::of_receipt_by_source(Some(now.plus_minutes(-90 * 24 * 60)), Some(receipt), now);
        assert_eq!(by_a_phone.map(|times| times.ordered_at), Ok(receipt), "only the source's clock tells the age");
    }
}
