//! An alert: one episode of one problem, from firing until resolved.

use serde::{Deserialize, Serialize};

use super::{
    alert_status::AlertStatus,
    classification::{Classification, Classified},
    episode::{Episode, EventKey},
    event::{AlertEvent, KeyScope},
    grouping::{Grouping, GroupingDecision, GroupingRule, Moved},
    id::{AlertId, BundleId, IncidentId},
    reported::Reported,
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
    /// The highest severity that was reported. One that the source stated counts more than a guess.
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
    /// When it was resolved: by the source's clock, or by ours if a person resolved it.
    pub resolved_at: Option<Time>,
    /// How many deliveries reported that it fires.
    pub occurrences: u64,
    /// Of the delivery that reported the severity.
    pub severity_classification: Classified<Severity>,
    /// Somebody tried a notification out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
    /// The bundle in which its payload is, unless that has a row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleId>,
    /// When it last changed, by our clock.
    pub updated_at: Time,
    /// Counts the changes that were written, from 1. The table counts, so an alert that was changed in memory still has the
    /// version that was read.
    pub version: u64,
}

/// The part of an alert that says what its deliveries report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertReport {
    /// The same for all deliveries of the problem, in whatever environment.
    pub problem_key: String,
    /// What names the problem in all its episodes, if `problem_key` is new in each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurs_as: Option<Reported<String>>,
    pub title: Reported<String>,
    /// The problem's name in the source, for people to find it there.
    pub external_id: Option<Reported<String>>,
    pub message: Option<Reported<String>>,
    pub tags: Option<Reported<Vec<String>>>,
    /// Where to look at it in the source.
    pub link: Option<Reported<String>>,
    /// The part of the monitored things that the problem is about: `host:web-1`.
    pub group: Option<Reported<String>>,
    pub team: Reported<Classified<Option<String>>>,
    pub service: Reported<Classified<Option<String>>>,
    pub environment: Reported<Classified<String>>,
    /// Whether the same problem in another environment is another.
    pub key_scope: KeyScope,
    pub grouping: Grouping,
}

/// What grouping decided about a new alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    pub incident_id: Option<IncidentId>,
    pub grouping: Grouping,
}

/// One firing delivery, as an alert takes it in.
#[derive(Debug, Clone, Copy)]
pub struct Delivered<'event> {
    pub key: &'event EventKey,
    pub event: &'event AlertEvent,
    pub classification: &'event Classification,
}

impl Alert {
    /// The alert of an episode that one firing delivery begins.
    #[must_use]
    pub fn first(episode: &Episode, delivered: Delivered<'_>, placement: Placement) -> Self {
        let Delivered { event, classification, .. } = delivered;
        let firings = episode.firings();
        let state = AlertState {
            source: event.source.clone(),
            severity: firings.severity,
            status: episode.status(),
            service: classification.service.value.clone(),
            environment: classification.environment.value.clone(),
            team: classification.team.value.clone(),
            incident_id: placement.incident_id,
            occurred_at: firings.occurred_at,
            last_seen_at: firings.last_seen_at,
            resolved_at: episode.resolved_at(),
            occurrences: firings.occurrences,
            severity_classification: classification.severity.clone(),
            is_test: event.is_test,
            bundle: None,
            updated_at: episode.alert_id.created_at(),
            version: 1,
        };
        Self { id: episode.alert_id, state, report: AlertReport::of(delivered, placement.grouping) }
    }

    /// When we recorded it.
    #[must_use]
    pub fn created_at(&self) -> Time {
        self.id.created_at()
    }

    /// When its problem began, as far as the delay of its monitor is known.
    #[must_use]
    pub fn onset_at(&self) -> Time {
        self.state.occurred_at.plus_millis(-self.report.grouping.usual_delay_ms())
    }

    /// Whether it tells when a problem of its incident began. One that joined for another reason than
    /// the evidence only fires again.
    #[must_use]
    pub fn is_onset(&self) -> bool {
        let Grouping { decision, rule, .. } = &self.report.grouping;
        *decision == GroupingDecision::Opened || *rule == Some(GroupingRule::Evidence)
    }

    /// What tells its problem from others: the source's key, with the environment if that tells two
    /// problems apart.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        let AlertReport { problem_key, key_scope, environment, .. } = &self.report;
        match key_scope {
            KeyScope::ProblemPerEnvironment if environment.is_stated() => {
                format!("{problem_key}|environment:{}", environment.value.value)
            }
            _ => problem_key.clone(),
        }
    }

    /// What names its problem in all its episodes.
    #[must_use]
    pub fn recurs_as(&self) -> String {
        self.report.recurs_as.as_ref().map_or_else(|| self.dedup_key(), |reported| reported.value.clone())
    }

    /// How it was classified.
    #[must_use]
    pub fn classification(&self) -> Classification {
        Classification {
            severity: self.state.severity_classification.clone(),
            team: self.report.team.value.clone(),
            service: self.report.service.value.clone(),
            environment: self.report.environment.value.clone(),
        }
    }

    /// Takes over what its deliveries come to. `worst` classifies the severity, if another delivery
    /// reports it now.
    pub fn revise(&mut self, episode: &Episode, worst: Option<&Classified<Severity>>) {
        let firings = episode.firings();
        let state = &mut self.state;
        state.status = episode.status();
        state.severity = firings.severity;
        state.occurred_at = firings.occurred_at;
        state.last_seen_at = firings.last_seen_at;
        state.resolved_at = episode.resolved_at();
        state.occurrences = firings.occurrences;
        if let Some(worst) = worst {
            state.severity_classification = worst.clone();
        }
    }

    /// The same alert after a change. Writers' clocks may disagree by moments; an alert never seems to go back in time.
    #[must_use]
    pub fn changed(mut self, now: Time) -> Self {
        self.state.updated_at = self.state.updated_at.max(now);
        self
    }

    /// People put it into another incident.
    #[must_use]
    pub fn moved(mut self, to: IncidentId, moved: Moved) -> Self {
        self.state.incident_id = Some(to);
        self.report.grouping.moved = Some(moved);
        self
    }

    /// A person ends it, and its problem does not remember it.
    pub fn end(&mut self, now: Time) {
        self.state.status = AlertStatus::Resolved;
        self.state.resolved_at = Some(now);
    }

    /// Takes in what another firing delivery reports.
    pub fn merge(&mut self, delivered: Delivered<'_>) {
        let grouping = self.report.grouping.clone();
        self.report = self.report.clone().and(AlertReport::of(delivered, grouping));
        self.take_over_report();
    }
}

impl Alert {
    /// Takes over another report of the same alert, but keeps what deliveries with certain keys
    /// reported, too.
    pub fn keep_report(&mut self, fresh: Self, keep: impl Fn(&EventKey) -> bool) {
        let kept = self.report.clone().only(&fresh.report, keep);
        self.report = fresh.report.and(kept);
        self.take_over_report();
    }

    fn take_over_report(&mut self) {
        self.state.service.clone_from(&self.report.service.value.value);
        self.state.environment.clone_from(&self.report.environment.value.value);
        self.state.team.clone_from(&self.report.team.value.value);
    }
}

impl AlertReport {
    fn of(delivered: Delivered<'_>, grouping: Grouping) -> Self {
        let Delivered { key, event, classification } = delivered;
        let text = |text: &Option<String>| Reported::some(text.clone(), key);
        Self {
            problem_key: event.dedup_key.clone(),
            recurs_as: text(&event.recurs_as),
            title: Reported { value: event.title.clone(), by: key.clone() },
            external_id: text(&event.external_id),
            message: text(&event.message),
            tags: Reported::some(Some(event.tags.clone()).filter(|tags| !tags.is_empty()), key),
            link: text(&event.link),
            group: text(&event.group),
            team: Reported { value: classification.team.clone(), by: key.clone() },
            service: Reported { value: classification.service.clone(), by: key.clone() },
            environment: Reported { value: classification.environment.clone(), by: key.clone() },
            key_scope: event.key_scope,
            grouping,
        }
    }

    /// What deliveries with certain keys reported; of the rest, what `other` says.
    fn only(self, other: &Self, keep: impl Fn(&EventKey) -> bool) -> Self {
        fn pick<T: Clone>(one: Reported<T>, other: &Reported<T>, keep: impl Fn(&EventKey) -> bool) -> Reported<T> {
            if keep(&one.by) { one } else { other.clone() }
        }
        Self {
            title: pick(self.title, &other.title, &keep),
            recurs_as: self.recurs_as.filter(|reported| keep(&reported.by)),
            external_id: self.external_id.filter(|reported| keep(&reported.by)),
            message: self.message.filter(|reported| keep(&reported.by)),
            tags: self.tags.filter(|reported| keep(&reported.by)),
            link: self.link.filter(|reported| keep(&reported.by)),
            group: self.group.filter(|reported| keep(&reported.by)),
            team: pick(self.team, &other.team, &keep),
            service: pick(self.service, &other.service, &keep),
            environment: pick(self.environment, &other.environment, &keep),
            ..self
        }
    }

    /// What this and another report of the same alert say together.
    fn and(self, other: Self) -> Self {
        Self {
            problem_key: self.problem_key,
            recurs_as: Reported::earliest_of(self.recurs_as, other.recurs_as),
            title: Reported::earliest(self.title, other.title),
            external_id: Reported::earliest_of(self.external_id, other.external_id),
            message: Reported::newest_of(self.message, other.message),
            tags: Reported::newest_of(self.tags, other.tags),
            link: Reported::newest_of(self.link, other.link),
            group: Reported::earliest_of(self.group, other.group),
            team: Reported::surest(self.team, other.team),
            service: Reported::surest(self.service, other.service),
            environment: Reported::surest(self.environment, other.environment),
            key_scope: self.key_scope,
            grouping: self.grouping,
        }
    }
}
