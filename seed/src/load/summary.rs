//! Counts how the stack answered, for the line that the program prints at its end.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::webhook::Source;

/// How the stack answered a webhook.
#[derive(Debug)]
pub enum Outcome {
    Accepted,
    /// Authentic, but it says nothing about an alert.
    Ignored,
    /// Authentic, but it could not be read.
    Quarantined,
    Refused {
        reason: String,
    },
    /// Not sent: there is no proof for its source.
    Skipped {
        source: Source,
    },
}

/// How the stack answered all webhooks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LoadSummary {
    pub(crate) accepted: usize,
    pub(crate) ignored: usize,
    pub(crate) quarantined: usize,
    /// How many were refused, by reason.
    pub(crate) refused: BTreeMap<String, usize>,
    /// How many were not sent, by source.
    pub(crate) skipped: BTreeMap<Source, usize>,
    pub(crate) elapsed: Duration,
}

impl LoadSummary {
    /// Whether the stack refused a webhook.
    #[must_use]
    pub fn has_refusals(&self) -> bool {
        !self.refused.is_empty()
    }

    pub(crate) fn total(&self) -> usize {
        self.accepted
            + self.ignored
            + self.quarantined
            + self.refused.values().chain(self.skipped.values()).sum::<usize>()
    }

    pub(crate) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Quarantined => self.quarantined += 1,
            Outcome::Refused { reason } => *self.refused.entry(reason).or_default() += 1,
            Outcome::Skipped { source } => *self.skipped.entry(source).or_default() += 1,
        }
    }
}

impl fmt::Display for LoadSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, ignored, quarantined, refused, skipped, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.total() as f64 / seconds.max(0.001);
        let refusals: usize = refused.values().sum();
        write!(
            formatter,
            "{accepted} accepted, {ignored} ignored, {quarantined} quarantined, {refusals} refused \
             in {seconds:.1} s: {rate:.0} per second"
        )?;
        refused.iter().try_for_each(|(reason, count)| write!(formatter, "\n{count} refused: {reason}"))?;
        let name = Source::name;
        skipped
            .iter()
            .try_for_each(|(source, count)| write!(formatter, "\n{count} skipped: no secret of {}", name(*source)))
    }
}
