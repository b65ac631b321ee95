//! What holds of the tables, whatever happened. Each violation is told, not only the first.

mod claims;
mod deliveries;
mod groups;
mod history;
mod incidents;

use std::{collections::BTreeSet, fmt};

use shared::{
    domain::{
        delivery::Delivery,
        id::{AlertId, IncidentId},
        status::Status,
    },
    keys,
};

use crate::{
    model::Model,
    tables::{AlertRow, Tables},
};

/// What went in, and what was said of it.
#[derive(Debug, Default)]
pub struct History {
    /// Everything that was accepted.
    pub deliveries: Vec<Delivery>,
    /// The ids of those that went to the dead letters. They took effect whole or not at all.
    pub dead: BTreeSet<String>,
    /// What people asked for.
    pub changes: Vec<Change>,
}

/// A change of a status that somebody asked for, told from all others by its comment.
#[derive(Debug, Clone)]
pub struct Change {
    pub incident_id: IncidentId,
    pub to: Status,
    pub comment: String,
    /// The version on which they insisted.
    pub if_match: Option<u64>,
    pub answer: Answer,
}

/// What was said of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Done,
    /// 409 or 412.
    Refused,
    /// Nothing that could be relied upon.
    Unknown,
}

/// What is wrong.
#[derive(Debug, Default)]
pub struct Violations(pub Vec<String>);

impl Violations {
    /// Adds what is wrong, if it is.
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

/// Checks everything.
pub fn check(tables: &Tables, history: &History) -> Violations {
    let mut violations = Violations::default();
    let claimed: BTreeSet<&str> = tables.claims.deliveries.iter().map(String::as_str).collect();
    let effective = history.deliveries.iter().filter(|delivery| claimed.contains(delivery.delivery_id.as_str()));
    let model = Model::of(effective);
    deliveries::check(tables, history, &model, &mut violations);
    claims::check(tables, &model, &mut violations);
    incidents::check(tables, &model, &mut violations);
    history::check(tables, &history.changes, &mut violations);
    groups::check(tables, &model, &mut violations);
    violations
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
    keys::episodes_claim(&shared::domain::source::Source::named(&alert.source), &alert.dedup_key)
}

fn alert(id: AlertId) -> String {
    format!("alert {id}")
}

fn incident(id: IncidentId) -> String {
    format!("incident {id}")
}
