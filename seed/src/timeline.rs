//! The history as a whole: an ordered list of what happened.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp, Unit};
use shared::domain::status::Status;

use crate::{
    Delivery,
    outage::{Care, Chance, Change, Course, Outage, Simulator},
    schedule::calendar,
    sending::Tracker,
};

/// A month of alerts and of what people did about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// In order of time.
    pub steps: Vec<Step>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A webhook arrived.
    Delivery(Delivery),
    /// A person changed an incident's status.
    StatusChange(StatusChange),
}

impl Step {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Delivery(delivery) => delivery.at,
            Self::StatusChange(change) => change.at,
        }
    }
}

/// A person changed an incident's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// Which incident: the one that this delivery opened, counted from 0 over the timeline's deliveries.
    pub opened_by: usize,
    /// The status after it.
    pub to: Status,
    /// Who.
    pub actor: String,
    /// What was said.
    pub comment: String,
}

impl Timeline {
    /// The history that ends now. The same seed and second give the same history.
    ///
    /// # Errors
    /// A payload that cannot be written as JSON; there is none.
    pub fn new(seed: u64, now: Timestamp) -> Result<Self, serde_json::Error> {
        let now = now.round(Unit::Second).unwrap_or(now);
        let mut simulator = Simulator {
            chance: Chance(Rng::with_seed(seed)),
            tracker: Tracker::new(now - SignedDuration::from_hours(11 * 24)),
        };
        let mut courses = Vec::new();
        for planned in calendar(now, &mut simulator.chance) {
            let course = simulator.play(&planned.outage)?;
            let resolved_at = course.resolved_at();
            courses.push(course);
            if let Some(resolved_at) = resolved_at.filter(|_| planned.relapses) {
                let relapse = Outage {
                    start: resolved_at + simulator.chance.minutes((9, 35)),
                    relapse: true,
                    care: Care::Over { taken_after: (1, 5) },
                    ..planned.outage
                };
                courses.push(simulator.play(&relapse)?);
            }
        }
        courses.push(misconfigured(now, &mut simulator.chance));
        Ok(Self { steps: merged(courses, now) })
    }

    /// The webhooks, in order of arrival.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.steps.iter().filter_map(|step| match step {
            Step::Delivery(delivery) => Some(delivery),
            Step::StatusChange(_) => None,
        })
    }
}

/// A webhook whose template was typed for a chat. It is authentic and says nothing that could be grouped: somebody
/// tried it twice and mended it.
fn misconfigured(now: Timestamp, chance: &mut Chance) -> Course {
    let first = now - SignedDuration::from_hours(9 * 24) - chance.minutes((0, 600));
    let deliveries = [first, first + chance.minutes((2, 6))]
        .map(|at| {
            let text = format!("[Triggered] Łącznik testowy, {}", at.strftime("%H:%M"));
            let body = serde_json::json!({ "channel": "#alerts-platform", "text": text });
            Delivery::of_datadog(at, body.to_string())
        })
        .into();
    Course { deliveries, changes: Vec::new() }
}

/// Everything until now, in order of time; what is at the same time, in the order in which it was made.
fn merged(courses: Vec<Course>, now: Timestamp) -> Vec<Step> {
    enum Happening {
        Delivery { opens: Option<usize>, delivery: Delivery },
        Change { course: usize, change: Change },
    }
    let mut happenings = Vec::new();
    for (course, Course { deliveries, changes }) in courses.into_iter().enumerate() {
        for (place, delivery) in deliveries.into_iter().enumerate() {
            let opens = (place == 0).then_some(course);
            happenings.push((delivery.at, Happening::Delivery { opens, delivery }));
        }
        happenings.extend(changes.into_iter().map(|change| (change.at, Happening::Change { course, change })));
    }
    happenings.retain(|(at, _)| *at <= now);
    happenings.sort_by_key(|(at, _)| *at);

    let mut openers = std::collections::BTreeMap::new();
    let mut deliveries = 0..;
    happenings
        .into_iter()
        .filter_map(|(_, happening)| match happening {
            Happening::Delivery { opens, delivery } => {
                let number = deliveries.next()?;
                openers.extend(opens.map(|course| (course, number)));
                Some(Step::Delivery(delivery))
            }
            Happening::Change { course, change: Change { at, to, actor, comment } } => {
                let opened_by = *openers.get(&course)?;
                Some(Step::StatusChange(StatusChange { at, opened_by, to, actor: actor.to_owned(), comment }))
            }
        })
        .collect()
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
