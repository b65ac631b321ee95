//! The timeline of a report: what alerts and people did, in the order of time.

use super::{Section, count, line, markdown::quotation, time};
use crate::{
    domain::{
        action::{Action, ActionKind},
        alert::Alert,
        assignee::Assignee,
        time::Time,
    },
    service::get_incident_report::IncidentHistory,
};

/// What happened, and what somebody said about it.
struct Event {
    at: Time,
    what: String,
    comment: Option<String>,
}

pub(super) fn render(history: &IncidentHistory, room: usize) -> String {
    let mut events: Vec<Event> = history.alerts.iter().flat_map(of_alert).collect();
    events.extend(history.actions.iter().filter_map(of_action));
    events.sort_by_key(|event| event.at);
    let mut section = Section::new(room);
    for Event { at, what, comment } in events {
        let said = comment.map(|comment| quotation(&comment, "  ")).unwrap_or_default();
        section.push(format!("- {} · {what}\n{said}", time(at)));
    }
    let unread = usize::try_from(history.incident.action_count).unwrap_or(0).saturating_sub(history.actions.len());
    section.finish(unread, "action")
}

fn of_alert(alert: &Alert) -> impl Iterator<Item = Event> {
    let state = &alert.state;
    let service = state.service.as_ref().map(|service| format!(", {}", line(service))).unwrap_or_default();
    let title = line(&alert.report.title.value);
    let event = |at, what| Event { at, what, comment: None };
    let fired = event(state.occurred_at, format!("**fires**: {title} ({}{service})", state.severity));
    let resolved = state.resolved_at.map(|at| event(at, format!("**ends**: {title}")));
    std::iter::once(fired).chain(resolved)
}

/// What an action says that the alerts do not.
fn of_action(action: &Action) -> Option<Event> {
    let actor = line(&action.actor);
    let (what, comment) = match &action.kind {
        ActionKind::IncidentOpened { recurrence_of, .. } => {
            let recurrence = recurrence_of.map(|id| format!(" as a recurrence of `{id}`")).unwrap_or_default();
            (format!("the incident opens{recurrence}"), None)
        }
        ActionKind::AlertJoined { .. } => return None,
        ActionKind::SeverityRaised { from, to, .. } => (format!("the severity rises from {from} to {to}"), None),
        ActionKind::SeverityLowered { from, to, .. } => (format!("the severity falls from {from} to {to}"), None),
        ActionKind::EnvironmentCorrected { from, to, .. } => {
            (format!("the environment is {}, not {}", line(to), line(from)), None)
        }
        ActionKind::AlertResolved { comment, .. } => (format!("{actor} resolves an alert"), comment.clone()),
        ActionKind::AlertsResolved { .. } => ("no alert fires any more".to_owned(), None),
        ActionKind::PayloadDeleted { .. } => (format!("{actor} deletes the raw payload of an alert"), None),
        ActionKind::StatusChanged { to, comment, .. } => {
            (format!("{actor} changes the status to {to}"), comment.clone())
        }
        ActionKind::CommentAdded { comment } => (format!("{actor} says"), Some(comment.clone())),
        ActionKind::MergedInto { into, reason } => (format!("{actor} makes it a part of `{into}`"), reason.clone()),
        ActionKind::IncidentsMerged { incident_ids, reason } => {
            let ids: Vec<String> = incident_ids.iter().map(|id| format!("`{id}`")).collect();
            (format!("{actor} makes {} a part of it", ids.join(", ")), reason.clone())
        }
        ActionKind::AlertsMovedOut { into, alert_ids, reason } => {
            (format!("{actor} moves {} to `{into}`", count(alert_ids.len() as u64, "alert")), reason.clone())
        }
        ActionKind::AlertsMovedIn { from, alert_ids, reason } => {
            (format!("{actor} moves {} here from `{from}`", count(alert_ids.len() as u64, "alert")), reason.clone())
        }
        ActionKind::AssigneeChanged { to, .. } => {
            let name = to.as_ref().map_or("nobody", Assignee::as_str);
            (format!("{actor} gives the incident to {}", line(name)), None)
        }
    };
    Some(Event { at: action.at, what, comment })
}
