//! Why an alert is in its incident.

mod reason;

pub use reason::duration;
use serde::{Deserialize, Serialize};

use super::{id::IncidentId, time::Time};

/// What grouping did with an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupingDecision {
    /// It opened an incident.
    Opened,
    /// It joined an open incident.
    Joined,
    /// It belongs to no incident: it was resolved before it arrived.
    Ignored,
}

/// What made an alert join an incident, or an incident a recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupingRule {
    /// The source's own grouping: the same Sentry issue, the same Datadog monitor and scope.
    SourceKey,
    /// The same environment and service. Only a recurrence is found by it.
    Service,
    /// The evidence for the incident is strong enough. See [`Weighing`].
    Evidence,
}

/// Why an alert is in its incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grouping {
    pub decision: GroupingDecision,
    /// What made it join. Of an alert that opened an incident: what made that a recurrence. `None`
    /// if nothing did, as for an alert that was split from another.
    pub rule: Option<GroupingRule>,
    /// The key that matched, if `rule` is a key.
    pub key: Option<String>,
    /// What there is to say beside the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The evidence. `None` if it was not asked for: the source's key decided, or grouping by
    /// evidence is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Weighing>,
    /// That people put it somewhere else since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// People put an alert into another incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where it was.
    pub from: IncidentId,
    /// Who moved it. `None` if its incident was merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The evidence for and against the active incidents of an alert's environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// How late the alert's monitor usually is, or is supposed to be. The problem began so long before the alert.
    pub usual_delay_seconds: u32,
    /// If that is only supposed: how many delays of the monitor are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supposed_from: Option<u32>,
    /// How far apart the alerts of one outage usually begin in this environment, in minutes. The
    /// unit in which distances in time are weighed.
    pub spread_minutes: f64,
    /// The lowest score with which an alert joins.
    pub needed: f64,
    /// The incident with the highest score. The alert joined it if the score is enough.
    pub best: Option<ScoredIncident>,
    pub runner_up: Option<RunnerUp>,
}

/// The incident with the second highest score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    pub incident_id: IncidentId,
    pub score: f64,
}

/// An incident and what speaks for and against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredIncident {
    pub incident_id: IncidentId,
    /// The sum of the points, rounded to hundredths.
    pub score: f64,
    pub parts: Vec<ScorePart>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorePart {
    #[serde(flatten)]
    pub fact: Fact,
    /// What it counts, rounded to hundredths: below 0 against the incident.
    pub points: f64,
}

/// What is known of an alert and an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The problem began within the span of the incident's problems.
    Within,
    /// It began before the first of them.
    Before { seconds: i64 },
    /// It began after the last of them.
    After { seconds: i64 },
    /// It began later than an outage usually spreads. So much later.
    Late { seconds: i64 },
    /// The alert or the incident names no service.
    NoService,
    /// An alert of the same service is in the incident.
    SameService,
    /// The alert's service needs a service of the incident.
    Needs { service: String },
    /// A service of the incident needs the alert's service.
    NeededBy { service: String },
    /// A service of the incident is two declared dependencies away.
    TwoApart { service: String },
    /// All services of the incident are further away.
    Far,
    /// The rules do not say what the alert's service, or a service of the incident, depends on.
    Undeclared,
    /// How often the alert's service broke together with a service of the incident.
    Together {
        service: String,
        /// In so many outages did both.
        together: u32,
        /// In so many outages did the alert's service.
        outages: u32,
    },
}

impl Moved {
    fn sentence(&self) -> String {
        let from = self.from;
        match &self.by {
            Some(by) => format!("Then {by} moved it here from {from}."),
            None => format!("Then its incident {from} was merged."),
        }
    }
}

impl Grouping {
    /// A grouping without key and evidence.
    #[must_use]
    pub const fn plain(decision: GroupingDecision, note: String) -> Self {
        Self { decision, rule: None, key: None, note: Some(note), evidence: None, moved: None }
    }

    /// The decision in sentences. They follow from the rest, so no row holds them.
    #[must_use]
    pub fn reason(&self) -> String {
        let evidence = self.evidence.as_ref().map(|weighing| reason::sentence(self.decision, weighing));
        let moved = self.moved.as_ref().map(Moved::sentence);
        let sentences: Vec<String> = evidence.into_iter().chain(self.note.clone()).chain(moved).collect();
        sentences.join(" ")
    }

    /// How late the alert was after its problem began, in milliseconds, as far as its monitor is known.
    #[must_use]
    pub fn usual_delay_ms(&self) -> i64 {
        self.evidence.as_ref().map_or(0, |evidence| i64::from(evidence.usual_delay_seconds) * 1000)
    }
}

/// An incident, and when alerts of one problem or group were active in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupedIncident {
    pub incident_id: IncidentId,
    pub first_at: Time,
    pub last_at: Time,
}

impl GroupedIncident {
    /// How far a time is from the span, in milliseconds.
    #[must_use]
    pub fn distance_ms(&self, at: Time) -> i64 {
        let before = self.first_at.as_millis() - at.as_millis();
        let after = at.as_millis() - self.last_at.as_millis();
        before.max(after).max(0)
    }
}
