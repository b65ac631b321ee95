//! A naive model of alerts: what must become of deliveries, in whatever order and however often
//! they arrive. Only this module knows what is promised for alerts.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use shared::{
    classification::classify,
    domain::{
        classification::Evidence,
        delivery::{Content, Delivery, DeliveryId},
        episode::MAX_RECENT_FIRINGS,
        event::{EventKind, KeyScope, Transition},
        problem::{MAX_EPISODES, MAX_RESOLUTIONS},
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
    /// The problems, by the key of their claim.
    pub problems: BTreeMap<String, Problem>,
    /// The ids of unreadable deliveries.
    pub unreadable: BTreeSet<String>,
}

/// What deliveries say about one problem.
#[derive(Debug, Default)]
pub struct Problem {
    /// The events that fired, in order.
    pub firings: Vec<Firing>,
    /// The services that its firing events named.
    pub services: BTreeSet<String>,
    /// The times at which it was resolved, in order.
    pub resolutions: Vec<Time>,
    /// The claims of the groups of its events.
    pub groups: BTreeSet<String>,
    /// The environments of its events.
    pub environments: BTreeSet<String>,
    /// The claims of the source's groups: one for each environment, if that tells problems apart.
    pub source_groups: BTreeSet<String>,
    is_per_environment: bool,
}

/// An event that fired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firing {
    pub at: Time,
    id: DeliveryId,
    pub severity: Severity,
    evidence: Evidence,
    /// The bytes, if they state no time.
    content: Option<String>,
    /// The environment that it names.
    stated: Option<String>,
    /// The environment that it is in, as far as this event tells.
    environment: String,
}

impl Model {
    /// Builds the model from deliveries. Each counts once.
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
            let environment = classification.environment.value;
            let claims = ClaimKeys::of(event, service, &environment);
            let problem = model.problems.entry(keys::problem_claim(&event.source, &event.dedup_key)).or_default();
            problem.is_per_environment = event.key_scope == KeyScope::ProblemPerEnvironment;
            problem.environments.insert(environment.clone());
            match event.transition {
                Transition::Firing => {
                    problem.firings.push(Firing {
                        at: event.ordered_at,
                        id: delivery.delivery_id.clone(),
                        severity: classification.severity.value,
                        evidence: classification.severity.evidence,
                        content: match event.kind {
                            // A report says the same as long as its severity is the same.
                            EventKind::Report => Some(classification.severity.value.to_string()),
                            EventKind::Change => (!event.is_timed).then(|| delivery.content_hash.clone()),
                        },
                        stated: event.environment.clone(),
                        environment,
                    });
                    problem.services.extend(classification.service.value.clone());
                    problem.groups.extend(claims.service_group);
                    problem.groups.insert(claims.source_group.clone());
                    problem.source_groups.insert(claims.source_group);
                }
                Transition::Resolved => problem.resolutions.push(event.ordered_at),
            }
        }
        for problem in model.problems.values_mut() {
            problem.firings.sort_unstable();
            problem.resolutions.sort_unstable();
        }
        model
    }
}

impl Problem {
    /// The times at which it fired, in order.
    pub fn times(&self) -> impl DoubleEndedIterator<Item = Time> {
        self.firings.iter().map(|firing| firing.at)
    }

    /// How many of its alerts fire: one in each environment in which it fired after it was resolved.
    pub fn firing_alerts(&self) -> RangeInclusive<usize> {
        let fires = |firings: &Vec<&Firing>| firings.last().map(|last| last.at) > self.resolutions.last().copied();
        if let Some(lanes) = self.lanes() {
            let count = lanes.iter().filter(|firings| fires(firings)).count();
            return count..=count;
        }
        let any = usize::from(self.times().next_back() > self.resolutions.last().copied());
        any..=any * (1 + self.environments.len())
    }

    /// The severities that its events report, and whether they are all known equally well.
    pub fn severities(&self) -> (BTreeSet<Severity>, bool) {
        let evidence: BTreeSet<Evidence> = self.firings.iter().map(|firing| firing.evidence).collect();
        (self.firings.iter().map(|firing| firing.severity).collect(), evidence.len() <= 1)
    }

    /// Whether some of its events may repeat others.
    pub fn may_repeat(&self) -> bool {
        self.firings.iter().any(|firing| firing.content.is_some())
    }

    /// The alerts of the problem, in whatever order the events arrived: what fired in one environment
    /// before the same resolution is one alert. `None` if a claim does not remember so much, or if it
    /// cannot be told to which of several environments an event belongs.
    pub fn alerts(&self) -> Option<Vec<Outcome>> {
        let mut alerts = Vec::new();
        for lane in self.lanes()? {
            alerts.extend(self.alerts_of_lane(&lane)?);
        }
        alerts.sort_unstable();
        Some(alerts)
    }

    /// The events that fired, by environment, if that tells two problems apart.
    fn lanes(&self) -> Option<Vec<Vec<&Firing>>> {
        let stated: BTreeSet<&str> = self.firings.iter().filter_map(|firing| firing.stated.as_deref()).collect();
        if !self.is_per_environment || stated.len() <= 1 {
            return Some(vec![self.firings.iter().collect()]);
        }
        if self.firings.iter().any(|firing| firing.stated.is_none()) {
            return None;
        }
        let of = |name: &str| self.firings.iter().filter(|firing| firing.stated.as_deref() == Some(name)).collect();
        Some(stated.into_iter().map(of).collect())
    }

    fn alerts_of_lane(&self, firings: &[&Firing]) -> Option<Vec<Outcome>> {
        let mut alerts: BTreeMap<Option<Time>, Vec<&Firing>> = BTreeMap::new();
        for firing in firings {
            let resolved_at = self.resolutions.iter().find(|resolution| **resolution >= firing.at).copied();
            alerts.entry(resolved_at).or_default().push(firing);
        }
        let is_remembered = alerts.len() <= MAX_EPISODES
            && self.resolutions.len() <= MAX_RESOLUTIONS
            && firings.len() <= MAX_RECENT_FIRINGS + 1;
        let alerts = alerts.into_iter().filter_map(|(resolved_at, firings)| Outcome::of_firings(&firings, resolved_at));
        is_remembered.then(|| alerts.collect())
    }

    /// The longest time between a firing event of this problem and one of another, in milliseconds.
    /// Alerts of both are not further apart.
    pub fn furthest_ms(&self, other: &Self) -> Option<i64> {
        let (first, last) = (self.firings.first()?.at, self.firings.last()?.at);
        let (other_first, other_last) = (other.firings.first()?.at, other.firings.last()?.at);
        Some((last.as_millis() - other_first.as_millis()).max(other_last.as_millis() - first.as_millis()))
    }
}

/// An alert of a problem, without what depends on the order of arrival.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    first: Time,
    last: Time,
    /// When the source resolved it.
    resolved_at: Option<Time>,
    occurrences: u64,
    severity: Severity,
    environment: String,
}

impl Outcome {
    /// The outcome of the events of an alert, in order.
    fn of_firings(firings: &[&Firing], resolved_at: Option<Time>) -> Option<Self> {
        let mut content: Option<&String> = None;
        let mut counted = Vec::new();
        for firing in firings {
            // The same bytes in a row report nothing new.
            let is_repetition = firing.content.is_some() && firing.content.as_ref() == content;
            content = firing.content.as_ref();
            counted.extend((!is_repetition).then_some(*firing));
        }
        // What is known best counts, and of that the worst.
        let (_, severity) = counted.iter().map(|firing| (firing.evidence, firing.severity)).max()?;
        let first = counted.first()?;
        let stated = counted.iter().find(|firing| firing.stated.is_some());
        Some(Self {
            first: first.at,
            last: counted.last()?.at,
            resolved_at,
            occurrences: counted.len() as u64,
            severity,
            environment: stated.unwrap_or(first).environment.clone(),
        })
    }

    /// The outcome that an alert's row shows, if people had not resolved it.
    pub fn of(row: &AlertRow, problem: &Problem) -> Self {
        Self {
            first: row.occurred_at,
            last: row.last_seen_at,
            resolved_at: row.resolved_at.filter(|at| problem.resolutions.contains(at)),
            occurrences: row.occurrences,
            severity: row.severity,
            environment: row.environment.clone(),
        }
    }
}
