//! Reads the clock for the functions. The handlers and their harness call it and pass `now` on to
//! everything below. The embedded stack stamps its events with its own clock, in `infra/local`.

use jiff::Timestamp;

use crate::domain::time::Time;

/// The current time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "handlers get the time here and pass it on")]
pub fn now() -> Time {
    Timestamp::now().into()
}
