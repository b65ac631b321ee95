//! What must hold for the tables, whatever happened. All violations are reported.

mod claims;
mod deliveries;
mod groups;
mod history;
mod incidents;
mod payloads;

use std::{collections::BTreeSet, fmt};

use shared::{
    domain::{
        action::{Action, ActionKind},
        delivery::Delivery,
        id::{AlertId, IncidentId},
        status::Status,
        time::Time,
    },
    keys,
};

use crate::{
    model::Model,
    sources::is_report,
    tables::{AlertRow, Tables},
};

/// What was sent and asked, and how it was answered.
#[derive(Debug, Default)]
pub struct History {
    /// All accepted deliveries.
    pub deliveries: Vec<Delivery>,
    /// The ids of dead letters. They took effect completely or not at all.
    pub dead: BTreeSet<String>,
    /// The status changes that people asked for.
    pub changes: Vec<Change>,
    /// The alerts that people resolved, or tried to.
    pub resolutions: Vec<AlertResolution>,
}

/// A status change that somebody asked for. Its comment identifies it.
#[derive(Debug, Clone)]
pub struct Change {
    pub incident_id: IncidentId,
    pub to: Status,
    pub comment: String,
    /// The version of its `If-Match`.
    pub if_match: Option<u64>,
    pub answer: Answer,
}

/// An alert that somebody asked to resolve. Its comment identifies the request.
#[derive(Debug, Clone)]
pub struct AlertResolution {
    pub alert_id: AlertId,
    pub comment: String,
    pub answer: Answer,
}

/// The answer to a request of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Done,
    /// 409 or 412.
    Refused,
    /// Unknown: an error, or the request was stopped.
    Unknown,
}

/// The violations that were found.
#[derive(Debug, Default)]
pub struct Violations(pub Vec<String>);

impl Violations {
    /// Adds a violation unless the condition holds.
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }

    fn equal<T: PartialEq + fmt::Debug>(&mut self, found: &T, expected: &T, what: impl FnOnce() -> String) {
        self.unless(found == expected, || format!("{} is {found:?} instead of {expected:?}", what()));
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|violation| writeln!(formatter, "  - {violation}"))
    }
}

/// Checks all invariants.
pub fn check(tables: &Tables, history: &History) -> Violations {
    let mut violations = Violations::default();
    let claimed: BTreeSet<&str> = tables.claims.deliveries.iter().map(String::as_str).collect();
    // A report that repeats another has no claim, and what came of all of them shows whether one is lost.
    let is_effective = |delivery: &&Delivery| {
        let id = delivery.delivery_id.as_str();
        claimed.contains(id) || (is_report(delivery) && !history.dead.contains(id))
    };
    let effective = history.deliveries.iter().filter(is_effective);
    let model = Model::of(effective);
    let latest = history.deliveries.iter().map(|delivery| delivery.received_at).max();
    let people = People { latest_receipt: latest, tables };
    deliveries::check(tables, history, &model, &people, &mut violations);
    claims::check(tables, &model, &mut violations);
    incidents::check(tables, &model, &mut violations);
    history::check(tables, history, &mut violations);
    groups::check(tables, &model, &mut violations);
    payloads::check(tables, history, &model, &mut violations);
    violations
}

/// What people resolved. All that sources report was received before.
struct People<'tables> {
    latest_receipt: Option<Time>,
    tables: &'tables Tables,
}

impl People<'_> {
    /// Whether a person may have resolved an alert at a time: the alert itself, or its incident.
    fn may_have_resolved(&self, row: &AlertRow, at: Time) -> bool {
        self.is_at_work_on(row) && Some(at) >= self.latest_receipt
    }

    /// Whether a person resolved an alert or its incident.
    fn is_at_work_on(&self, row: &AlertRow) -> bool {
        let actions = row.incident_id.and_then(|id| self.tables.actions.get(&id)).map_or(&[][..], Vec::as_slice);
        let is_end = |action: &Action| {
            matches!(
                action.kind,
                ActionKind::AlertResolved { .. } | ActionKind::StatusChanged { to: Status::Resolved, .. }
            )
        };
        actions.iter().any(is_end)
    }
}

/// The alerts of an incident.
fn alerts_of(tables: &Tables, id: IncidentId) -> Vec<&AlertRow> {
    tables.alerts.values().filter(|alert| alert.incident_id == Some(id)).collect()
}

/// The alerts of a problem.
fn alerts_of_problem<'tables>(tables: &'tables Tables, claim: &str) -> Vec<&'tables AlertRow> {
    tables.alerts.values().filter(|alert| problem_of(alert) == claim).collect()
}

/// The claim of an alert's problem.
fn problem_of(alert: &AlertRow) -> String {
    keys::problem_claim(&shared::domain::source::Source::named(&alert.source), &alert.problem_key)
}

fn alert(id: AlertId) -> String {
    format!("alert {id}")
}

fn incident(id: IncidentId) -> String {
    format!("incident {id}")
}
