//! By when a call must be answered.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The moment at which a call of a function must be answered. Passed down as an argument, as `now`
/// is: whatever waits for something asks it how long it may wait.
///
/// It is measured with the monotonic clock, so a clock that is set does not move it.
///
/// ```
/// # use std::time::Duration;
/// # use shared::deadline::Deadline;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let deadline = Deadline::after(Duration::from_secs(9));
/// let list = deadline.within(Duration::from_secs(6));
/// assert!(list.remaining() <= Duration::from_secs(6));
/// assert!(deadline.within(Duration::from_mins(1)).remaining() > Duration::from_secs(6));
/// assert!(list.bound(async { 7 }).await.is_ok_and(|answer| answer == 7));
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// Time ran out before the work was done. What was sent meanwhile may have taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time of the call ran out")]
pub struct OutOfTime;

impl Deadline {
    /// The deadline of work that begins now and may take this long.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// The deadline of a part that begins now and may take this long: the earlier of the two.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        self.min(Self::after(limit))
    }

    /// The deadline of what must leave this much time for what follows it.
    #[must_use]
    pub fn leaving(self, rest: Duration) -> Self {
        Self(self.0.checked_sub(rest).unwrap_or(self.0))
    }

    /// How much time is left. Zero once the deadline has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// For `tokio::time::timeout_at`.
    #[must_use]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// Waits for the work, but no longer than until the deadline.
    ///
    /// # Errors
    /// [`OutOfTime`]
    pub async fn bound<T>(self, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        timeout_at(self.0, work).await.map_err(|_| OutOfTime)
    }
}
