//! Trying again after others were faster.

use std::time::Duration;

/// How often something is tried before it is given up.
pub const ATTEMPTS: u32 = 12;

const FIRST_PAUSE_MS: u64 = 10;
const LONGEST_PAUSE_MS: u64 = 500;

/// Waits before another attempt: exponentially longer, and at random, so that those that collided do not
/// collide again. All pauses of [`ATTEMPTS`] take less than 5 s, well within a function's time.
pub async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE_MS.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE_MS);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(..=longest))).await;
}
