//! Waits for what happens in the stack or in the browser.

use std::time::{Duration, Instant};

/// Generous, because only failing tests wait so long.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(40);

/// Probes until the result is `Ok`, and returns it.
///
/// # Panics
/// With the last `Err` when the time is up.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(reason) => assert!(start.elapsed() < WAIT_TIMEOUT, "{what}: not within {WAIT_TIMEOUT:?}: {reason}"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
