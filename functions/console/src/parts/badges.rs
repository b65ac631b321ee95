//! Severity and status: a shape, a word and a colour, so that the colour is never needed.

use maud::{Markup, html};
use shared::domain::{alert_status::AlertStatus, severity::Severity, status::Status};

use super::icons::icon;

/// A severity.
#[must_use]
pub fn severity(severity: Severity) -> Markup {
    let name = severity.to_string();
    html! { span.sev.(name) { (icon(&name)) (name) } }
}

/// The status of an incident.
#[must_use]
pub fn status(status: Status) -> Markup {
    let class = status.to_string().to_lowercase();
    html! { span.status.(class) { (icon(&class)) (status_name(status)) } }
}

/// The status of an alert.
#[must_use]
pub fn alert_status(status: AlertStatus) -> Markup {
    let name = status.to_string();
    let picture = match status {
        AlertStatus::Firing => "firing",
        AlertStatus::Resolved => "resolved",
    };
    html! { span.status.(name) { (icon(picture)) (name) } }
}

/// The status of an incident as a word.
#[must_use]
pub const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Open => "Open",
        Status::Investigating => "Investigating",
        Status::Resolved => "Resolved",
        Status::Closed => "Closed",
    }
}
