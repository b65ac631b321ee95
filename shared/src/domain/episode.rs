//! Episodes: the firing deliveries of one alert, and what they come to.
//!
//! An episode remembers its latest firing deliveries one by one, since a resolution that arrives
//! late may split them. The earlier ones are folded into a summary.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{
    alert_status::AlertStatus,
    classification::Evidence,
    delivery::DeliveryId,
    id::{AlertId, IncidentId},
    severity::Severity,
    time::Time,
};

/// How many firing deliveries of an alert are remembered one by one.
pub const MAX_RECENT_FIRINGS: usize = 6;

/// Where a delivery stands among those of its problem. No two deliveries have the same key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey {
    /// The time by which deliveries of the problem are ordered.
    pub at: Time,
    pub delivery_id: DeliveryId,
}

/// A firing delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    pub key: EventKey,
    /// When it occurred, by the source's clock.
    pub occurred_at: Time,
    pub severity: Severity,
    /// How the severity is known. What a source states counts more than what we guess.
    pub evidence: Evidence,
    /// A hash of the bytes, of a delivery that states no time. The same bytes twice in a row report
    /// nothing new: the source sent them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// When we received it, if resolutions of its problem state no time: an end by our clock is
    /// compared with our receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Time>,
}

impl Firing {
    /// Whether it fired after an end of its alert.
    fn is_after(&self, end: Resolution) -> bool {
        let by_receipt = self.received_at.filter(|_| end.by.is_our_clock());
        self.key.at > end.at || by_receipt.is_some_and(|received_at| received_at > end.at)
    }

    /// The same after the end of an earlier alert: a source may date it before that, but then it occurred when it is
    /// ordered.
    pub(super) fn occurred_after(mut self, end: Time) -> Self {
        if self.occurred_at <= end {
            self.occurred_at = self.key.at;
        }
        self
    }

    /// The same, ordered after an end that we know it came after.
    fn ordered_after(mut self, end: Resolution) -> Self {
        if self.key.at <= end.at {
            self.key.at = self.received_at.unwrap_or(end.at).max(end.at.plus_millis(1));
        }
        self
    }
}

/// What the firing deliveries of an alert come to. It does not depend on the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firings {
    /// The earliest.
    pub first: EventKey,
    /// The time of the latest, whether it counts or not.
    pub last_at: Time,
    /// When the earliest occurred, by the source's clock.
    pub occurred_at: Time,
    /// When the latest that counts occurred, by the source's clock.
    pub last_seen_at: Time,
    pub occurrences: u64,
    /// The highest severity of those that are known best.
    pub severity: Severity,
    evidence: Evidence,
    /// The earliest that reports that severity.
    pub worst: EventKey,
    /// The bytes of the latest; see [`Firing::content`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_content: Option<String>,
}

impl Firings {
    fn of(firing: &Firing) -> Self {
        Self {
            first: firing.key.clone(),
            last_at: firing.key.at,
            occurred_at: firing.occurred_at,
            last_seen_at: firing.occurred_at,
            occurrences: 1,
            severity: firing.severity,
            evidence: firing.evidence,
            worst: firing.key.clone(),
            last_content: firing.content.clone(),
        }
    }

    /// These and one that fired after all of them.
    fn then(mut self, firing: &Firing) -> Self {
        let is_repetition = firing.content.is_some() && firing.content == self.last_content;
        self.last_at = self.last_at.max(firing.key.at);
        self.last_content.clone_from(&firing.content);
        if is_repetition { self } else { self.with(firing) }
    }

    /// These and one that fired among them. If it has the bytes of the last one, they are taken for the
    /// bytes of the one before it, too.
    fn with_early(self, firing: &Firing) -> Self {
        let is_repetition = firing.content.is_some() && firing.content == self.last_content;
        let occurrences = self.occurrences;
        let these = self.with(firing);
        if is_repetition { Self { occurrences, ..these } } else { these }
    }

    /// These and one that fired among them.
    fn with(self, firing: &Firing) -> Self {
        let (known, reported) = ((self.evidence, self.severity), (firing.evidence, firing.severity));
        let worst = match known.cmp(&reported) {
            Ordering::Greater => self.worst,
            Ordering::Less => firing.key.clone(),
            Ordering::Equal => self.worst.min(firing.key.clone()),
        };
        let (evidence, severity) = known.max(reported);
        Self {
            first: self.first.min(firing.key.clone()),
            last_at: self.last_at.max(firing.key.at),
            occurred_at: self.occurred_at.min(firing.occurred_at),
            last_seen_at: self.last_seen_at.max(firing.occurred_at),
            occurrences: self.occurrences + 1,
            severity,
            evidence,
            worst,
            last_content: self.last_content,
        }
    }

    /// Whether one more delivery made `others` of these and only repeats the bytes of the one before it.
    #[must_use]
    pub fn are_repeated_by(&self, others: &Self) -> bool {
        let Self { last_at, last_content, .. } = others.clone();
        Self { last_at, last_content, ..self.clone() } == *others
    }

    /// What deliveries in ascending order come to; `None` of none.
    #[must_use]
    pub fn in_order<'firing>(firings: impl IntoIterator<Item = &'firing Firing>) -> Option<Self> {
        let mut firings = firings.into_iter();
        let first = Self::of(firings.next()?);
        Some(firings.fold(first, Self::then))
    }
}

/// Who ended an alert, and by which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolvedBy {
    /// The source, which stated when.
    Source,
    /// The source, which stated no time: it is when we received the resolution.
    SourceUntimed,
    /// A person: the time is by our clock.
    Person,
}

impl ResolvedBy {
    /// Whether the time of the end is by our clock.
    #[must_use]
    pub const fn is_our_clock(self) -> bool {
        matches!(self, Self::SourceUntimed | Self::Person)
    }
}

/// The end of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resolution {
    /// The time by which it is ordered among the deliveries of its problem.
    pub at: Time,
    pub by: ResolvedBy,
    /// When the alert ended, if not then: a source may say that it ended before that, and its clock may be ahead, but
    /// nothing ends in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
}

impl Resolution {
    /// A resolution that we learned of at `known_at`.
    #[must_use]
    pub fn new(at: Time, by: ResolvedBy, known_at: Time) -> Self {
        Self { at, by, ended_at: (known_at < at).then_some(known_at) }
    }

    /// The same, if its source states when the alert ended.
    #[must_use]
    pub fn that_ended(self, stated: Time) -> Self {
        Self { ended_at: Some(stated.min(self.ended_at())).filter(|ended_at| *ended_at != self.at), ..self }
    }

    /// When the alert ended, as far as the resolution tells.
    #[must_use]
    pub fn ended_at(&self) -> Time {
        self.ended_at.unwrap_or(self.at)
    }
}

/// What is remembered of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    pub alert_id: AlertId,
    pub incident_id: Option<IncidentId>,
    pub resolution: Option<Resolution>,
    /// The first firing delivery, as long as the others can be remembered one by one; else a summary
    /// of the earliest.
    base: Firings,
    /// The first firing delivery, while `base` is it alone.
    first: Option<Firing>,
    /// The others, earliest first.
    recent: Vec<Firing>,
}

/// The alert of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpisodeOf {
    pub alert_id: AlertId,
    pub incident_id: Option<IncidentId>,
    pub resolution: Option<Resolution>,
}

/// What a resolution means for the episode in whose interval it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The alert fired only afterwards. As it is after that, if that is another than it was.
    Before(Option<Box<Episode>>),
    /// The alert ends.
    Ends(Box<Episode>),
    /// The alert ends, and what fired afterwards is another.
    Splits { ended: Box<Episode>, rest: Rest },
    /// What fired afterwards is folded into the summary and cannot be told apart.
    TooLate,
}

impl Episode {
    /// The episode of a new alert, begun by one firing delivery.
    #[must_use]
    pub fn begin(alert: EpisodeOf, first: Firing) -> Self {
        Self::of_firings(alert, first, Vec::new())
    }

    /// The episode of an alert that was split from another.
    #[must_use]
    pub fn split_off(alert: EpisodeOf, rest: Rest) -> Self {
        Self::of_firings(alert, rest.first, rest.others)
    }

    fn of_firings(alert: EpisodeOf, first: Firing, recent: Vec<Firing>) -> Self {
        let EpisodeOf { alert_id, incident_id, resolution } = alert;
        Self { alert_id, incident_id, resolution, base: Firings::of(&first), first: Some(first), recent }
    }

    /// Whether the alert fires.
    #[must_use]
    pub fn status(&self) -> AlertStatus {
        AlertStatus::of(self.resolved_at())
    }

    /// When the alert ended; `None` while it fires. It is not before it was last seen, whatever its source states.
    #[must_use]
    pub fn resolved_at(&self) -> Option<Time> {
        let seen_at = || self.firings().last_seen_at;
        self.resolution.map(|resolution| resolution.ended_at().max(seen_at().min(resolution.at)))
    }

    /// The time by which its end is ordered among the deliveries of its problem.
    pub(super) fn end_in_order(&self) -> Option<Time> {
        self.resolution.map(|resolution| resolution.at)
    }

    pub(super) fn resolved(self, resolution: Resolution) -> Self {
        Self { resolution: Some(resolution), ..self }
    }

    /// What the firing deliveries come to.
    #[must_use]
    pub fn firings(&self) -> Firings {
        self.recent.iter().fold(self.base.clone(), Firings::then)
    }

    /// The firing deliveries that are remembered one by one, and the keys of what the summary keeps.
    pub fn remembered(&self) -> impl Iterator<Item = &EventKey> {
        [&self.base.first, &self.base.worst].into_iter().chain(self.recent.iter().map(|firing| &firing.key))
    }

    /// The severity that a firing delivery reported, if that is remembered.
    #[must_use]
    pub fn severity_of(&self, key: &EventKey) -> Option<Severity> {
        let firing = self.first.iter().chain(&self.recent).find(|firing| firing.key == *key);
        let worst = (self.base.worst == *key).then_some(self.base.severity);
        firing.map(|firing| firing.severity).or(worst)
    }

    pub(super) fn fire(mut self, firing: Firing) -> Self {
        // A repetition of a report has no claim, so it may come twice.
        if self.first.iter().chain(&self.recent).any(|known| known.key == firing.key) {
            return self;
        }
        match self.first.take() {
            Some(first) if firing.key < first.key => {
                self.base = Firings::of(&firing);
                self.recent.insert(0, first);
                self.first = Some(firing);
            }
            None if firing.key.at <= self.base.last_at => self.base = self.base.with_early(&firing),
            first => {
                self.first = first;
                let position = self.recent.partition_point(|other| other.key < firing.key);
                self.recent.insert(position, firing);
            }
        }
        if self.recent.len() > MAX_RECENT_FIRINGS {
            let earliest = self.recent.remove(0);
            self.base = self.base.then(&earliest);
            self.first = None;
        }
        self
    }

    /// What a resolution means that lies in the interval of this alert.
    pub(super) fn end(&self, resolution: Resolution) -> Ending {
        let at = resolution.at;
        if at < self.base.first.at {
            let after = self.clone().occurred_after(at);
            return Ending::Before((after != *self).then(|| Box::new(after)));
        }
        let (after, before): (Vec<Firing>, Vec<Firing>) =
            self.recent.iter().cloned().partition(|firing| firing.is_after(resolution));
        let after = after.into_iter().map(|firing| firing.ordered_after(resolution).occurred_after(at));
        let mut after: Vec<Firing> = after.collect();
        after.sort_by(|one, other| one.key.cmp(&other.key));
        match after.split_first() {
            None if self.base.last_at <= at => Ending::Ends(Box::new(self.clone().resolved(resolution))),
            Some((first, others)) if self.base.last_at <= at => Ending::Splits {
                ended: Box::new(Self { resolution: Some(resolution), recent: before, ..self.clone() }),
                rest: Rest { first: first.clone(), others: others.to_vec(), resolution: self.resolution },
            },
            _ => Ending::TooLate,
        }
    }

    /// The same after the end of an earlier alert.
    fn occurred_after(mut self, end: Time) -> Self {
        match self.first.take().map(|first| first.occurred_after(end)) {
            Some(first) => {
                self.base = Firings::of(&first);
                self.first = Some(first);
            }
            None if self.base.occurred_at <= end => {
                self.base.occurred_at = self.base.first.at;
                self.base.last_seen_at = self.base.last_seen_at.max(self.base.first.at);
            }
            None => {}
        }
        self.recent = self.recent.into_iter().map(|firing| firing.occurred_after(end)).collect();
        self
    }

    pub(super) const fn first_key(&self) -> &EventKey {
        &self.base.first
    }
}

/// What fired of an alert after the resolution that ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    pub first: Firing,
    /// The others, earliest first.
    pub others: Vec<Firing>,
    pub resolution: Option<Resolution>,
}

impl Rest {
    /// The keys of the deliveries.
    pub fn keys(&self) -> impl Iterator<Item = &EventKey> {
        self.firings().map(|firing| &firing.key)
    }

    /// The deliveries.
    pub fn firings(&self) -> impl Iterator<Item = &Firing> {
        std::iter::once(&self.first).chain(&self.others)
    }
}
