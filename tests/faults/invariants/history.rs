//! The history of an incident is complete, skips no step, and leads to the state of the incident.

use std::collections::BTreeMap;

use shared::domain::{
    action::{Action, ActionKind},
    alert_status::AlertStatus,
    grouping::GroupingDecision,
    id::{AlertId, IncidentId},
    incident::Incident,
    severity::Severity,
    status::Status,
};

use super::{AlertResolution, Answer, Change, History, Violations, alert, alerts_of, incident};
use crate::tables::Tables;

pub fn check(tables: &Tables, history: &History, violations: &mut Violations) {
    for (id, actions) in &tables.actions {
        violations.unless(tables.incidents.contains_key(id), || {
            format!("there are {} actions of {}, which is not", actions.len(), incident(*id))
        });
    }
    for found in tables.incidents.values() {
        let actions = tables.actions.get(&found.id).map_or(&[][..], Vec::as_slice);
        numbering(found, actions, violations);
        status(found, actions, violations);
        alerts(tables, found, actions, violations);
    }
    for change in &history.changes {
        check_change(tables, change, violations);
    }
    for resolution in &history.resolutions {
        check_resolution(tables, resolution, violations);
    }
    winners(tables, &history.changes, violations);
}

fn numbering(found: &Incident, actions: &[Action], violations: &mut Violations) {
    let numbers: Vec<u128> = actions.iter().map(|action| action.id.random()).collect();
    let expected: Vec<u128> = (0..u128::from(found.action_count)).collect();
    violations.equal(&numbers, &expected, || format!("the numbering of the history of {}", incident(found.id)));
    for action in actions {
        let in_its_time = action.at == action.id.created_at() && action.at <= found.updated_at;
        violations
            .unless(in_its_time, || format!("an action of {} is not of its time: {action:?}", incident(found.id)));
    }
}

/// Status changes follow each other and lead to the status and its times.
fn status(found: &Incident, actions: &[Action], violations: &mut Violations) {
    let mut current = Status::Open;
    let mut since = BTreeMap::new();
    for action in actions {
        let ActionKind::StatusChanged { from, to, .. } = &action.kind else { continue };
        let legal = *from == current && from.check_transition(*to).is_ok();
        violations.unless(legal, || format!("{} went from {from} to {to} when it was {current}", incident(found.id)));
        current = *to;
        since.insert(*to, action.at);
    }
    violations.equal(&found.status, &current, || format!("the status of {}", incident(found.id)));
    let times = [
        (Status::Investigating, found.acknowledged_at),
        (Status::Resolved, found.resolved_at),
        (Status::Closed, found.closed_at),
    ];
    for (status, at) in times {
        let expected = since.get(&status).copied();
        violations.equal(&at, &expected, || format!("the time when {} became {status}", incident(found.id)));
    }
}

/// Each alert came once, the first one opened the incident, and severities and environments follow
/// each other step by step.
fn alerts(tables: &Tables, found: &Incident, actions: &[Action], violations: &mut Violations) {
    let name = incident(found.id);
    let mut came: BTreeMap<AlertId, GroupingDecision> = BTreeMap::new();
    let mut severity: Option<Severity> = None;
    let mut environment: Option<&str> = None;
    for (number, action) in actions.iter().enumerate() {
        match &action.kind {
            ActionKind::IncidentOpened { alert_id, severity: opened, .. } => {
                violations.unless(number == 0, || format!("{name} was opened by its action {number}"));
                violations.unless(came.insert(*alert_id, GroupingDecision::Opened).is_none(), || {
                    format!("{name} was opened again by {alert_id}")
                });
                severity = Some(*opened);
            }
            ActionKind::AlertJoined { alert_id, .. } => {
                violations.unless(came.insert(*alert_id, GroupingDecision::Joined).is_none(), || {
                    format!("{alert_id} came to {name} twice")
                });
            }
            ActionKind::SeverityRaised { from, to, .. } => {
                let rises = severity == Some(*from) && from < to;
                violations.unless(rises, || format!("{name} rose from {from:?} to {to:?} when it was {severity:?}"));
                severity = Some(*to);
            }
            ActionKind::SeverityLowered { from, to, .. } => {
                let falls = severity == Some(*from) && from > to;
                violations.unless(falls, || format!("{name} fell from {from:?} to {to:?} when it was {severity:?}"));
                severity = Some(*to);
            }
            ActionKind::EnvironmentCorrected { from, to, .. } => {
                let is_first = environment.is_none() && from != to;
                violations.unless(is_first, || format!("{name} went from {from} to {to} when it was {environment:?}"));
                environment = Some(to);
            }
            _ => {}
        }
    }
    violations.unless(environment.is_none_or(|known| known == found.environment), || {
        format!("{name} is in {} instead of {environment:?}", found.environment)
    });
    violations.equal(&severity, &Some(found.severity), || format!("the severity of {name}, by its history,"));
    let rows: BTreeMap<AlertId, GroupingDecision> =
        alerts_of(tables, found.id).iter().map(|row| (row.alert_id, row.decision)).collect();
    violations.equal(&came, &rows, || format!("the list of alerts of {name}, by its history,"));
}

/// A change that was answered 200 is recorded once, or the status was reached before. A refused
/// change is not recorded.
fn check_change(tables: &Tables, change: &Change, violations: &mut Violations) {
    let Change { incident_id, to, comment, answer, .. } = change;
    let recorded = recorded(tables, *incident_id, comment);
    let reached = tables.actions.get(incident_id).is_some_and(|actions| {
        actions
            .iter()
            .any(|action| matches!(&action.kind, ActionKind::StatusChanged { to: reached, .. } if reached == to))
    });
    let name = incident(*incident_id);
    violations.unless(recorded.len() <= 1, || format!("the change {comment:?} of {name} is recorded as {recorded:?}"));
    match answer {
        Answer::Done => {
            let is_so = if recorded.is_empty() { reached || *to == Status::Open } else { recorded.contains(to) };
            violations.unless(is_so, || format!("the change {comment:?} of {name} to {to} is lost"));
        }
        Answer::Refused => {
            violations
                .unless(recorded.is_empty(), || format!("the change {comment:?} of {name} was refused and recorded"));
        }
        Answer::Unknown => {}
    }
}

/// An alert that a person resolved stays resolved, and the request is recorded at most once. If it is
/// not, the alert was resolved before.
fn check_resolution(tables: &Tables, resolution: &AlertResolution, violations: &mut Violations) {
    let AlertResolution { alert_id, comment, answer } = resolution;
    let made = |action: &&Action| matches!(&action.kind, ActionKind::AlertResolved { comment: Some(said), .. } if said == comment);
    let recorded = tables.actions.values().flatten().filter(made).count();
    let name = alert(*alert_id);
    violations.unless(recorded <= 1, || format!("{comment:?} of {name} is recorded {recorded} times"));
    let is_resolved = tables.alerts.get(alert_id).is_some_and(|row| row.status == AlertStatus::Resolved);
    violations.unless(is_resolved || (*answer != Answer::Done && recorded == 0), || {
        format!("{name} fires after {comment:?}")
    });
}

/// Of equal changes with the same `If-Match`, one was done and the others were refused, unless
/// there was nothing to do.
fn winners(tables: &Tables, changes: &[Change], violations: &mut Violations) {
    let mut done: BTreeMap<(IncidentId, u64, Status), Vec<&str>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.answer == Answer::Done) {
        let Some(version) = change.if_match else { continue };
        done.entry((change.incident_id, version, change.to)).or_default().push(&change.comment);
    }
    for ((id, version, _), comments) in done {
        let recorded = comments.iter().filter(|comment| !recorded(tables, id, comment).is_empty()).count();
        violations.unless(recorded == 0 || comments.len() == 1, || {
            format!("{comments:?} were all done to version {version} of {}", incident(id))
        });
    }
}

/// The statuses that the changes with this comment set.
fn recorded(tables: &Tables, id: IncidentId, comment: &str) -> Vec<Status> {
    let actions = tables.actions.get(&id).map_or(&[][..], Vec::as_slice);
    let made = |action: &Action| match &action.kind {
        ActionKind::StatusChanged { to, comment: Some(said), .. } if said == comment => Some(*to),
        _ => None,
    };
    actions.iter().filter_map(made).collect()
}
