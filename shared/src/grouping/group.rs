//! Groups: alerts that belong together by one key, the incidents that they are in, and what these
//! teach.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::median::{Agreement, RecentMedian};
use crate::domain::{
    grouping::GroupedIncident,
    id::{AlertId, IncidentId},
    time::Time,
};

/// How many of its incidents a group remembers.
pub const MAX_INCIDENTS: usize = 8;

/// How many of the teams that its alerts named a service remembers.
pub const MAX_TEAMS: usize = 12;

/// How many other services a service remembers.
pub const MAX_NEIGHBOURS: usize = 50;

/// At so many outages all counts of a service are halved, so that it follows what changes.
pub const MAX_COUNTED_OUTAGES: u32 = 64;

/// How many samples must agree before the delay of a monitor is believed, and which part of all. The others say when
/// alerts of another outage fired rather than how slow the monitor is.
const MIN_DELAYS: usize = 3;
const MIN_SHARE: usize = 3;

/// Delays agree if they are so many seconds apart, or such a part of them.
const DELAY_TOLERANCE_SECONDS: u32 = 60;
const DELAY_TOLERANCE_PART: u32 = 4;

/// A shorter delay says nothing: alerts of one outage are so far apart anyway.
const MIN_DELAY_SECONDS: u32 = 60;

/// The alerts of one key of a source: a monitor and its scope, an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceGroup {
    /// Those that an alert of the group opened or joined last, the latest last.
    pub incidents: Vec<KeyedIncident>,
    /// How many seconds after the first alert of its burst the monitor fired.
    #[serde(default, skip_serializing_if = "RecentMedian::is_empty")]
    pub delays: RecentMedian,
}

/// An incident, from when to when alerts of a source's key began in it, and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedIncident {
    pub incident_id: IncidentId,
    pub first_at: Time,
    pub last_at: Time,
    /// The alert that began last.
    pub alert_id: AlertId,
}

impl SourceGroup {
    /// Notes that an alert of the group opened or joined an incident, and forgets the oldest incident
    /// if there are many. `delay_seconds` is how long after the first alert of its burst it fired; one
    /// that fires again in an incident teaches nothing.
    pub fn note(&mut self, incident_id: IncidentId, alert_id: AlertId, at: Time, delay_seconds: Option<u32>) {
        let known = self.incidents.iter().position(|other| other.incident_id == incident_id);
        let next = if let Some(position) = known {
            let KeyedIncident { first_at, last_at, alert_id: last_id, .. } = self.incidents.remove(position);
            KeyedIncident {
                incident_id,
                first_at: first_at.min(at),
                last_at: last_at.max(at),
                alert_id: if at >= last_at { alert_id } else { last_id },
            }
        } else {
            if let Some(seconds) = delay_seconds {
                self.delays.note(seconds);
            }
            KeyedIncident { incident_id, first_at: at, last_at: at, alert_id }
        };
        self.incidents.push(next);
        let forgotten = self.incidents.len().saturating_sub(MAX_INCIDENTS);
        self.incidents.drain(..forgotten);
    }

    /// How late the monitor usually is, in seconds. `None` if that is not known, or differs.
    #[must_use]
    pub fn usual_delay_seconds(&self) -> Option<u32> {
        let are_enough = |agreement: &Agreement| {
            agreement.samples >= MIN_DELAYS && agreement.samples * MIN_SHARE >= self.delays.count()
        };
        self.delay().filter(are_enough).map(|agreement| agreement.seconds)
    }

    /// How late the monitor may be, in seconds, by too few samples to believe it. `None` if there is none, or the usual
    /// delay is known.
    #[must_use]
    pub fn supposed_delay_seconds(&self) -> Option<u32> {
        let is_known = self.usual_delay_seconds().is_some();
        self.delay().filter(|_| !is_known).map(|agreement| agreement.seconds)
    }

    fn delay(&self) -> Option<Agreement> {
        let tolerance = |delay: u32| DELAY_TOLERANCE_SECONDS.max(delay / DELAY_TOLERANCE_PART);
        self.delays.agreeing(tolerance).filter(|agreement| agreement.seconds >= MIN_DELAY_SECONDS)
    }

    /// The incident that an alert of the group was in last.
    #[must_use]
    pub fn latest(&self) -> Option<IncidentId> {
        self.incidents.last().map(|incident| incident.incident_id)
    }
}

impl From<KeyedIncident> for GroupedIncident {
    fn from(KeyedIncident { incident_id, first_at, last_at, .. }: KeyedIncident) -> Self {
        Self { incident_id, first_at, last_at }
    }
}

/// The alerts of one service in one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceGroup {
    /// The incidents that had an alert of the service, in the order of the first, the latest last.
    pub incidents: Vec<IncidentId>,
    /// The teams that the sources stated, the latest last: of the first alert in each incident, and of those that were
    /// not the usual one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// In how many outages the service broke.
    #[serde(default)]
    pub outages: u32,
    /// In how many of them another service did, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub neighbours: BTreeMap<String, u32>,
    /// Counts changes, from 1.
    pub version: u64,
}

impl ServiceGroup {
    /// Notes that an alert of the service is in an incident, and the team that its source stated. The first alert in an
    /// incident changes something, and one that names another team than usual: a storm does not write the same row again
    /// and again.
    pub fn note(&mut self, incident_id: IncidentId, team: Option<&str>) {
        let is_first = !self.incidents.contains(&incident_id);
        if is_first {
            self.incidents.push(incident_id);
            let forgotten = self.incidents.len().saturating_sub(MAX_INCIDENTS);
            self.incidents.drain(..forgotten);
        }
        let usual = self.usual_team().map(|(usual, _)| usual);
        let news = team.filter(|team| is_first || usual != Some(*team)).map(str::to_owned);
        if is_first || news.is_some() {
            self.teams.extend(news);
            let forgotten = self.teams.len().saturating_sub(MAX_TEAMS);
            self.teams.drain(..forgotten);
            self.version += 1;
        }
    }

    /// Learns from an outage of the service: with which services it broke.
    pub fn learn<'name>(&mut self, others: impl IntoIterator<Item = &'name str>) {
        self.outages += 1;
        for other in others {
            *self.neighbours.entry(other.to_owned()).or_default() += 1;
        }
        if self.outages >= MAX_COUNTED_OUTAGES {
            self.outages /= 2;
            self.neighbours.values_mut().for_each(|count| *count /= 2);
            self.neighbours.retain(|_, count| *count > 0);
        }
        if self.neighbours.len() > MAX_NEIGHBOURS {
            let mut by_count: Vec<(u32, String)> =
                self.neighbours.iter().map(|(name, count)| (*count, name.clone())).collect();
            by_count.sort_by_key(|(count, _)| Reverse(*count));
            for (_, name) in by_count.drain(MAX_NEIGHBOURS..) {
                self.neighbours.remove(&name);
            }
        }
        self.version += 1;
    }

    /// People say that the service broke together with another in an outage that taught otherwise.
    pub fn broke_with(&mut self, other: &str) {
        self.outages = self.outages.max(1);
        let count = self.neighbours.get(other).copied().unwrap_or_default();
        if count < self.outages && (count > 0 || self.neighbours.len() < MAX_NEIGHBOURS) {
            self.neighbours.insert(other.to_owned(), count + 1);
            self.version += 1;
        }
    }

    /// People say that the service broke without another in an outage that taught otherwise.
    pub fn broke_without(&mut self, other: &str) {
        if let Some(count) = self.neighbours.get_mut(other) {
            *count = count.saturating_sub(1);
            self.neighbours.retain(|_, count| *count > 0);
            self.version += 1;
        }
    }

    /// In how many outages the service broke together with another.
    #[must_use]
    pub fn together_with(&self, other: &str) -> u32 {
        self.neighbours.get(other).copied().unwrap_or_default()
    }

    /// The team that was named most of late, and how often.
    #[must_use]
    pub fn usual_team(&self) -> Option<(&str, usize)> {
        let count = |team: &str| self.teams.iter().filter(|other| *other == team).count();
        let usual = self.teams.iter().max_by_key(|team| count(team))?;
        let named = count(usual);
        (2 * named > self.teams.len()).then_some((usual, named))
    }

    /// The incident that had an alert of the service last.
    #[must_use]
    pub fn latest(&self) -> Option<IncidentId> {
        self.incidents.last().copied()
    }
}

#[cfg(test)]
mod tests;
