//! An alert: one episode of one problem, from firing until recovered.

use serde::{Deserialize, Serialize};

use super::{
    episode::Episode,
    event::AlertEvent,
    id::{AlertId, IncidentId},
    severity::Severity,
    source::Source,
    time::Time,
};

/// Whether the problem is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// It is.
    Firing,
    /// It recovered.
    Resolved,
}

impl AlertStatus {
    /// The name in JSON, tables and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Where a classified value comes from, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The source said so.
    Stated,
    /// A rule of ours says so.
    Rule,
    /// A word of the text.
    Text,
    /// Nothing: the default.
    Default,
}

/// A classified value and why it is that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classified<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub evidence: Evidence,
    /// What matched: the source's words, the rule, the word of the text.
    pub matched: Option<String>,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
}

/// How an alert was classified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// How bad it is.
    pub severity: Classified<Severity>,
    /// Whose it is.
    pub team: Classified<Option<String>>,
    /// What it is about.
    pub service: Classified<Option<String>>,
    /// Where it happens.
    pub environment: Classified<String>,
}

/// What grouping did with an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupingDecision {
    /// It opened an incident.
    Opened,
    /// It joined an open one.
    Joined,
    /// It had already recovered when it arrived, and opened nothing.
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
    /// What was done.
    pub decision: GroupingDecision,
    /// By which rule it joined; for one that opened, the rule that made it a recurrence, if any.
    pub rule: Option<GroupingRule>,
    /// The key that matched.
    pub key: Option<String>,
    /// How far apart the rule lets alerts be, in minutes.
    pub window_minutes: Option<u32>,
    /// The same in a sentence.
    pub reason: String,
}

/// One episode of one problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Identifies it; its time is `created_at`.
    pub id: AlertId,
    /// The source.
    pub source: Source,
    /// The problem's name in the source's system.
    pub external_id: Option<String>,
    /// The same for all deliveries of the problem.
    pub dedup_key: String,
    /// One line.
    pub title: String,
    /// The text below it.
    pub message: Option<String>,
    /// The highest that was reported.
    pub severity: Severity,
    /// Firing or resolved.
    pub status: AlertStatus,
    /// What it is about.
    pub service: Option<String>,
    /// Where it happens.
    pub environment: String,
    /// Whose it is.
    pub team: Option<String>,
    /// The source's tags.
    pub tags: Vec<String>,
    /// Where to look at it in the source's system.
    pub link: Option<String>,
    /// When it first fired, by the source's clock.
    pub occurred_at: Time,
    /// When we recorded it.
    pub created_at: Time,
    /// When it last fired, by the source's clock.
    pub last_seen_at: Time,
    /// When it recovered, by the source's clock.
    pub resolved_at: Option<Time>,
    /// How many firing deliveries it had.
    pub occurrences: u64,
    /// The incident that it belongs to.
    pub incident_id: Option<IncidentId>,
    /// How it was classified.
    pub classification: Classification,
    /// Why it is in that incident.
    pub grouping: Grouping,
}

impl Alert {
    /// The alert that the first firing delivery of an episode makes.
    ///
    /// `resolved_at` is set if its recovery came before it.
    #[must_use]
    pub fn first(
        id: AlertId,
        event: AlertEvent,
        classification: Classification,
        resolved_at: Option<Time>,
        (incident_id, grouping): (Option<IncidentId>, Grouping),
    ) -> Self {
        Self {
            id,
            source: event.source,
            external_id: event.external_id,
            dedup_key: event.dedup_key,
            title: event.title,
            message: event.message,
            severity: classification.severity.value,
            status: if resolved_at.is_some() { AlertStatus::Resolved } else { AlertStatus::Firing },
            service: classification.service.value.clone(),
            environment: classification.environment.value.clone(),
            team: classification.team.value.clone(),
            tags: event.tags,
            link: event.link,
            occurred_at: event.occurred_at,
            created_at: id.created_at(),
            last_seen_at: event.occurred_at,
            resolved_at,
            occurrences: 1,
            incident_id,
            classification,
            grouping,
        }
    }

    /// Takes over what a delivery changed, and the classification of the worst, if that is another now.
    pub fn revise(&mut self, episode: &Episode, raised: Option<&Classified<Severity>>) {
        let firings = episode.firings();
        self.status = episode.status();
        self.severity = firings.severity;
        self.occurred_at = firings.first.at;
        self.last_seen_at = firings.last_seen_at;
        self.resolved_at = episode.resolved_at;
        self.occurrences = firings.occurrences;
        if let Some(raised) = raised {
            self.classification.severity = raised.clone();
        }
    }

    /// Takes over what an earlier firing delivery, which arrived late, says: an alert says what its first one does.
    /// What it is part of and how bad it is, stays.
    #[must_use]
    pub fn rewritten(self, event: AlertEvent, classification: Classification) -> Self {
        let severity = self.classification.severity;
        let told = Self::first(self.id, event, classification, self.resolved_at, (self.incident_id, self.grouping));
        Self {
            severity: self.severity,
            occurred_at: self.occurred_at,
            last_seen_at: self.last_seen_at,
            occurrences: self.occurrences,
            classification: Classification { severity, ..told.classification },
            ..told
        }
    }
}
