//! Waiting for what happens in its own time.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use crate::stack::deadline_factor;

/// How long anything may take before a test fails. Generous: machines are slow, and only failures wait.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The pauses between questions grow from the first to the last, so that many waiting tests leave the stack room.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));

/// Asks until the answer is `Ok`, and returns it. A deployed stack may be slower by a factor: `STACK_DEADLINE_FACTOR`.
///
/// # Panics
/// With the last `Err` when the deadline passes.
pub async fn eventually<T, E: Display>(deadline: Duration, mut probe: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = deadline * deadline_factor();
    let start = Instant::now();
    let (mut pause, longest) = PAUSES;
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(reason) => assert!(start.elapsed() < deadline, "not within {deadline:?}: {reason}"),
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}
