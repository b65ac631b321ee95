//! Why an alert is in its incident.

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

/// The rule by which an alert joins an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupingRule {
    /// The source's own grouping: the same Sentry issue, the same Datadog monitor and scope.
    SourceKey,
    /// The same environment and service.
    Service,
    /// The same environment, moments apart.
    Cascade,
}

/// Why an alert is in its incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouping {
    pub decision: GroupingDecision,
    /// The rule that matched. Of an alert that opened an incident: the rule that made it a
    /// recurrence. `None` if no rule matched, as for an alert that was split from another.
    pub rule: Option<GroupingRule>,
    /// The key that matched.
    pub key: Option<String>,
    /// How far apart the rule lets alerts be.
    pub window_minutes: Option<u32>,
    /// The same in a sentence.
    pub reason: String,
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
