//! Claims agree with rows.

use std::collections::BTreeSet;

use shared::{
    domain::{action::ActionKind, alert_status::AlertStatus, id::IncidentId, incident::Incident},
    keys,
};

use super::{Violations, alert, alerts_of_problem, incident};
use crate::{model::Model, tables::Tables};

/// How many incidents the claim of an environment remembers.
const REMEMBERED: usize = 16;

pub fn check(tables: &Tables, model: &Model, violations: &mut Violations) {
    let claims = &tables.claims;
    violations.equal(&claims.others, &vec![keys::HISTORY_CLAIM.to_owned()], || "the list of other claims".to_owned());
    episodes(tables, model, violations);
    groups(tables, model, violations);
    opening_locks(tables, violations);
}

/// The claim of a problem says the same about its alerts as their rows.
fn episodes(tables: &Tables, model: &Model, violations: &mut Violations) {
    for claim in model.problems.keys() {
        violations.unless(tables.claims.episodes.contains_key(claim), || format!("the claim {claim} is missing"));
    }
    for (claim, episodes) in &tables.claims.episodes {
        let own = alerts_of_problem(tables, claim);
        violations.unless(own.is_empty() || !episodes.is_empty(), || format!("{claim} knows none of its alerts"));
        for row in own.iter().filter(|row| row.status == AlertStatus::Firing) {
            let known = episodes.iter().any(|episode| episode.alert_id == row.alert_id);
            violations.unless(known, || format!("{claim} does not know {}, which fires", alert(row.alert_id)));
        }
        for episode in episodes {
            let Some(row) = own.iter().find(|row| row.alert_id == episode.alert_id) else {
                violations.0.push(format!("{claim} names {}, which is no alert of it", alert(episode.alert_id)));
                continue;
            };
            let of = |field: &str| format!("{field} of {}, by its claim,", alert(row.alert_id));
            let firings = episode.firings();
            violations.equal(&episode.incident_id, &row.incident_id, || of("incident_id"));
            violations.equal(&firings.occurred_at, &row.occurred_at, || of("occurred_at"));
            violations.equal(&firings.last_seen_at, &row.last_seen_at, || of("last_seen_at"));
            violations.equal(&episode.resolved_at(), &row.resolved_at, || of("resolved_at"));
            violations.equal(&firings.occurrences, &row.occurrences, || of("occurrences"));
            violations.equal(&firings.severity, &row.severity, || of("severity"));
        }
    }
}

/// The claim of a group names incidents that have an alert of the group.
fn groups(tables: &Tables, model: &Model, violations: &mut Violations) {
    let named = tables.claims.groups.iter().flat_map(|(claim, ids)| ids.iter().map(move |id| (claim, id)));
    for (claim, id) in named {
        let members = model.problems.iter().filter(|(_, problem)| problem.groups.contains(claim));
        let has_one = members
            .flat_map(|(problem, _)| alerts_of_problem(tables, problem))
            .any(|member| member.incident_id == Some(*id));
        violations
            .unless(tables.incidents.contains_key(id), || format!("{claim} names {}, which is not", incident(*id)));
        violations.unless(has_one, || format!("{claim} names {}, which has no alert of that group", incident(*id)));
    }
    let grouped = tables.alerts.values().filter(|alert| alert.incident_id.is_some());
    for problem in grouped.filter_map(|alert| model.problems.get(&super::problem_of(alert))) {
        let claims = &problem.source_groups;
        let known = claims.iter().any(|claim| tables.claims.groups.contains_key(claim));
        violations.unless(known, || format!("the claim of the group is missing: one of {claims:?}"));
    }
}

/// The environment of an incident, and those that it was assumed to be in.
fn environments_of<'tables>(tables: &'tables Tables, incident: &'tables Incident) -> BTreeSet<&'tables str> {
    let actions = tables.actions.get(&incident.id).map_or(&[][..], Vec::as_slice);
    let assumed = actions.iter().filter_map(|action| match &action.kind {
        ActionKind::EnvironmentCorrected { from, .. } => Some(from.as_str()),
        _ => None,
    });
    assumed.chain([incident.environment.as_str()]).collect()
}

/// The claim of an environment knows its last incidents, and how many there were.
fn opening_locks(tables: &Tables, violations: &mut Violations) {
    let incidents = tables.incidents.values();
    let environments: BTreeSet<&str> = incidents.flat_map(|incident| environments_of(tables, incident)).collect();
    for environment in &environments {
        let claim = keys::environment_claim(environment);
        let own = tables.incidents.values().filter(|own| environments_of(tables, own).contains(environment));
        let opened: BTreeSet<IncidentId> = own.map(|own| own.id).collect();
        let Some(opening_locks) = tables.claims.opening_locks.get(&claim) else {
            violations.0.push(format!("the claim {claim} is missing"));
            continue;
        };
        violations.equal(&opening_locks.version, &(opened.len() as u64), || format!("the version of {claim}"));
        let recent: BTreeSet<IncidentId> = opening_locks.recent.iter().copied().collect();
        violations.equal(&recent.len(), &opened.len().min(REMEMBERED), || format!("how many incidents {claim} knows"));
        violations.unless(recent.is_subset(&opened), || format!("{claim} knows incidents that were not opened there"));
    }
    for claim in tables.claims.opening_locks.keys() {
        let known = environments.iter().any(|environment| keys::environment_claim(environment) == *claim);
        violations.unless(known, || format!("{claim} tells of an environment without incidents"));
    }
}
