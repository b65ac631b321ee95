//! The history of an incident: who did what, when.

use maud::{Markup, html};
use shared::domain::{
    action::{Action, ActionKind, SYSTEM_ACTOR},
    id::AlertId,
};

use super::super::alert;
use crate::{
    parts::{badges, icons::icon, times},
    visit::Visit,
};

/// Entries, the newest first.
pub fn render(visit: &Visit, actions: &[Action], total: u64) -> Markup {
    let hidden = total.saturating_sub(actions.len() as u64);
    html! {
        ol.history { @for action in actions { (entry(visit, action)) } }
        @if hidden > 0 { p.hint { (hidden) " older entries are in the report." } }
    }
}

fn entry(visit: &Visit, action: &Action) -> Markup {
    let is_person = action.actor != SYSTEM_ACTOR;
    html! {
        li.person[is_person] {
            span.mark { (icon(picture(&action.kind))) }
            div {
                p {
                    @if is_person { b { bdi { (action.actor) } } " " }
                    (what(&action.kind))
                }
                @if let Some(comment) = comment(&action.kind) { blockquote { (comment) } }
                small { (times::ago(action.at, visit.now)) }
            }
        }
    }
}

const fn picture(kind: &ActionKind) -> &'static str {
    match kind {
        ActionKind::IncidentOpened { .. } => "open",
        ActionKind::AlertJoined { .. } => "alerts",
        ActionKind::SeverityRaised { .. } => "up",
        ActionKind::SeverityLowered { .. } => "down",
        ActionKind::AlertResolved { .. } | ActionKind::AlertsResolved { .. } => "resolved",
        ActionKind::StatusChanged { .. } => "investigating",
        ActionKind::CommentAdded { .. } => "comment",
        ActionKind::AssigneeChanged { .. } => "person",
        _ => "info",
    }
}

/// What was done, as a sentence that goes on after a name or begins.
fn what(kind: &ActionKind) -> Markup {
    let alert = |id: &AlertId, text: &str| html! { a href=(alert::address(*id)) { (text) } };
    match kind {
        ActionKind::IncidentOpened { alert_id, severity, .. } => {
            html! { (alert(alert_id, "An alert")) " opened it as " (severity) "." }
        }
        ActionKind::AlertJoined { alert_id, severity, reason, .. } => {
            html! { (alert(alert_id, "An alert")) " joined (" (severity) "). " span.n { (reason) } }
        }
        ActionKind::SeverityRaised { from, to, .. } => html! { "Severity rose from " (from) " to " b { (to) } "." },
        ActionKind::SeverityLowered { from, to, .. } => html! { "Severity fell from " (from) " to " b { (to) } "." },
        ActionKind::EnvironmentCorrected { from, to, .. } => {
            html! { "Environment corrected from " bdi { (from) } " to " bdi { (to) } "." }
        }
        ActionKind::AlertResolved { alert_id, .. } => html! { "resolved " (alert(alert_id, "an alert")) "." },
        ActionKind::AlertsResolved { alert_count, .. } => {
            html! { "All alerts are resolved (" (alert_count) ")." }
        }
        ActionKind::PayloadDeleted { alert_id } => {
            html! { "deleted the raw payload of " (alert(alert_id, "an alert")) "." }
        }
        ActionKind::StatusChanged { from, to, .. } => {
            html! { "changed " (badges::status_name(*from)) " to " b { (badges::status_name(*to)) } "." }
        }
        ActionKind::CommentAdded { .. } => html! { "wrote" },
        ActionKind::AssigneeChanged { from, to } => match (from, to) {
            (_, Some(to)) => html! { "gave it to " b { bdi { (to.as_str()) } } "." },
            (Some(from), None) => html! { "took it from " bdi { (from.as_str()) } "." },
            (None, None) => html! { "changed nothing." },
        },
    }
}

fn comment(kind: &ActionKind) -> Option<&str> {
    match kind {
        ActionKind::StatusChanged { comment, .. } | ActionKind::AlertResolved { comment, .. } => comment.as_deref(),
        ActionKind::CommentAdded { comment } => Some(comment),
        _ => None,
    }
}
