//! Counts refused requests, and logs them once a minute per reason. Somebody who floods the API must
//! not make it write a line for each request: CloudWatch charges for lines.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use tracing::info;

use super::metrics::{Measures, Metrics};
use crate::domain::time::Time;

/// How many minutes pass between two lines about one reason.
const LINE_MINUTES: i64 = 1;

/// So many refusals of a minute are counted one by one. Of more, the count is written when it
/// doubles.
const COUNTED_EACH: u64 = 8;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The metric that counts it.
    pub metric: &'static str,
    /// For the log.
    pub text: &'static str,
    /// The source of a webhook.
    pub source: Option<&'static str>,
}

/// Counts refusals in this process.
pub struct Refusals {
    metrics: Metrics,
    minutes: Mutex<BTreeMap<Reason, Minute>>,
}

impl fmt::Debug for Refusals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Refusals")
    }
}

impl Refusals {
    /// Nothing is refused yet.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, minutes: Mutex::default() }
    }

    /// Counts a refusal. `from` is the address that the request came from, if it is known.
    pub fn count(&self, reason: Reason, from: Option<IpAddr>, now: Time) {
        let Noted { line, uncounted } = {
            let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
            minutes.entry(reason).or_insert_with(|| Minute::beginning(now)).note(now)
        };
        if let Some(refused) = line {
            let Reason { text, source, .. } = reason;
            let source_address = from.map(tracing::field::display);
            info!(reason = text, source, source_address, refused, "request refused");
        }
        if let Some(count) = uncounted {
            let mut measures = Measures::default();
            measures.gauge(reason.metric, count);
            self.metrics.write(&measures, now);
        }
    }
}

/// The refusals of one reason in the minute since the last line.
#[derive(Debug)]
struct Minute {
    began: Time,
    refused: u64,
    /// How many of all that were refused the metric does not contain yet.
    uncounted: u64,
}

/// What to write about a refusal.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    /// A log line: how many were refused since the last one.
    line: Option<u64>,
    /// What to add to the metric.
    uncounted: Option<u64>,
}

impl Minute {
    fn beginning(now: Time) -> Self {
        Self { began: now, refused: 0, uncounted: 0 }
    }

    fn note(&mut self, now: Time) -> Noted {
        let before = self.refused;
        let is_over = now >= self.began.plus_minutes(LINE_MINUTES);
        if is_over {
            (self.began, self.refused) = (now, 0);
        }
        self.refused += 1;
        self.uncounted += 1;
        let line = (self.refused == 1).then_some(before.max(1));
        // At most as many are uncounted as are counted, should the process end.
        let is_due = self.refused <= COUNTED_EACH || self.refused.is_power_of_two();
        let uncounted = is_due.then(|| std::mem::take(&mut self.uncounted));
        Noted { line, uncounted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written about refusals at these milliseconds.
    fn noted(at_millis: impl IntoIterator<Item = i64>) -> Vec<Noted> {
        let mut minute = Minute::beginning(Time::EARLIEST);
        at_millis.into_iter().map(|millis| minute.note(Time::EARLIEST.plus_millis(millis))).collect()
    }

    #[test]
    fn a_few_refusals_are_counted_one_by_one_and_logged_once() {
        let noted = noted(0..8);
        assert_eq!(noted[0], Noted { line: Some(1), uncounted: Some(1) });
        assert!(noted[1..].iter().all(|noted| *noted == Noted { line: None, uncounted: Some(1) }), "{noted:?}");
    }

    #[test]
    fn a_flood_writes_a_line_a_minute_and_few_counts() {
        let per_minute = 60_000;
        let noted = noted(0..3 * per_minute);
        let lines: Vec<u64> = noted.iter().filter_map(|noted| noted.line).collect();
        assert_eq!(lines, [1, 60_000, 60_000]);
        let counts: Vec<u64> = noted.iter().filter_map(|noted| noted.uncounted).collect();
        // 1 to 8 one by one, then at 16, 32, … 32,768.
        assert_eq!(counts.len(), 3 * (8 + 12));
        let counted: u64 = counts.iter().sum();
        assert!(counted > 2 * 60_000 + 30_000, "{counted}");
    }

    #[test]
    fn at_most_half_is_uncounted_at_any_moment() {
        let mut counted = 0;
        for (refused, noted) in (1_u64..).zip(noted(0..50_000)) {
            counted += noted.uncounted.unwrap_or(0);
            assert!(2 * counted >= refused, "{counted} of {refused}");
        }
    }

    #[test]
    fn what_was_uncounted_is_counted_with_the_next_minute() {
        let noted = noted((0..10).chain([60_000]));
        assert_eq!(noted[10], Noted { line: Some(10), uncounted: Some(3) });
    }
}
