//! Each accepted delivery takes effect once.

use std::collections::BTreeMap;

use shared::domain::alert_status::AlertStatus;

use super::{History, Violations, alert, alerts_of_problem};
use crate::{
    model::{Model, Outcome, Problem},
    tables::Tables,
};

pub fn check(tables: &Tables, history: &History, model: &Model, violations: &mut Violations) {
    for delivery in &history.deliveries {
        let id = delivery.delivery_id.to_string();
        let took_effect = tables.claims.deliveries.contains(&id);
        violations.unless(took_effect || history.dead.contains(&id), || format!("delivery {id} is lost"));
    }
    for id in &tables.claims.deliveries {
        let known = history.deliveries.iter().any(|delivery| delivery.delivery_id.as_str() == id);
        violations.unless(known, || format!("delivery {id} took effect, but nobody sent it"));
    }
    quarantine(tables, model, violations);
    for (claim, problem) in &model.problems {
        check_problem(tables, claim, problem, violations);
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

fn check_problem(tables: &Tables, claim: &str, problem: &Problem, violations: &mut Violations) {
    let alerts = alerts_of_problem(tables, claim);
    let counted: u64 = alerts.iter().map(|alert| alert.occurrences).sum();
    violations.equal(&counted, &(problem.firings.len() as u64), || format!("the sum of occurrences of {claim}"));
    let worst = alerts.iter().map(|alert| alert.severity).max();
    violations.equal(&worst, &problem.severity, || format!("the highest severity of {claim}"));
    let first = alerts.iter().map(|alert| alert.occurred_at).min();
    violations.equal(&first.as_ref(), &problem.firings.first(), || format!("the first occurrence of {claim}"));
    let last = alerts.iter().map(|alert| alert.last_seen_at).max();
    violations.equal(&last.as_ref(), &problem.firings.last(), || format!("the last occurrence of {claim}"));

    let firing = alerts.iter().filter(|alert| alert.status == AlertStatus::Firing).count();
    violations.equal(&firing, &usize::from(problem.fires()), || format!("the number of firing alerts of {claim}"));
    if let Some(expected) = problem.alerts() {
        let mut found: Vec<Outcome> = alerts.iter().map(|alert| Outcome::of(alert)).collect();
        found.sort_unstable();
        violations.equal(&found, &expected, || format!("what came of the deliveries of {claim}"));
    }
    for row in alerts {
        let name = alert(row.alert_id);
        let here = problem.environments.contains(&row.environment);
        violations.unless(here, || format!("{name} is in {}, where {claim} was not", row.environment));
        for at in [row.occurred_at, row.last_seen_at] {
            violations.unless(problem.firings.contains(&at), || format!("{name} says {at}, when {claim} did not fire"));
        }
        violations.unless(row.occurred_at <= row.last_seen_at, || format!("{name} ends before it begins"));
        violations.unless(row.occurrences > 0, || format!("{name} never occurred"));
        violations.equal(&(row.status == AlertStatus::Resolved), &row.resolved_at.is_some(), || {
            format!("whether {name} is resolved")
        });
        if let Some(at) = row.resolved_at {
            let known = problem.recoveries.contains(&at);
            violations.unless(known, || format!("{name} was resolved at {at}, when {claim} did not recover"));
            violations.unless(row.last_seen_at <= at, || format!("{name} fired after it was resolved at {at}"));
        }
    }
}
