//! Each accepted delivery takes effect exactly once.

use std::collections::BTreeMap;

use shared::domain::alert_status::AlertStatus;

use super::{History, People, Violations, alert, alerts_of_problem};
use crate::{
    model::{Model, Outcome, Problem},
    sources::is_report,
    tables::{AlertRow, Tables},
};

pub fn check(tables: &Tables, history: &History, model: &Model, people: &People<'_>, violations: &mut Violations) {
    for delivery in &history.deliveries {
        let id = delivery.delivery_id.to_string();
        let took_effect = tables.claims.deliveries.contains(&id);
        violations.unless(took_effect || is_report(delivery) || history.dead.contains(&id), || {
            format!("delivery {id} is lost")
        });
    }
    for id in &tables.claims.deliveries {
        let known = history.deliveries.iter().any(|delivery| delivery.delivery_id.as_str() == id);
        violations.unless(known, || format!("delivery {id} took effect, but nobody sent it"));
    }
    quarantine(tables, model, violations);
    for (claim, problem) in &model.problems {
        check_problem(people, claim, problem, violations);
    }
    for found in tables.alerts.values() {
        let claim = super::problem_of(found);
        let fired = model.problems.get(&claim).is_some_and(|problem| !problem.firings.is_empty());
        violations.unless(fired, || format!("{} is of {claim}, which never fired", alert(found.alert_id)));
    }
}

fn quarantine(tables: &Tables, model: &Model, violations: &mut Violations) {
    let mut entries: BTreeMap<&str, u32> = model.unreadable.iter().map(|id| (id.as_str(), 0)).collect();
    for id in &tables.quarantined {
        *entries.entry(id).or_default() += 1;
    }
    for (id, count) in entries {
        let expected = u32::from(model.unreadable.contains(id));
        violations.equal(&count, &expected, || format!("the number of quarantine entries of delivery {id}"));
    }
}

fn check_problem(people: &People<'_>, claim: &str, problem: &Problem, violations: &mut Violations) {
    let alerts = alerts_of_problem(people.tables, claim);
    sums(&alerts, claim, problem, violations);
    let firing = alerts.iter().filter(|alert| alert.status == AlertStatus::Firing).count();
    let is_left_to_sources = !alerts.iter().any(|row| people.is_at_work_on(row));
    let expected = problem.firing_alerts();
    // People only end alerts.
    let is_so = firing <= *expected.end() && (!is_left_to_sources || firing >= *expected.start());
    violations.unless(is_so, || format!("the number of firing alerts of {claim} is {firing} instead of {expected:?}"));
    if let Some(expected) = problem.alerts() {
        let mut found: Vec<Outcome> = alerts.iter().map(|alert| Outcome::of(alert, problem)).collect();
        found.sort_unstable();
        violations.equal(&found, &expected, || format!("what came of the deliveries of {claim}"));
    }
    for row in alerts {
        let name = alert(row.alert_id);
        let here = problem.environments.contains(&row.environment);
        violations.unless(here, || format!("{name} is in {}, where {claim} was not", row.environment));
        for at in [row.occurred_at, row.last_seen_at] {
            let fired = problem.times().any(|fired| fired == at);
            violations.unless(fired, || format!("{name} says {at}, when {claim} did not fire"));
        }
        violations.unless(row.occurred_at <= row.last_seen_at, || format!("{name} ends before it begins"));
        violations.unless(row.occurrences > 0, || format!("{name} never occurred"));
        violations.equal(&(row.status == AlertStatus::Resolved), &row.resolved_at.is_some(), || {
            format!("whether {name} is resolved")
        });
        if let Some(at) = row.resolved_at {
            let known = problem.resolutions.contains(&at) || people.may_have_resolved(row, at);
            violations.unless(known, || format!("{name} was resolved at {at}, when {claim} was not resolved"));
            violations.unless(row.last_seen_at <= at, || format!("{name} fired after it was resolved at {at}"));
        }
    }
}

/// What holds for all alerts of a problem together, however much of it is remembered.
fn sums(alerts: &[&AlertRow], claim: &str, problem: &Problem, violations: &mut Violations) {
    let counted: u64 = alerts.iter().map(|alert| alert.occurrences).sum();
    let reported = problem.firings.len() as u64;
    let is_so = if problem.may_repeat() { counted <= reported } else { counted == reported };
    violations.unless(is_so, || format!("the sum of occurrences of {claim} is {counted} instead of {reported}"));
    let (reported, is_equally_known) = problem.severities();
    let worst = alerts.iter().map(|alert| alert.severity).max();
    if is_equally_known {
        violations.equal(&worst, &reported.last().copied(), || format!("the highest severity of {claim}"));
    }
    let is_reported = worst.is_none_or(|worst| reported.contains(&worst));
    violations.unless(is_reported, || format!("the highest severity of {claim} is {worst:?}, which nobody reported"));
    let first = alerts.iter().map(|alert| alert.occurred_at).min();
    violations.equal(&first, &problem.times().next(), || format!("the first occurrence of {claim}"));
    let last = alerts.iter().map(|alert| alert.last_seen_at).max();
    if !problem.may_repeat() {
        violations.equal(&last, &problem.times().next_back(), || format!("the last occurrence of {claim}"));
    }
}
