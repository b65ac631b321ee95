//! The evidence for an incident: a score, and the facts that it comes from.
//!
//! | evidence | points |
//! | --- | --- |
//! | the problem began some time before the first or after the last of the incident | −1 for each spread |
//! | it began later than an outage usually spreads | −1 for each spread |
//! | the alert or the incident names no service | +0.25 |
//! | the same service | +0.5 |
//! | one declared dependency apart; two; more; nothing declared | +0.75; 0; −1.25; −1 |
//! | how often both services broke together, of the outages of the alert's service | −1.5 to +1.5 |
//!
//! The spread is learned for each environment, the usual delay of a monitor for each monitor. Times
//! are those of the sources.

use super::{ServiceGroup, opening_lock::OpeningLock};
use crate::{
    domain::{
        grouping::{Fact, ScorePart, ScoredIncident},
        incident::Incident,
        time::Time,
    },
    rules::{Dependency, GroupingSettings, Rules, Span, Strictness},
};

/// An alert joins an incident with at least this score. It is what an alert of the same service has
/// two and a half spreads after the last one.
const NEEDED: f64 = -2.0;

/// How much more or less is needed if the rules ask for strict or lenient grouping: one spread.
const STRICTNESS_STEP: f64 = 1.0;

/// An outage usually spreads for three spreads and two minutes. What begins later loses points, so
/// that alerts which trickle in do not become one incident.
const SPAN_SPREADS: f64 = 3.0;
const SPAN_MINUTES: f64 = 2.0;

const NO_SERVICE: f64 = 0.25;
const SAME_SERVICE: f64 = 0.5;
const ONE_APART: f64 = 0.75;
const TWO_APART: f64 = 0.0;
const FAR: f64 = -1.25;
/// What nobody declared says less than what is declared to be far.
const UNDECLARED: f64 = -1.0;

/// Two services that have nothing to do with each other break together by chance in about so many of
/// the outages of one of them.
const CHANCE: f64 = 0.15;

/// Services are related if they broke together in so many outages, and in twice as many as by chance.
const MIN_TOGETHER: u32 = 2;
const OFTEN: f64 = 2.0 * CHANCE;

/// So much is added to each count, so that one or two outages prove little.
const PRIOR: f64 = 2.0;

/// History alone neither joins what is far apart nor keeps apart what is near.
const MAX_HISTORY: f64 = 1.5;

/// What is weighed of a new alert.
#[derive(Debug, Clone, Copy)]
pub struct Weighed<'alert> {
    /// When its problem began: when the alert occurred, less the usual delay of its monitor.
    pub onset: Time,
    pub service: Option<&'alert str>,
    /// What is known of its service.
    pub history: &'alert ServiceGroup,
}

/// The units of the score in one environment.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub spread_minutes: f64,
    pub span_minutes: f64,
    /// The score that an incident needs.
    pub needed: f64,
}

impl Scale {
    /// The scale of an environment.
    #[must_use]
    pub fn of(environment: &OpeningLock, settings: GroupingSettings) -> Self {
        let spread_minutes = environment.spread_minutes();
        let span_minutes = match settings.span {
            Span::Learned => SPAN_SPREADS.mul_add(spread_minutes, SPAN_MINUTES),
            Span::Minutes(minutes) => f64::from(minutes),
        };
        let needed = match settings.strictness {
            Strictness::Lenient => NEEDED - STRICTNESS_STEP,
            Strictness::Normal => NEEDED,
            Strictness::Strict => NEEDED + STRICTNESS_STEP,
        };
        Self { spread_minutes, span_minutes, needed }
    }

    /// What an incident scores for an alert.
    #[must_use]
    pub fn weigh(&self, alert: Weighed<'_>, incident: &Incident, rules: &Rules) -> ScoredIncident {
        let mut parts = self.times(alert.onset, incident);
        parts.extend(relation(alert, incident, rules));
        for part in &mut parts {
            part.points = rounded(part.points);
        }
        let score = rounded(parts.iter().map(|part| part.points).sum());
        ScoredIncident { incident_id: incident.id, score, parts }
    }

    /// Whether an incident that scores too little could score enough if further alerts joined it: they
    /// may bring its span and its services nearer.
    #[must_use]
    pub fn may_come_near(&self, onset: Time, incident: &Incident) -> bool {
        const MAX_RELATION: f64 = ONE_APART + MAX_HISTORY;
        let reach_minutes = (MAX_RELATION - self.needed) * self.spread_minutes;
        minutes_between(incident.outage_from(), onset).abs() <= self.span_minutes + reach_minutes
    }

    fn times(&self, onset: Time, incident: &Incident) -> Vec<ScorePart> {
        let before = minutes_between(onset, incident.first_onset_at);
        let after = minutes_between(incident.last_onset_at, onset);
        let late = minutes_between(incident.outage_from(), onset) - self.span_minutes;
        let lost = |minutes: f64| -minutes / self.spread_minutes;
        let gap = if before > 0.0 {
            ScorePart { fact: Fact::Before { seconds: seconds(before) }, points: lost(before) }
        } else if after > 0.0 {
            ScorePart { fact: Fact::After { seconds: seconds(after) }, points: lost(after) }
        } else {
            ScorePart { fact: Fact::Within, points: 0.0 }
        };
        let late = (late > 0.0).then(|| ScorePart { fact: Fact::Late { seconds: seconds(late) }, points: lost(late) });
        std::iter::once(gap).chain(late).collect()
    }
}

/// How the alert's service and the services of the incident belong together: of several services the
/// one that speaks most for the incident.
fn relation(alert: Weighed<'_>, incident: &Incident, rules: &Rules) -> Vec<ScorePart> {
    let Some(service) = alert.service.filter(|_| !incident.services.is_empty()) else {
        return vec![ScorePart { fact: Fact::NoService, points: NO_SERVICE }];
    };
    let is_same = |other: &String| other == service;
    if incident.services.iter().any(is_same) || alert.history.incidents.contains(&incident.id) {
        return vec![ScorePart { fact: Fact::SameService, points: SAME_SERVICE }];
    }
    let related = incident.services.iter().map(|other| {
        let dependency = dependency(service, other, rules);
        let history = history(alert.history, other);
        let points = dependency.points + history.as_ref().map_or(0.0, |part| part.points);
        (points, std::iter::once(dependency).chain(history))
    });
    // Of equal ones the first by name.
    let best = related.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.into_iter().flat_map(|(_, parts)| parts).collect()
}

/// Whether an alert and an incident may be of one outage, whenever they were: they have a service in common, or ones that
/// are at most two declared dependencies apart, or that often broke together. Of an alert without a service any may.
#[must_use]
pub fn is_related(alert: Weighed<'_>, incident: &Incident, rules: &Rules) -> bool {
    let Some(service) = alert.service else { return true };
    let often = |other: &str| {
        let together = alert.history.together_with(other);
        together >= MIN_TOGETHER && f64::from(together) >= OFTEN * f64::from(alert.history.outages)
    };
    incident.services.iter().any(|other| {
        let is_near =
            matches!(rules.dependency(service, other), Dependency::Needs | Dependency::NeededBy | Dependency::TwoApart);
        other == service || is_near || often(other)
    })
}

fn dependency(service: &str, other: &str, rules: &Rules) -> ScorePart {
    let named = other.to_owned();
    let (fact, points) = match rules.dependency(service, other) {
        Dependency::Needs => (Fact::Needs { service: named }, ONE_APART),
        Dependency::NeededBy => (Fact::NeededBy { service: named }, ONE_APART),
        Dependency::TwoApart => (Fact::TwoApart { service: named }, TWO_APART),
        Dependency::Far => (Fact::Far, FAR),
        Dependency::Unknown => (Fact::Undeclared, UNDECLARED),
    };
    ScorePart { fact, points }
}

/// `None` while no outage of the alert's service taught anything.
fn history(known: &ServiceGroup, other: &str) -> Option<ScorePart> {
    let (together, outages) = (known.together_with(other), known.outages);
    let expected = CHANCE.mul_add(f64::from(outages), PRIOR);
    let points = ((f64::from(together) + PRIOR) / expected).ln().clamp(-MAX_HISTORY, MAX_HISTORY);
    let fact = Fact::Together { service: other.to_owned(), together, outages };
    (outages > 0).then_some(ScorePart { fact, points })
}

#[expect(clippy::cast_precision_loss, reason = "differences of times are far below 2^52 ms")]
fn minutes_between(from: Time, to: Time) -> f64 {
    (to.as_millis() - from.as_millis()) as f64 / 60_000.0
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number of seconds after rounding")]
fn seconds(minutes: f64) -> i64 {
    (minutes * 60.0).round() as i64
}

fn rounded(points: f64) -> f64 {
    // Adding 0 makes 0 of −0.
    (points * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests;
