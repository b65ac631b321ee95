//! What deliveries say, naively: what must come of them in whatever order they arrive, however often, and whatever
//! befalls the workers. The one place that knows what is promised of episodes.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    classification::classify,
    domain::{
        delivery::{Content, Delivery},
        episode::{MAX_EPISODES, MAX_RECENT_FIRINGS, MAX_RESOLUTIONS},
        event::Transition,
        severity::Severity,
        time::Time,
    },
    keys,
    rules::Rules,
    store::claims::ClaimKeys,
};

use crate::tables::AlertRow;

/// What the deliveries that took effect say.
#[derive(Debug, Default)]
pub struct Model {
    /// Of each problem, by its claim.
    pub problems: BTreeMap<String, Problem>,
    /// The deliveries that cannot be read.
    pub unreadable: BTreeSet<String>,
}

/// What is said of one problem.
#[derive(Debug, Default)]
pub struct Problem {
    /// When it fired, in order.
    pub firings: Vec<Time>,
    severities: Vec<(Time, Severity)>,
    /// The services that its firings named.
    pub services: BTreeSet<String>,
    /// When it recovered, in order.
    pub recoveries: Vec<Time>,
    /// The worst that was said while it fired.
    pub severity: Option<Severity>,
    /// The claims of groups of its deliveries.
    pub groups: BTreeSet<String>,
    /// Their environments.
    pub environments: BTreeSet<String>,
    /// The claim of the source's group, the same for all.
    pub source_group: String,
}

impl Model {
    /// What these deliveries say, each of them once.
    pub fn of<'deliveries>(deliveries: impl IntoIterator<Item = &'deliveries Delivery>) -> Self {
        let rules = Rules::built_in().expect("valid rules");
        let mut model = Self::default();
        let mut seen = BTreeSet::new();
        for delivery in deliveries.into_iter().filter(|delivery| seen.insert(&delivery.delivery_id)) {
            let event = match &delivery.content {
                Content::Event(event) => event,
                Content::Unreadable(_) => {
                    model.unreadable.insert(delivery.delivery_id.to_string());
                    continue;
                }
            };
            let classification = classify(event, &rules);
            let service = classification.service.value.as_deref();
            let claims = ClaimKeys::of(event, service, &classification.environment.value);
            let problem = model.problems.entry(keys::episodes_claim(&event.source, &event.dedup_key)).or_default();
            match event.transition {
                Transition::Firing => {
                    problem.firings.push(event.occurred_at);
                    problem.severities.push((event.occurred_at, classification.severity.value));
                    problem.services.extend(classification.service.value.clone());
                    problem.severity = problem.severity.max(Some(classification.severity.value));
                    problem.groups.extend(claims.service_group);
                    problem.groups.insert(claims.source_group.clone());
                }
                Transition::Resolved => problem.recoveries.push(event.occurred_at),
            }
            problem.environments.insert(classification.environment.value);
            problem.source_group = claims.source_group;
        }
        for problem in model.problems.values_mut() {
            problem.firings.sort_unstable();
            problem.recoveries.sort_unstable();
        }
        model
    }
}

impl Problem {
    /// Whether it fires after all.
    pub fn fires(&self) -> bool {
        self.firings.last() > self.recoveries.last()
    }

    /// The alerts that must have come of it, in whatever order it arrived: what fired up to the same recovery is one.
    /// `None` if it is more than what is remembered of a problem.
    pub fn alerts(&self) -> Option<Vec<Outcome>> {
        let mut alerts: BTreeMap<Option<Time>, Outcome> = BTreeMap::new();
        for (at, severity) in &self.severities {
            let resolved_at = self.recoveries.iter().find(|recovery| *recovery >= at).copied();
            let outcome = Outcome { first: *at, last: *at, resolved_at, occurrences: 0, severity: *severity };
            let outcome = alerts.entry(resolved_at).or_insert(outcome);
            outcome.first = outcome.first.min(*at);
            outcome.last = outcome.last.max(*at);
            outcome.occurrences += 1;
            outcome.severity = outcome.severity.max(*severity);
        }
        let is_remembered = alerts.len() <= MAX_EPISODES
            && self.recoveries.len() <= MAX_RESOLUTIONS
            && self.firings.len() <= MAX_RECENT_FIRINGS + 1;
        let mut alerts: Vec<Outcome> = alerts.into_values().collect();
        alerts.sort_unstable();
        is_remembered.then_some(alerts)
    }

    /// The longest time between two of its firings and those of another, in milliseconds. Whichever of them began
    /// alerts, they were not further apart.
    pub fn furthest_ms(&self, other: &Self) -> Option<i64> {
        let (first, last) = (self.firings.first()?, self.firings.last()?);
        let (other_first, other_last) = (other.firings.first()?, other.firings.last()?);
        Some((last.as_millis() - other_first.as_millis()).max(other_last.as_millis() - first.as_millis()))
    }
}

/// What came of a part of a problem.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    first: Time,
    last: Time,
    resolved_at: Option<Time>,
    occurrences: u64,
    severity: Severity,
}

impl Outcome {
    /// By an alert's row.
    pub fn of(row: &AlertRow) -> Self {
        let AlertRow { occurred_at: first, last_seen_at: last, resolved_at, occurrences, severity, .. } = *row;
        Self { first, last, resolved_at, occurrences, severity }
    }
}
