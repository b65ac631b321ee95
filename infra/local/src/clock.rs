//! The clock of API Gateway and Lambda.

use jiff::Timestamp;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "this is the platform: functions get the time from their events")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
