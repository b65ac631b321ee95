//! The clock of the platform: what API Gateway and Lambda stamp on events.

use jiff::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the platform that calls the functions has a clock; they get their time from it"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
