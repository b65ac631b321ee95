//! The openings in an environment, and what its incidents teach.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{burst::BURST_MINUTES, median::RecentMedian};
use crate::domain::{id::IncidentId, incident::Incident, time::Time};

/// How many of an environment's incidents are remembered, youngest last.
pub const MAX_RECENT_INCIDENTS: usize = 16;

/// How long after its first alert an incident is settled, in minutes: no evidence lets another alert
/// join it. See [`super::evidence`].
pub const SETTLED_AFTER_MINUTES: i64 = 30;

/// How many services learn with one opening: each is a row to write, and a transaction takes 100. What
/// is left teaches with the next opening.
pub const MAX_LEARNING_SERVICES: usize = 20;

/// Of an outage with more services only so many learn.
pub const MAX_TEACHING_SERVICES: usize = 12;

/// From how many outages on the spread of an environment is believed.
const MIN_SPREADS: usize = 5;

/// The spread of an environment of which too little is known, in minutes.
const FIRST_SPREAD: f64 = 1.5;

/// The shortest and the longest spread that is believed, in minutes. Where outages follow each other closely, their
/// alerts seem to be one outage that spreads far. An environment must not learn from that to join them.
const SPREAD_BOUNDS: [f64; 2] = [1.0, 1.5];

/// The openings in one environment. Its version serialises them: two first alerts of one outage cannot
/// both open an incident.
///
/// It is written only when an incident opens, so it is no hot row. What is learned of an environment
/// is learned then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningLock {
    /// Counts openings; 0 before the first.
    pub version: u64,
    /// The incidents opened last, youngest last.
    pub recent: Vec<IncidentId>,
    /// Those of `recent` that taught what they could. Each teaches once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<IncidentId>,
    /// Those of `recent` that people split. Each is an outage of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<IncidentId>,
    /// How far the alerts of an outage were from its beginning on average, less the usual delays of
    /// their monitors, in seconds.
    #[serde(default, skip_serializing_if = "RecentMedian::is_empty")]
    pub spreads: RecentMedian,
}

/// Incidents that are one outage.
#[derive(Debug, Clone)]
pub struct Outage<'incident> {
    pub incidents: Vec<&'incident Incident>,
    /// Whether it was quiet before the first of them.
    is_burst: bool,
}

impl Outage<'_> {
    /// The services that broke, each once, in order; of many only the first.
    #[must_use]
    pub fn services(&self) -> BTreeSet<&str> {
        let all: BTreeSet<&str> =
            self.incidents.iter().flat_map(|incident| &incident.services).map(String::as_str).collect();
        all.into_iter().take(MAX_TEACHING_SERVICES).collect()
    }
}

impl OpeningLock {
    /// Notes an opening, and forgets the oldest if there are many.
    pub fn note(&mut self, incident_id: IncidentId) {
        self.version += 1;
        self.recent.push(incident_id);
        let forgotten = self.recent.len().saturating_sub(MAX_RECENT_INCIDENTS);
        self.recent.drain(..forgotten);
        for some in [&mut self.settled, &mut self.apart] {
            some.retain(|id| self.recent.contains(id));
        }
    }

    /// Whether an incident taught what it could. One that is forgotten did.
    #[must_use]
    pub fn has_taught(&self, incident_id: IncidentId) -> bool {
        !self.recent.contains(&incident_id) || self.settled.contains(&incident_id)
    }

    /// An incident teaches nothing any more.
    pub fn settle(&mut self, incident_id: IncidentId) {
        if !self.has_taught(incident_id) {
            self.settled.push(incident_id);
            self.version += 1;
        }
    }

    /// People say that an incident is no part of the outages around it.
    pub fn set_apart(&mut self, incident_id: IncidentId) {
        if self.recent.contains(&incident_id) && !self.apart.contains(&incident_id) {
            self.apart.push(incident_id);
            self.version += 1;
        }
    }

    /// An incident became part of another: that stands where it stood.
    pub fn merge(&mut self, incident_id: IncidentId, into: IncidentId) {
        let Some(place) = self.recent.iter().position(|recent| *recent == incident_id) else { return };
        if self.recent.contains(&into) {
            self.recent.remove(place);
        } else {
            self.recent[place] = into;
        }
        for some in [&mut self.settled, &mut self.apart] {
            some.retain(|id| *id != incident_id);
        }
        self.version += 1;
    }

    /// The same, with incidents in the place of those that became part of them.
    #[must_use]
    pub fn following(mut self, successors: &BTreeMap<IncidentId, IncidentId>) -> Self {
        for (incident_id, into) in successors {
            let has_taught = self.recent.contains(incident_id) && self.has_taught(*incident_id);
            self.merge(*incident_id, *into);
            if has_taught {
                self.settle(*into);
            }
        }
        self
    }

    /// The outages that are over at the time of an opening and have not taught yet, earliest first.
    ///
    /// An outage is a burst of alerts after a quiet time, in whatever incidents: what belongs together
    /// cannot be learned from incidents alone, since they are what was believed so far. Where it was
    /// not quiet before, each incident is taken for an outage, and so is one that people split.
    #[must_use]
    pub fn due<'incident>(
        &self,
        incidents: &'incident [Incident],
        environment: &str,
        at: Time,
    ) -> Vec<Outage<'incident>> {
        let recent = self.recent.iter().filter_map(|id| incidents.iter().find(|known| known.id == *id));
        // One that was moved to another environment teaches that one.
        let mut recent: Vec<&Incident> = recent.filter(|incident| incident.environment == environment).collect();
        recent.sort_by_key(|incident| incident.first_alert_at);
        recent.dedup_by_key(|incident| incident.id);
        let mut outages: Vec<Outage<'incident>> = Vec::new();
        let mut active_until = Time::EARLIEST;
        for incident in recent {
            let is_apart = self.apart.contains(&incident.id);
            let burst = outages.iter_mut().rev().find(|outage| {
                let until = outage.incidents[0].first_alert_at.plus_minutes(BURST_MINUTES);
                outage.is_burst && !is_apart && incident.first_alert_at <= until
            });
            if let Some(burst) = burst {
                burst.incidents.push(incident);
            } else {
                let is_quiet = active_until.plus_minutes(BURST_MINUTES) < incident.first_alert_at;
                outages.push(Outage { incidents: vec![incident], is_burst: is_quiet && !is_apart });
            }
            active_until = active_until.max(incident.last_alert_at);
        }
        outages.retain(|outage| {
            let is_over = |incident: &&Incident| incident.first_onset_at.plus_minutes(SETTLED_AFTER_MINUTES) < at;
            let is_news = !outage.incidents.iter().any(|incident| self.settled.contains(&incident.id));
            is_news && outage.incidents.iter().all(is_over)
        });
        let mut learning = BTreeSet::new();
        let mut fits = |outage: &Outage<'_>| {
            learning.extend(outage.services().into_iter().map(str::to_owned));
            learning.len() <= MAX_LEARNING_SERVICES
        };
        let fitting = outages.iter().take_while(|outage| fits(outage)).count();
        outages.truncate(fitting);
        outages
    }

    /// Learns from an outage that is over how far its alerts were apart.
    pub fn learn(&mut self, outage: &Outage<'_>) {
        self.settled.extend(outage.incidents.iter().map(|incident| incident.id));
        let scatter = outage.incidents.iter().map(|incident| incident.scatter);
        let (alerts, seconds) = scatter.fold((0_u32, 0_u32), |(alerts, seconds), scatter| {
            (alerts.saturating_add(scatter.alerts), seconds.saturating_add(scatter.seconds))
        });
        if let Some(mean) = seconds.checked_div(alerts) {
            self.spreads.note(mean);
        }
    }

    /// How far apart the problems of one outage usually begin, in minutes.
    #[must_use]
    pub fn spread_minutes(&self) -> f64 {
        let [least, most] = SPREAD_BOUNDS;
        let known = self.spreads.median().filter(|_| self.spreads.count() >= MIN_SPREADS);
        known.map_or(FIRST_SPREAD, |seconds| (f64::from(seconds) / 60.0).clamp(least, most))
    }
}

#[cfg(test)]
mod tests;
