//! Waits for what the stack does asynchronously.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use crate::stack::timeout_factor;

/// How long a test waits before it fails. It is generous because only failing tests wait so long.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// The first and the longest pause between two probes. They grow, so that many waiting tests do not
/// load the stack.
const POLL_INTERVALS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));

/// Probes until the result is `Ok`, and returns it.
///
/// `STACK_DEADLINE_FACTOR` multiplies the timeout for a stack that is slower than the embedded one.
///
/// # Panics
/// With the last `Err` when the time is up.
pub async fn eventually<T, E: Display>(timeout: Duration, mut probe: impl AsyncFnMut() -> Result<T, E>) -> T {
    let timeout = timeout * timeout_factor();
    let start = Instant::now();
    let (mut pause, longest) = POLL_INTERVALS;
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(reason) => assert!(start.elapsed() < timeout, "not within {timeout:?}: {reason}"),
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}
