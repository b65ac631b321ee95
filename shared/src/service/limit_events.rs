//! Limits how many events a minute a source may send, if it has a limit.
//!
//! A limit must not lose an alert. So a webhook is refused only if its sender sends it again. From other
//! senders it is accepted all the same, and its events are counted. It is also accepted if nobody can
//! tell how many there were.

use std::time::Duration;

use tracing::warn;

use super::count_error::CountError;
use crate::{
    aws::Aws,
    config::{Environment, InvalidVariable},
    deadline::Deadline,
    domain::time::Time,
    sources::{
        Headers, WebhookSource,
        limits::{InvalidLimits, ResendKind, SourceLimits},
    },
    store::{
        Tables,
        event_counts::{Counted, EventCounts},
    },
    telemetry::metrics::{Measures, Metrics},
};

/// The metric of events beyond the limit of their source, whether they were refused or not.
const LIMITED_EVENTS: &str = "LimitedEvents";

/// How long counting may take. Sentry waits a second for its answer, and the queue needs most of that.
const COUNT_TIMEOUT: Duration = Duration::from_millis(200);

/// Why limits cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The parameter.
    #[error(transparent)]
    Limits(#[from] InvalidLimits),
    /// The table or the stack has no name.
    #[error(transparent)]
    Configuration(#[from] InvalidVariable),
}

/// A webhook is beyond the limit of its source, and its sender is to send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source sends more events a minute than its limit")]
pub struct OverLimit {
    /// When the sender sends it again.
    pub resend: ResendKind,
    /// How long until the limit allows more, in seconds.
    pub wait_seconds: u8,
}

/// Limits events.
#[derive(Debug)]
pub struct LimitEvents {
    limits: SourceLimits,
    counts: EventCounts,
    metrics: Metrics,
}

impl LimitEvents {
    /// Reads the limits and connects to the table. `None` if no source has a limit: then there is no table.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Option<Self>, StartError> {
        let limits = SourceLimits::parse(&environment.source_limits())?;
        if limits.is_empty() {
            return Ok(None);
        }
        let counts = Tables::new(environment, aws).event_counts()?;
        counts.warm(now).await;
        Ok(Some(Self { limits, counts, metrics: Metrics::new(environment)? }))
    }

    /// Counts the events of a webhook.
    ///
    /// # Errors
    /// [`OverLimit`] if it is beyond the limit, and refusing it loses nothing.
    pub async fn admit(
        &self,
        source: &dyn WebhookSource,
        headers: &Headers,
        events: usize,
        now: Time,
        deadline: Deadline,
    ) -> Result<(), OverLimit> {
        let (name, events) = (source.name(), events as u64);
        let Some(limit) = self.limits.of(name).filter(|_| events > 0) else { return Ok(()) };
        let counted = match self.count(name, events, limit, now, deadline.within(COUNT_TIMEOUT)).await {
            Ok(counted) => counted,
            Err(error) => {
                warn!(source = name, events, %error, "events not counted, so they are accepted");
                Counted::Within
            }
        };
        let resend = source.resends(headers);
        if counted == Counted::Beyond {
            let mut measures = Measures::default();
            measures.count_many(LIMITED_EVENTS, events);
            self.metrics.write_of_source(&measures, name, now);
        }
        decide(counted, resend, now)
    }

    async fn count(
        &self,
        source: &str,
        events: u64,
        limit: u32,
        now: Time,
        deadline: Deadline,
    ) -> Result<Counted, CountError> {
        Ok(deadline.bound(self.counts.add(source, events, limit, now)).await??)
    }
}

/// Whether a webhook is refused. The count of the next minute begins at 0.
fn decide(counted: Counted, resend: ResendKind, now: Time) -> Result<(), OverLimit> {
    match (counted, resend) {
        (Counted::Within, _) | (Counted::Beyond, ResendKind::Never) => Ok(()),
        (Counted::Beyond, resend) => {
            let passed = u8::try_from(now.as_seconds().rem_euclid(60)).unwrap_or_default();
            Err(OverLimit { resend, wait_seconds: 60 - passed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_refused_until_the_minute_ends_if_it_comes_again() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        for (now, seconds) in
            [("2026-11-23T09:30:00Z", 60), ("2026-11-23T09:30:17.900Z", 43), ("2026-11-23T09:30:59.999Z", 1)]
        {
            for resend in [ResendKind::WhenLimited, ResendKind::WhenUnavailable] {
                assert_eq!(decide(Counted::Within, resend, at(now)), Ok(()));
                let refused = Err(OverLimit { resend, wait_seconds: seconds });
                assert_eq!(decide(Counted::Beyond, resend, at(now)), refused, "{now}");
            }
            assert_eq!(decide(Counted::Beyond, ResendKind::Never, at(now)), Ok(()), "it would be lost");
        }
    }
}
