//! At most one incident is open for alerts that belong together beyond doubt.
//!
//! Incidents of one environment are opened one after the other, and so are incidents of one group
//! of a source. Each opening sees the incidents that were opened before. An alert does not open an
//! incident if it can join an open one. So if two incidents are open, the alerts that opened them
//! are too far apart for each rule by which they belong together.
//!
//! The tables do not tell when exactly an alert began when it opened its incident: a late event may
//! move it later. So this check takes all firing events of both problems, and reports only what
//! holds for all of them.

use std::collections::BTreeSet;

use shared::{
    domain::{action::ActionKind, id::IncidentId, incident::Incident},
    grouping::group,
};

use super::{Violations, incident, problem_of};
use crate::{
    model::{Model, Problem},
    tables::{AlertRow, Tables},
};

/// How many openings of an environment the claim remembers.
const SEEN: usize = 16;

/// An alert of the same service scores enough within so many minutes, whatever was learned.
const SERVICE_MINUTES: i64 = 2;

/// So long after its first problem an incident takes in others without a loss, whatever was learned.
const SPAN_MINUTES: i64 = 5;

/// A problem that fires again within so many minutes joins its incident.
const SOURCE_KEY_MINUTES: i64 = 10;

/// An open incident and the problem that opened it.
struct Opened<'tables> {
    incident: &'tables Incident,
    problem: &'tables Problem,
    /// Whether its alert counts from when it occurred.
    is_prompt: bool,
}

pub fn check(tables: &Tables, model: &Model, violations: &mut Violations) {
    let open: Vec<Opened<'_>> = tables
        .incidents
        .values()
        .filter(|incident| incident.status.is_active())
        .filter_map(|incident| opened(tables, model, incident))
        .collect();
    for (number, later) in open.iter().enumerate() {
        for earlier in &open[..number] {
            let Some(apart_ms) = earlier.problem.furthest_ms(later.problem) else { continue };
            let within = |minutes: i64| apart_ms <= minutes * 60_000;
            let mut together = Vec::new();
            if is_seen(tables, earlier.incident, later.incident.id)
                && earlier.problem.services.len() == 1
                && earlier.problem.services == later.problem.services
                && within(SERVICE_MINUTES)
                && is_in_span(earlier, later)
            {
                together.push("the evidence");
            }
            if earlier.problem.source_groups.len() == 1
                && earlier.problem.source_groups == later.problem.source_groups
                && within(SOURCE_KEY_MINUTES)
                && later.problem.source_groups.iter().all(|group| is_remembered(tables, model, group))
            {
                together.push("the source's key");
            }
            violations.unless(together.is_empty(), || {
                let (earlier, later) = (incident(earlier.incident.id), incident(later.incident.id));
                format!("{earlier} and {later} are both open, and {} joins them", together.join(", "))
            });
        }
    }
}

fn opened<'tables>(
    tables: &'tables Tables,
    model: &'tables Model,
    incident: &'tables Incident,
) -> Option<Opened<'tables>> {
    let ActionKind::IncidentOpened { alert_id, .. } = &tables.actions.get(&incident.id)?.first()?.kind else {
        return None;
    };
    let by = tables.alerts.get(alert_id)?;
    let problem = model.problems.get(&problem_of(by))?;
    Some(Opened { incident, problem, is_prompt: by.usual_delay_ms == 0 })
}

/// Whether the opening of the later incident saw the earlier one.
fn is_seen(tables: &Tables, earlier: &Incident, later: IncidentId) -> bool {
    let same = |incident: &&Incident| incident.environment == earlier.environment && !is_corrected(tables, incident);
    let own: Vec<IncidentId> = tables.incidents.values().filter(same).map(|incident| incident.id).collect();
    own.contains(&later) && own.contains(&earlier.id) && tables.incidents.len() <= SEEN
}

/// Whether the environment of an incident was assumed at first.
fn is_corrected(tables: &Tables, incident: &Incident) -> bool {
    let actions = tables.actions.get(&incident.id).map_or(&[][..], Vec::as_slice);
    actions.iter().any(|action| matches!(action.kind, ActionKind::EnvironmentCorrected { .. }))
}

/// Whether the later problem certainly began within the span of the earlier incident.
fn is_in_span(earlier: &Opened<'_>, later: &Opened<'_>) -> bool {
    let until = earlier.incident.first_onset_at.plus_minutes(SPAN_MINUTES);
    let is_soon = later.problem.times().next_back().is_some_and(|last| last <= until);
    is_soon && earlier.is_prompt && later.is_prompt
}

/// Whether the claim of a group remembers all its incidents.
fn is_remembered(tables: &Tables, model: &Model, group: &str) -> bool {
    let is_member = |alert: &&AlertRow| {
        model.problems.get(&problem_of(alert)).is_some_and(|problem| problem.groups.contains(group))
    };
    let incidents: BTreeSet<IncidentId> =
        tables.alerts.values().filter(is_member).filter_map(|alert| alert.incident_id).collect();
    incidents.len() <= group::MAX_INCIDENTS
}
