//! The history as a whole: an ordered list of what happened.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp, Unit};
use shared::domain::status::Status;

use crate::{
    Delivery,
    outage::{Care, Chance, Change, Course, Outage, Simulator, Touched},
    schedule::calendar,
    sending::Tracker,
};

/// A month of alerts and of what people did about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// In order of time.
    pub steps: Vec<Step>,
    /// The outage that each step is part of.
    courses: Vec<usize>,
    /// What each outage involves.
    touches: Vec<BTreeSet<Touched>>,
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
        Ok(merged(courses, now))
    }

    /// The steps, each with what it involves: of two steps that involve the same, the later one must wait.
    pub(crate) fn touching(&self) -> impl Iterator<Item = (&Step, &BTreeSet<Touched>)> {
        self.steps.iter().zip(self.courses.iter().map(|course| &self.touches[*course]))
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
    Course { touches: BTreeSet::new(), deliveries, changes: Vec::new() }
}

/// Everything until now, in order of time; what is at the same time, in the order in which it was made.
fn merged(courses: Vec<Course>, now: Timestamp) -> Timeline {
    enum Happening {
        Delivery { opens: bool, delivery: Delivery },
        Change(Change),
    }
    let mut touches = Vec::new();
    let mut happenings = Vec::new();
    for (course, Course { touches: touched, deliveries, changes }) in courses.into_iter().enumerate() {
        touches.push(touched);
        let deliveries = deliveries.into_iter().enumerate().map(|(place, delivery)| {
            let opens = place == 0;
            (delivery.at, course, Happening::Delivery { opens, delivery })
        });
        happenings.extend(deliveries);
        happenings.extend(changes.into_iter().map(|change| (change.at, course, Happening::Change(change))));
    }
    happenings.retain(|(at, ..)| *at <= now);
    happenings.sort_by_key(|(at, ..)| *at);

    let mut openers = BTreeMap::new();
    let mut deliveries = 0;
    let mut timeline = Timeline { steps: Vec::new(), courses: Vec::new(), touches };
    for (_, course, happening) in happenings {
        let step = match happening {
            Happening::Delivery { opens, delivery } => {
                if opens {
                    openers.insert(course, deliveries);
                }
                deliveries += 1;
                Step::Delivery(delivery)
            }
            Happening::Change(Change { at, to, actor, comment }) => {
                // Nothing is changed before it is opened.
                let Some(&opened_by) = openers.get(&course) else { continue };
                Step::StatusChange(StatusChange { at, opened_by, to, actor: actor.to_owned(), comment })
            }
        };
        timeline.steps.push(step);
        timeline.courses.push(course);
    }
    timeline
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
