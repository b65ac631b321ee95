//! Plays one outage: what the sources send, and what people do about it.

use std::{collections::BTreeSet, ops::RangeInclusive};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use shared::domain::status::Status;

use crate::{
    Delivery,
    company::{Stage, Team},
    cues::cues,
    people::changes,
    scenarios::Scenario,
    sending::{Sending, Tracker},
};

/// An outage to be played.
#[derive(Debug)]
pub(crate) struct Outage {
    pub(crate) scenario: &'static Scenario,
    pub(crate) stage: Stage,
    pub(crate) start: Timestamp,
    pub(crate) care: Care,
    /// It is the same as a moment ago.
    pub(crate) relapse: bool,
}

impl Outage {
    /// The team that is called.
    pub(crate) const fn team(&self) -> Team {
        self.scenario.opener().team
    }
}

/// How far people get with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// It goes on, and nobody has looked.
    Nobody,
    /// It goes on, and somebody works on it.
    Somebody,
    /// It ends. Somebody takes it after about so many minutes.
    Over {
        /// At least and at most.
        taken_after: (u32, u32),
    },
}

impl Care {
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Over { .. })
    }
}

/// What became of an outage.
#[derive(Debug)]
pub(crate) struct Course {
    /// What it involves.
    pub(crate) touches: BTreeSet<Touched>,
    /// In order of arrival. The first one opens the incident.
    pub(crate) deliveries: Vec<Delivery>,
    /// In order of time.
    pub(crate) changes: Vec<Change>,
}

impl Course {
    /// When its incident was resolved.
    pub(crate) fn resolved_at(&self) -> Option<Timestamp> {
        self.changes.iter().find(|change| change.to == Status::Resolved).map(|change| change.at)
    }
}

/// A service in an environment. What shares none has no effect on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Touched(Stage, &'static str);

/// A change of status.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) at: Timestamp,
    pub(crate) to: Status,
    pub(crate) actor: &'static str,
    pub(crate) comment: String,
}

/// Plays outages, one after the other: the later ones depend on what the earlier ones left behind.
#[derive(Debug)]
pub(crate) struct Simulator {
    pub(crate) chance: Chance,
    pub(crate) tracker: Tracker,
}

impl Simulator {
    /// Plays an outage.
    pub(crate) fn play(&mut self, outage: &Outage) -> Result<Course, serde_json::Error> {
        let cues = cues(outage, &mut self.chance);
        let last = cues.iter().map(|cue| cue.at).max().unwrap_or(outage.start);
        let lasting = self.chance.minutes(outage.scenario.minutes);
        // Nothing recovers before everything has fired.
        let end = (outage.start + lasting).max(last + SignedDuration::from_mins(10));
        let mut sending = Sending::new(outage, end, &mut self.chance, &mut self.tracker);
        for cue in &cues {
            sending.play(cue)?;
        }
        let deliveries = sending.in_order_of_arrival();
        let changes = changes(outage, &deliveries, &mut self.chance);
        let touches = outage.scenario.services().map(|service| Touched(outage.stage, service.name)).collect();
        Ok(Course { touches, deliveries, changes })
    }
}

/// What the seed decides.
#[derive(Debug)]
pub(crate) struct Chance(pub(crate) Rng);

impl Chance {
    /// Whether something happens that happens in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u8) -> bool {
        self.0.u8(..100) < percent
    }

    pub(crate) fn seconds(&mut self, range: RangeInclusive<i64>) -> SignedDuration {
        SignedDuration::from_millis(self.0.i64(range) * 1000 + self.0.i64(0..1000))
    }

    /// Minutes and some seconds.
    pub(crate) fn minutes(&mut self, (least, most): (u32, u32)) -> SignedDuration {
        self.seconds(i64::from(least) * 60..=i64::from(most) * 60)
    }

    pub(crate) fn one_of<'texts>(&mut self, texts: &[&'texts str]) -> &'texts str {
        texts[self.0.usize(..texts.len())]
    }

    /// 32 hex digits.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:032x}", self.0.u128(..))
    }
}
