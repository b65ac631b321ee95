//! Trying again after others were faster.

use std::time::Duration;

/// How often something is tried before it is given up. Of those that collide one always wins, so many may have to wait
/// their turn.
pub const ATTEMPTS: u32 = 40;

/// How often several deliveries are tried together before each is tried alone: one of them may be the cause. All pauses
/// of these attempts take 4 s on average.
pub const ATTEMPTS_TOGETHER: u32 = 25;

const FIRST_PAUSE_MS: u64 = 10;
const MAX_PAUSE_MS: u64 = 400;

/// Waits before another attempt: exponentially longer, and at random, so that those that collided do not
/// collide again. All pauses of [`ATTEMPTS`] take 7 s on average, well within the worker's 30 s.
pub async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE_MS.saturating_mul(1 << attempt.min(10)).min(MAX_PAUSE_MS);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(..=longest))).await;
}
