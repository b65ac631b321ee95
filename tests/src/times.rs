//! Moves the times in the bodies of webhooks. What says that it is old is not grouped, so a body that
//! was written down is moved to the present before it is sent.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::deadline::Deadline;

/// The deadline of a call that a test makes itself.
pub fn patient() -> Deadline {
    Deadline::after(Duration::from_mins(1))
}

/// A distance by which all times of a body are moved.
#[derive(Debug, Clone, Copy)]
pub struct TimeShift {
    by: SignedDuration,
}

/// No body was written before this time or after `LATEST`. Other numbers are no times.
const EARLIEST: &str = "2025-01-01T00:00:00Z";
const LATEST: &str = "2027-12-31T00:00:00Z";

/// The length of `2026-11-27T04:00:00`.
const ISO_LENGTH: usize = 19;

impl TimeShift {
    /// The shift that moves one time to another, in whole seconds.
    pub fn between(from: &str, to: Timestamp) -> Self {
        Self { by: SignedDuration::from_secs(to.duration_since(time(from)).as_secs()) }
    }

    /// A time, moved.
    pub fn time(self, text: &str) -> Timestamp {
        time(text) + self.by
    }

    /// A text with all its times moved: `2026-11-27T04:00:00`, and numbers that are seconds or
    /// milliseconds since 1970.
    pub fn text(self, text: &str) -> String {
        let mut moved = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (length, replacement) = match length {
                4 if iso(rest).is_some() => (ISO_LENGTH, iso(rest).map(|at| self.iso(at))),
                10 => (10, written(&rest[..10], 1_000).map(|at| self.moved(at).as_second().to_string())),
                13 => (13, written(&rest[..13], 1).map(|at| self.moved(at).as_millisecond().to_string())),
                0 => (rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len()), None),
                length => (length, None),
            };
            moved.push_str(replacement.as_deref().unwrap_or(&rest[..length]));
            rest = &rest[length..];
        }
        moved
    }

    fn moved(self, at: Timestamp) -> Timestamp {
        at + self.by
    }

    fn iso(self, at: Timestamp) -> String {
        format!("{:.0}", self.moved(at)).trim_end_matches('Z').to_owned()
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The time that a text begins with.
fn iso(text: &str) -> Option<Timestamp> {
    format!("{}Z", text.get(..ISO_LENGTH)?).parse().ok()
}

/// A number of seconds or milliseconds, if it is a time at which a body may have been written.
fn written(digits: &str, milliseconds: i64) -> Option<Timestamp> {
    let at = Timestamp::from_millisecond(digits.parse::<i64>().ok()? * milliseconds).ok()?;
    (time(EARLIEST)..time(LATEST)).contains(&at).then_some(at)
}
