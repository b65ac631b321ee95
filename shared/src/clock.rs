//! The clock: the one place that looks at it. Everything below the handlers takes `now`.

use jiff::Timestamp;

use crate::domain::time::Time;

/// The time now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
pub fn now() -> Time {
    Timestamp::now().into()
}
