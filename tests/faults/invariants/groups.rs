//! At most one open incident of what belongs together.
//!
//! What is guaranteed: openings in an environment, and openings of a source's grouping key, come one after the other, and
//! each sees the incidents that were opened before it. An alert does not open an incident while one is open that it
//! could join. So of two incidents that are both open, and therefore always were, the alert that opened the later one
//! occurred further from the alert that opened the earlier one than the window of the rule by which they belong together.
//!
//! An incident's span grows later, and a late delivery moves an alert's beginning: so two open incidents may well come to
//! lie within a window. When exactly an alert began that opened an incident is not kept. Of each problem all its firings
//! are taken instead, and what is certain of all of them is checked.

use std::collections::BTreeSet;

use shared::{
    domain::{action::ActionKind, id::IncidentId, incident::Incident},
    grouping::group,
    rules::Rules,
};

use super::{Violations, incident, problem_of};
use crate::{
    model::{Model, Problem},
    tables::{AlertRow, Tables},
};

/// How many openings of an environment are seen.
const SEEN: usize = 16;

/// An incident that is open, and what opened it.
struct Opened<'tables> {
    incident: &'tables Incident,
    problem: &'tables Problem,
}

pub fn check(tables: &Tables, model: &Model, violations: &mut Violations) {
    let rules = Rules::built_in().expect("valid rules");
    let windows = rules.windows();
    let open: Vec<Opened<'_>> = tables
        .incidents
        .values()
        .filter(|incident| incident.status.is_active())
        .filter_map(|incident| opened(tables, model, incident))
        .collect();
    for (number, later) in open.iter().enumerate() {
        for earlier in &open[..number] {
            let Some(apart_ms) = earlier.problem.furthest_ms(later.problem) else { continue };
            let within = |minutes: u32| apart_ms <= i64::from(minutes) * 60_000;
            let mut together = Vec::new();
            if is_seen(tables, earlier.incident, later.incident.id) {
                if earlier.problem.services.len() == 1
                    && earlier.problem.services == later.problem.services
                    && within(windows.service_minutes)
                {
                    together.push("the service");
                }
                if within(windows.cascade_minutes) {
                    together.push("the environment");
                }
            }
            if earlier.problem.source_group == later.problem.source_group
                && within(windows.source_key_minutes)
                && is_remembered(tables, model, &later.problem.source_group)
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
    Some(Opened { incident, problem: model.problems.get(&problem_of(by))? })
}

/// Whether an opening saw an earlier one in its environment.
fn is_seen(tables: &Tables, earlier: &Incident, later: IncidentId) -> bool {
    let same = |incident: &&Incident| incident.environment == earlier.environment;
    let own: Vec<IncidentId> = tables.incidents.values().filter(same).map(|incident| incident.id).collect();
    own.contains(&later) && own.len() <= SEEN
}

/// Whether a source's group remembers all of its incidents.
fn is_remembered(tables: &Tables, model: &Model, group: &str) -> bool {
    let is_member =
        |alert: &&AlertRow| model.problems.get(&problem_of(alert)).is_some_and(|problem| problem.source_group == group);
    let incidents: BTreeSet<IncidentId> =
        tables.alerts.values().filter(is_member).filter_map(|alert| alert.incident_id).collect();
    incidents.len() <= group::MAX_INCIDENTS
}
