//! The history of an incident: who did what, when.

use maud::{Markup, html};
use shared::{
    domain::{
        action::{Action, ActionKind, SYSTEM_ACTOR},
        alert::Alert,
        id::AlertId,
    },
    service::get_incident::IncidentDetail,
};

use super::super::alert;
use crate::{
    parts::{badges, icons::icon, numbers::counted, times},
    visit::Visit,
};

/// How much of a title a sentence has.
const MAX_TITLE_CHARS: usize = 70;

/// Entries, the newest first.
pub fn render(visit: &Visit, detail: &IncidentDetail) -> Markup {
    let IncidentDetail { alerts, actions, actions_total, .. } = detail;
    let hidden = actions_total.saturating_sub(actions.len() as u64);
    html! {
        ol.history { @for action in actions { (entry(visit, alerts, action)) } }
        @if hidden > 0 { p.hint { (hidden) " older entries are in the report." } }
    }
}

fn entry(visit: &Visit, alerts: &[Alert], action: &Action) -> Markup {
    let is_person = action.actor != SYSTEM_ACTOR;
    html! {
        li.person[is_person] {
            span.mark { (icon(picture(&action.kind))) }
            div {
                p {
                    @if is_person { b { bdi { (action.actor) } } " " }
                    (what(alerts, &action.kind))
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
        ActionKind::MergedInto { .. }
        | ActionKind::IncidentsMerged { .. }
        | ActionKind::AlertsMovedOut { .. }
        | ActionKind::AlertsMovedIn { .. } => "split",
        _ => "info",
    }
}

/// What was done, as a sentence that goes on after a name or begins.
fn what(alerts: &[Alert], kind: &ActionKind) -> Markup {
    let alert = |id: &AlertId, text: &str| {
        let title = alerts.iter().find(|alert| alert.id == *id).map(|alert| &alert.report.title.value);
        html! { a href=(alert::address(*id)) { @match title { Some(title) => bdi { (short(title)) }, None => (text) } } }
    };
    match kind {
        ActionKind::IncidentOpened { alert_id, severity, .. } => {
            html! { (alert(alert_id, "An alert")) " opened it as " (severity) "." }
        }
        ActionKind::AlertJoined { alert_id, severity, .. } => {
            html! { (alert(alert_id, "An alert")) " joined (" (severity) ")." }
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
        ActionKind::MergedInto { into, .. } => {
            html! { "merged it into " a href=(super::address(*into)) { "another incident" } "." }
        }
        ActionKind::IncidentsMerged { incident_ids, .. } => html! {
            "merged "
            @for (place, id) in incident_ids.iter().enumerate() {
                @if place > 0 { ", " }
                a href=(super::address(*id)) { "an incident" }
            }
            " into it."
        },
        ActionKind::AlertsMovedOut { into, alert_ids, .. } => html! {
            "moved " (counted(alert_ids.len() as u64, "alert")) " to " a href=(super::address(*into)) { "another incident" } "."
        },
        ActionKind::AlertsMovedIn { from, alert_ids, .. } => html! {
            "moved " (counted(alert_ids.len() as u64, "alert")) " here from " a href=(super::address(*from)) { "another incident" } "."
        },
        ActionKind::AssigneeChanged { from, to } => match (from, to) {
            (_, Some(to)) => html! { "gave it to " b { bdi { (to.as_str()) } } "." },
            (Some(from), None) => html! { "took it from " bdi { (from.as_str()) } "." },
            (None, None) => html! { "changed nothing." },
        },
    }
}

/// A title, as far as it fits into a sentence.
fn short(title: &str) -> String {
    match title.char_indices().nth(MAX_TITLE_CHARS) {
        Some((end, _)) => format!("{}…", &title[..end]),
        None => title.to_owned(),
    }
}

fn comment(kind: &ActionKind) -> Option<&str> {
    match kind {
        ActionKind::StatusChanged { comment, .. } | ActionKind::AlertResolved { comment, .. } => comment.as_deref(),
        ActionKind::CommentAdded { comment } => Some(comment),
        ActionKind::MergedInto { reason, .. }
        | ActionKind::IncidentsMerged { reason, .. }
        | ActionKind::AlertsMovedOut { reason, .. }
        | ActionKind::AlertsMovedIn { reason, .. } => reason.as_deref(),
        _ => None,
    }
}
