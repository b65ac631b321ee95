//! The alerts of an incident, each with why it is here.

use maud::{Markup, html};
use shared::domain::{alert::Alert, incident::Incident, time::Time};

use super::{super::alert, Draft, changes};
use crate::{
    link::Link,
    parts::{badges, icons::icon, numbers::counted, times},
    visit::Visit,
};

/// How many are shown in full.
const MAX_SHOWN: usize = 20;

/// The youngest alerts, and the way to the others.
pub fn render(visit: &Visit, incident: &Incident, alerts: &[Alert], total: u64, draft: &Draft) -> Markup {
    let shown = alerts.iter().take(MAX_SHOWN);
    html! {
        ul.cards { @for alert in shown { (card(visit, alert)) } }
        @if visit.is_responder() && total > 1 { (changes::split_form(visit, incident, draft)) }
        @if total > MAX_SHOWN as u64 {
            p { a.button href=(Link::to("/console/alerts").with("incident_id", incident.id)) { "All " (counted(total, "alert")) } }
        }
    }
}

fn card(visit: &Visit, alert: &Alert) -> Markup {
    let (state, report) = (&alert.state, &alert.report);
    html! {
        li id={ "a-" (alert.id) } {
            div.line {
                @if visit.is_responder() {
                    input type="checkbox" form="split" name="alert" value=(alert.id) aria-labelledby={ "t-" (alert.id) };
                }
                (badges::severity(state.severity))
                (badges::alert_status(state.status))
                @if state.occurrences > 1 { span.n title="How often it was reported" { "× " (state.occurrences) } }
                span.n.end { (times::when(state.occurred_at)) " · " (firing(state.occurred_at, state.resolved_at, visit.now)) }
            }
            a.row id={ "t-" (alert.id) } href=(alert::address(alert.id)) { bdi { (report.title.value) } }
            div.sub {
                @if let Some(service) = &state.service { bdi { (service) } }
                span { (state.source.as_str()) }
                @if let Some(group) = &report.group { bdi { (group.value) } }
            }
            p.why { (icon("link")) span { (alert::with_links(&report.grouping.reason())) } }
        }
    }
}

/// For how long an alert fired.
fn firing(occurred_at: Time, resolved_at: Option<Time>, now: Time) -> String {
    let lasted = times::lasted(resolved_at.unwrap_or(now).as_millis() - occurred_at.as_millis());
    if resolved_at.is_some() { format!("for {lasted}") } else { format!("since {lasted}") }
}
