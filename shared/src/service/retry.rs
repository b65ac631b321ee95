//! Tries again after another writer was faster.

use std::time::Duration;

/// How often something is tried before it is given up. Of those that collide one always wins, so
/// many may have to wait for their turn. All pauses together take 7 s on average, well within the
/// 30 s of `group-alerts`.
pub const MAX_ATTEMPTS: u32 = 40;

/// How often several deliveries are tried together before each is tried alone, since one of them
/// may be the cause. All pauses together take 4 s on average.
pub const MAX_ATTEMPTS_TOGETHER: u32 = 25;

const FIRST_PAUSE_MS: u64 = 10;
const MAX_PAUSE_MS: u64 = 400;

/// An error after which another attempt may succeed, or not.
pub trait Retryable {
    /// Whether another attempt may succeed.
    fn is_retryable(&self) -> bool;
}

/// Counts attempts and pauses between them.
///
/// ```text
/// let mut retries = Retries::new(MAX_ATTEMPTS);
/// loop {
///     match attempt().await {
///         Err(error) if retries.pause_after(&error).await => {}
///         result => return result,
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Retries {
    failed: u32,
    max_attempts: u32,
}

impl Retries {
    /// Allows this many attempts, the first included.
    pub const fn new(max_attempts: u32) -> Self {
        Self { failed: 0, max_attempts }
    }

    /// How many attempts failed.
    pub const fn failed(&self) -> u32 {
        self.failed
    }

    /// Whether to try again after an error. Pauses first: exponentially longer, and at random, so that
    /// writers that collided do not collide again.
    pub async fn pause_after(&mut self, error: &impl Retryable) -> bool {
        if !error.is_retryable() || self.failed + 1 >= self.max_attempts {
            return false;
        }
        let longest_ms = FIRST_PAUSE_MS.saturating_mul(1 << self.failed.min(10)).min(MAX_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..=longest_ms))).await;
        self.failed += 1;
        true
    }
}
