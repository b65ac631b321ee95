//! Episodes: which deliveries of one problem belong to one alert.
//!
//! Deliveries arrive late and out of order; what decides is the source's time, not the order of arrival. The resolutions
//! of a problem cut its time into intervals, each open at its beginning and closed at its end; the firing deliveries of
//! one interval are one alert, and the resolution at its end resolves it.
//!
//! | delivery at *t* | its interval has no alert | its interval has an alert |
//! | --- | --- | --- |
//! | firing | new alert, resolved already if the interval ends | counted |
//! | resolved | remembered: a boundary | fired until *t*: resolved at *t*; fired only since: remembered; both: split in two |
//!
//! So the alerts of a problem are the same in whatever order its deliveries arrive, as far as is remembered: the last
//! [`MAX_EPISODES`] alerts of it, the last [`MAX_RESOLUTIONS`] resolutions that ended none, and of each alert the last [`MAX_RECENT_FIRINGS`]
//! firing deliveries one by one. A resolution that more of them overtook is ignored: it has fired since.

use std::{cmp::Ordering, collections::BTreeSet, mem};

use serde::{Deserialize, Serialize};

use super::{
    alert_status::AlertStatus,
    delivery::DeliveryId,
    event::Transition,
    id::{AlertId, IncidentId},
    severity::Severity,
    time::Time,
};

/// How many alerts of a problem are remembered.
pub const MAX_EPISODES: usize = 4;

/// How many resolutions are remembered that ended no alert that is remembered.
pub const MAX_RESOLUTIONS: usize = 8;

/// How many firing deliveries of an alert are remembered one by one.
pub const MAX_RECENT_FIRINGS: usize = 6;

/// When a delivery says that it happened, and which delivery it is: no two are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey {
    /// When, by the source's clock.
    pub at: Time,
    /// The delivery.
    pub delivery_id: DeliveryId,
}

/// A firing delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// Which and when.
    pub key: EventKey,
    /// The severity that it reports.
    pub severity: Severity,
}

/// What several firing deliveries come to. It does not depend on their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firings {
    /// The earliest: what it says is what the alert says.
    pub first: EventKey,
    /// When the latest fired.
    pub last_seen_at: Time,
    /// How many there are.
    pub occurrences: u64,
    /// The highest severity.
    pub severity: Severity,
    /// The earliest that reports the highest severity.
    pub worst: EventKey,
}

impl Firings {
    /// One alone.
    #[must_use]
    pub fn of(firing: &Firing) -> Self {
        Self {
            first: firing.key.clone(),
            last_seen_at: firing.key.at,
            occurrences: 1,
            severity: firing.severity,
            worst: firing.key.clone(),
        }
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let worst = match self.severity.cmp(&other.severity) {
            Ordering::Greater => self.worst,
            Ordering::Less => other.worst,
            Ordering::Equal => self.worst.min(other.worst),
        };
        Self {
            first: self.first.min(other.first),
            last_seen_at: self.last_seen_at.max(other.last_seen_at),
            occurrences: self.occurrences + other.occurrences,
            severity: self.severity.max(other.severity),
            worst,
        }
    }
}

/// The part of an alert that later deliveries change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// The alert.
    pub alert_id: AlertId,
    /// Its incident.
    pub incident_id: Option<IncidentId>,
    /// When it resolved.
    pub resolved_at: Option<Time>,
    /// The earliest of its firing deliveries: the first alone, as long as the others can be remembered one by one.
    base: Firings,
    /// The others, earliest first.
    recent: Vec<Firing>,
}

/// The alert of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpisodeOf {
    pub alert_id: AlertId,
    pub incident_id: Option<IncidentId>,
    pub resolved_at: Option<Time>,
}

impl Episode {
    /// The episode of a new alert, begun by one firing delivery.
    #[must_use]
    pub fn begin(alert: EpisodeOf, first: &Firing) -> Self {
        Self::new(alert, Firings::of(first), Vec::new())
    }

    /// The episode of an alert that was split from another.
    #[must_use]
    pub fn split_off(alert: EpisodeOf, rest: Rest) -> Self {
        Self::new(alert, Firings::of(&rest.first), rest.others)
    }

    const fn new(alert: EpisodeOf, base: Firings, recent: Vec<Firing>) -> Self {
        let EpisodeOf { alert_id, incident_id, resolved_at } = alert;
        Self { alert_id, incident_id, resolved_at, base, recent }
    }

    /// Firing until it resolved.
    #[must_use]
    pub const fn status(&self) -> AlertStatus {
        AlertStatus::of(self.resolved_at)
    }

    /// What its firing deliveries come to.
    #[must_use]
    pub fn firings(&self) -> Firings {
        self.recent.iter().map(Firings::of).fold(self.base.clone(), Firings::and)
    }

    fn fire(mut self, firing: Firing) -> Self {
        if self.base.occurrences == 1 && firing.key < self.base.first {
            let severity = self.base.severity;
            let Firings { first, .. } = mem::replace(&mut self.base, Firings::of(&firing));
            self.recent.insert(0, Firing { key: first, severity });
        } else if firing.key.at <= self.base.last_seen_at && self.base.occurrences > 1 {
            self.base = self.base.and(Firings::of(&firing));
        } else {
            let position = self.recent.partition_point(|other| other.key < firing.key);
            self.recent.insert(position, firing);
        }
        if self.recent.len() > MAX_RECENT_FIRINGS {
            let earliest = self.recent.remove(0);
            self.base = self.base.and(Firings::of(&earliest));
        }
        self
    }

    /// What a resolution means that is in the interval of this alert.
    fn resolve(&self, at: Time) -> Step {
        let firings = self.firings();
        if at < firings.first.at {
            return Step::Remember;
        }
        if firings.last_seen_at <= at {
            return Step::Resolve(Self { resolved_at: Some(at), ..self.clone() });
        }
        let (before, after) = self.recent.split_at(self.recent.partition_point(|firing| firing.key.at <= at));
        match after {
            [first, others @ ..] if self.base.last_seen_at <= at => Step::Split {
                ended: Self { resolved_at: Some(at), recent: before.to_vec(), ..self.clone() },
                rest: Rest { first: first.clone(), others: others.to_vec(), resolved_at: self.resolved_at },
            },
            _ => Step::Nothing,
        }
    }
}

/// What fired of an alert after the resolution that ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// The first.
    pub first: Firing,
    /// The others, earliest first.
    pub others: Vec<Firing>,
    /// When that resolved.
    pub resolved_at: Option<Time>,
}

impl Rest {
    /// What they come to.
    #[must_use]
    pub fn firings(&self) -> Firings {
        self.others.iter().map(Firings::of).fold(Firings::of(&self.first), Firings::and)
    }
}

/// What is remembered of one problem, `(source, dedup_key)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episodes {
    /// The latest alerts, earliest first.
    pub episodes: Vec<Episode>,
    /// The latest resolutions that ended none of these alerts.
    resolutions: BTreeSet<Time>,
    /// Counts changes, from 1.
    pub version: u64,
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new alert fires, or one that `resolved_at` shows to be over already.
    Begin {
        /// When its resolution, which arrived first, happened.
        resolved_at: Option<Time>,
    },
    /// An alert was reported again.
    Repeat(Episode),
    /// An alert resolved, or did so earlier than was known.
    Resolve(Episode),
    /// An alert resolved and fired again before its resolution arrived: it is two.
    Split {
        /// What it is now.
        ended: Episode,
        /// What is another alert.
        rest: Rest,
    },
    /// A resolution to be remembered: what it ends may be on its way.
    Remember,
    /// Nothing changes.
    Nothing,
}

impl Episodes {
    /// Decides what a delivery means.
    #[must_use]
    pub fn step(&self, transition: Transition, key: EventKey, severity: Severity) -> Step {
        let at = key.at;
        let known = self.episodes.iter().find(|episode| self.is_in_interval(episode, at));
        match (transition, known) {
            (Transition::Firing, None) => Step::Begin { resolved_at: self.boundaries().filter(|end| *end >= at).min() },
            (Transition::Firing, Some(episode)) => Step::Repeat(episode.clone().fire(Firing { key, severity })),
            (Transition::Resolved, _) if self.boundaries().any(|boundary| boundary == at) => Step::Nothing,
            (Transition::Resolved, None) => Step::Remember,
            (Transition::Resolved, Some(episode)) => episode.resolve(at),
        }
    }

    /// The alert as it is known.
    #[must_use]
    pub fn episode(&self, alert_id: AlertId) -> Option<&Episode> {
        self.episodes.iter().find(|episode| episode.alert_id == alert_id)
    }

    /// Takes in an alert as it is now, and forgets the earliest if there are many.
    pub fn put(&mut self, episode: Episode) {
        let position = self.episodes.iter().position(|other| other.alert_id == episode.alert_id);
        let before = position.map(|position| self.episodes.remove(position));
        let moved = before.and_then(|before| before.resolved_at).filter(|end| Some(*end) != episode.resolved_at);
        let position = self.episodes.partition_point(|other| other.base.first < episode.base.first);
        self.episodes.insert(position, episode);
        let forgotten = if self.episodes.len() > MAX_EPISODES { self.episodes.remove(0).resolved_at } else { None };
        for resolution in moved.into_iter().chain(forgotten) {
            self.remember(resolution);
        }
        self.resolutions
            .retain(|resolution| !self.episodes.iter().any(|episode| episode.resolved_at == Some(*resolution)));
    }

    /// Takes in a resolution that ends no known alert, and forgets the earliest if there are many.
    pub fn remember(&mut self, resolution: Time) {
        self.resolutions.insert(resolution);
        if self.resolutions.len() > MAX_RESOLUTIONS {
            self.resolutions.pop_first();
        }
    }

    fn boundaries(&self) -> impl Iterator<Item = Time> {
        self.episodes.iter().filter_map(|episode| episode.resolved_at).chain(self.resolutions.iter().copied())
    }

    /// Whether no resolution is between a time and an alert. One that happened when something fired came after it.
    fn is_in_interval(&self, episode: &Episode, at: Time) -> bool {
        let firings = episode.firings();
        let (first, last) = (firings.first.at.min(at), firings.last_seen_at.max(at));
        !self.boundaries().any(|boundary| first <= boundary && boundary < last)
    }
}

#[cfg(test)]
mod tests;
