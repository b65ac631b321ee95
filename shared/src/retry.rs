//! The one loop that tries again: after another writer was faster, and after trouble with a service.
//!
//! The SDK sends a request a second time at once, and no more. All longer pauses are here. So the
//! attempts of the two do not multiply, and no pause goes beyond the deadline of the call.

use std::time::Duration;

use crate::deadline::Deadline;

/// How often something is tried before it is given up. Of those that collide one always wins, so
/// many may have to wait for their turn. All pauses together take 7 s on average.
const MAX_ATTEMPTS: u32 = 40;

/// How often several deliveries are tried together before each is tried alone, since one of them
/// may be the cause. All pauses together take 4 s on average.
const MAX_ATTEMPTS_TOGETHER: u32 = 25;

/// How long a person's request waits for a service to recover. After that, the person is told to
/// try again.
const PERSON_PATIENCE: Duration = Duration::from_secs(3);

/// How long a message waits for a service to recover before it goes back to the queue, where
/// waiting costs nothing.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(15);

const FIRST_PAUSE_MS: u64 = 10;
const MAX_PAUSE_MS: u64 = 400;

/// An error after which another attempt may succeed, or not.
pub trait Retryable {
    /// What another attempt may come to.
    fn outlook(&self) -> Outlook;
}

/// What another attempt may come to after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Another writer was faster. It is done now, so the next attempt may succeed.
    Contended,
    /// A service is in trouble, and may recover.
    Troubled,
    /// The next attempt would fail, too.
    Hopeless,
}

/// Counts attempts and pauses between them.
///
/// ```text
/// let mut retries = Retries::of_person(deadline);
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
    deadline: Deadline,
    /// How long a service in trouble is waited for.
    patience: Deadline,
}

impl Retries {
    /// For what a person waits for.
    #[must_use]
    pub fn of_person(deadline: Deadline) -> Self {
        Self::new(MAX_ATTEMPTS, deadline, PERSON_PATIENCE)
    }

    /// For a message that is tried alone.
    #[must_use]
    pub fn of_message(deadline: Deadline) -> Self {
        Self::new(MAX_ATTEMPTS, deadline, MESSAGE_PATIENCE)
    }

    /// For messages that are tried together.
    #[must_use]
    pub fn of_messages(deadline: Deadline) -> Self {
        Self::new(MAX_ATTEMPTS_TOGETHER, deadline, MESSAGE_PATIENCE)
    }

    fn new(max_attempts: u32, deadline: Deadline, patience: Duration) -> Self {
        Self { failed: 0, max_attempts, deadline, patience: deadline.within(patience) }
    }

    /// How many attempts failed.
    #[must_use]
    pub const fn failed(&self) -> u32 {
        self.failed
    }

    /// Whether to try again after an error. Pauses first.
    pub async fn pause_after(&mut self, error: &impl Retryable) -> bool {
        match error.outlook() {
            Outlook::Hopeless => false,
            Outlook::Contended => self.pause(self.deadline).await,
            Outlook::Troubled => self.pause(self.patience).await,
        }
    }

    /// Pauses exponentially longer, and at random, so that writers that collided do not collide
    /// again. False, without a pause, if there were enough attempts or no time is left.
    async fn pause(&mut self, until: Deadline) -> bool {
        let longest_ms = FIRST_PAUSE_MS.saturating_mul(1 << self.failed.min(10)).min(MAX_PAUSE_MS);
        let pause = Duration::from_millis(fastrand::u64(..=longest_ms));
        if self.failed + 1 >= self.max_attempts || pause >= until.remaining() {
            return false;
        }
        tokio::time::sleep(pause).await;
        self.failed += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    impl Retryable for Outlook {
        fn outlook(&self) -> Outlook {
            *self
        }
    }

    /// How often something is tried that takes so long and fails so each time, and how long all of it
    /// takes.
    async fn tried(mut retries: Retries, attempt: Duration, outlook: Outlook) -> (u32, Duration) {
        let start = Instant::now();
        loop {
            sleep(attempt).await;
            if !retries.pause_after(&outlook).await {
                return (retries.failed() + 1, start.elapsed());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_hopeless_is_tried_once() {
        let retries = Retries::of_person(Deadline::after(Duration::from_secs(9)));
        assert_eq!(tried(retries, Duration::ZERO, Outlook::Hopeless).await, (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_collides_is_tried_until_attempts_or_time_run_out() {
        let long = || Retries::of_message(Deadline::after(Duration::from_mins(1)));
        let (attempts, took) = tried(long(), Duration::ZERO, Outlook::Contended).await;
        assert!(attempts == MAX_ATTEMPTS && took < Duration::from_secs(16), "{attempts} in {took:?}");
        let (attempts, _) = tried(long(), Duration::from_secs(4), Outlook::Contended).await;
        assert!((12..=15).contains(&attempts), "{attempts}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_in_trouble_is_waited_for_as_long_as_the_caller_is_patient() {
        for (retries, patience) in [
            (Retries::of_person(Deadline::after(Duration::from_secs(9))), PERSON_PATIENCE),
            (Retries::of_messages(Deadline::after(Duration::from_secs(29))), MESSAGE_PATIENCE),
            (Retries::of_message(Deadline::after(Duration::from_secs(1))), Duration::from_secs(1)),
        ] {
            let (_, took) = tried(retries, Duration::from_millis(50), Outlook::Troubled).await;
            assert!(took <= patience + Duration::from_millis(50), "{took:?}");
        }
        let person = Retries::of_person(Deadline::after(Duration::from_secs(9)));
        let (attempts, took) = tried(person, Duration::from_secs(4), Outlook::Troubled).await;
        assert_eq!((attempts, took), (1, Duration::from_secs(4)), "what hung longer is not tried again");
    }
}
