//! The history as a whole: an ordered list of what happened.

mod merge;
mod step;

use jiff::{SignedDuration, Timestamp, Unit};

use crate::{
    company::{Bounds, DataError, company},
    random::Random,
    simulation::{Outage, PlannedOutage, ResponderBehaviour, Simulator, calendar, misconfigured},
    webhook::Webhook,
};
pub use step::{Action, StatusChange};

/// A month of alerts, and what people did about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// In order of time.
    pub(crate) steps: Vec<Action>,
}

impl Timeline {
    /// The history that ends now. The same seed and second give the same history.
    ///
    /// # Errors
    /// [`DataError`]
    pub fn new(seed: u64, now: Timestamp) -> Result<Self, DataError> {
        let company = company()?;
        let now = now.round(Unit::Second).unwrap_or(now);
        let sentry_utf8_since = now - SignedDuration::from_hours(11 * 24);
        let mut random = Random::with_seed(seed);
        let calendar = calendar(company, now, &mut random)?;
        let mut simulator = Simulator::new(random, company.phrases, sentry_utf8_since);
        let mut outages = Vec::new();
        for PlannedOutage { outage, relapses } in calendar {
            let timeline = simulator.run(&outage);
            let resolved_at = timeline.resolved_at();
            outages.push(timeline);
            if let Some(resolved_at) = resolved_at.filter(|_| relapses) {
                let relapse = Outage {
                    starts_at: resolved_at + simulator.random.minutes(Bounds::new(9, 35)),
                    is_relapse: true,
                    behaviour: ResponderBehaviour::Resolving { acknowledged_after_minutes: Bounds::new(1, 5) },
                    ..outage
                };
                outages.push(simulator.run(&relapse));
            }
        }
        outages.push(misconfigured(now, &mut simulator.random));
        Ok(Self { steps: merge::merge(outages, now) })
    }

    /// The webhooks, in order of arrival.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.steps.iter().filter_map(|step| match step {
            Action::Webhook { webhook, .. } => Some(webhook),
            Action::StatusChange(_) => None,
        })
    }
}

#[cfg(test)]
mod tests;
