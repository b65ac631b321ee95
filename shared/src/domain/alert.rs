//! An alert: one episode of one problem, from firing until resolved.

use serde::{Deserialize, Serialize};

use super::{
    alert_status::AlertStatus,
    classification::{Classification, Classified},
    episode::Episode,
    event::AlertEvent,
    grouping::Grouping,
    id::{AlertId, IncidentId},
    severity::Severity,
    source::Source,
    time::Time,
};

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub id: AlertId,
    pub state: AlertState,
    pub report: AlertReport,
}

/// The part of an alert that lists filter on and that later deliveries change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertState {
    pub source: Source,
    /// The highest severity that was reported.
    pub severity: Severity,
    pub status: AlertStatus,
    pub service: Option<String>,
    pub environment: String,
    pub team: Option<String>,
    pub incident_id: Option<IncidentId>,
    /// When it first fired, by the source's clock.
    pub occurred_at: Time,
    /// When it last fired, by the source's clock.
    pub last_seen_at: Time,
    /// When it was resolved, by the source's clock.
    pub resolved_at: Option<Time>,
    /// How many deliveries reported that it fires.
    pub occurrences: u64,
    /// Of the delivery that reported the highest severity.
    pub severity_classification: Classified<Severity>,
}

/// The part of an alert that says what was reported. It seldom changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertReport {
    /// The problem's name in the source, for people to find it there.
    pub external_id: Option<String>,
    /// The same for all deliveries of the problem.
    pub dedup_key: String,
    pub title: String,
    pub message: Option<String>,
    pub tags: Vec<String>,
    /// Where to look at it in the source.
    pub link: Option<String>,
    pub team_classification: Classified<Option<String>>,
    pub service_classification: Classified<Option<String>>,
    pub environment_classification: Classified<String>,
    pub grouping: Grouping,
}

/// What grouping decided about a new alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub incident_id: Option<IncidentId>,
    pub grouping: Grouping,
}

impl Alert {
    /// The alert that the first firing delivery of an episode makes. `resolved_at` is set if its
    /// resolution arrived before it.
    #[must_use]
    pub fn first(
        id: AlertId,
        event: AlertEvent,
        classification: Classification,
        resolved_at: Option<Time>,
        placement: Placement,
    ) -> Self {
        let Classification { severity, team, service, environment } = classification;
        let state = AlertState {
            source: event.source,
            severity: severity.value,
            status: AlertStatus::of(resolved_at),
            service: service.value.clone(),
            environment: environment.value.clone(),
            team: team.value.clone(),
            incident_id: placement.incident_id,
            occurred_at: event.occurred_at,
            last_seen_at: event.occurred_at,
            resolved_at,
            occurrences: 1,
            severity_classification: severity,
        };
        let report = AlertReport {
            external_id: event.external_id,
            dedup_key: event.dedup_key,
            title: event.title,
            message: event.message,
            tags: event.tags,
            link: event.link,
            team_classification: team,
            service_classification: service,
            environment_classification: environment,
            grouping: placement.grouping,
        };
        Self { id, state, report }
    }

    /// When we recorded it.
    #[must_use]
    pub fn created_at(&self) -> Time {
        self.id.created_at()
    }

    /// How it was classified.
    #[must_use]
    pub fn classification(&self) -> Classification {
        Classification {
            severity: self.state.severity_classification.clone(),
            team: self.report.team_classification.clone(),
            service: self.report.service_classification.clone(),
            environment: self.report.environment_classification.clone(),
        }
    }

    /// Takes over what a delivery changed. `worst` classifies the highest severity, if another
    /// delivery reports it now.
    pub fn revise(&mut self, episode: &Episode, worst: Option<&Classified<Severity>>) {
        let firings = episode.firings();
        let state = &mut self.state;
        state.status = episode.status();
        state.severity = firings.severity;
        state.occurred_at = firings.first.at;
        state.last_seen_at = firings.last_seen_at;
        state.resolved_at = episode.resolved_at;
        state.occurrences = firings.occurrences;
        if let Some(worst) = worst {
            state.severity_classification = worst.clone();
        }
    }

    /// Takes over what an earlier firing delivery reports that arrived late: an alert reports what
    /// its first delivery does. Its incident, severity and counters stay.
    #[must_use]
    pub fn rewritten(self, event: AlertEvent, classification: Classification) -> Self {
        let Self { id, state, report } = self;
        let placement = Placement { incident_id: state.incident_id, grouping: report.grouping };
        let first = Self::first(id, event, classification, state.resolved_at, placement);
        let state = AlertState {
            service: first.state.service,
            environment: first.state.environment,
            team: first.state.team,
            ..state
        };
        Self { id, state, report: first.report }
    }
}
