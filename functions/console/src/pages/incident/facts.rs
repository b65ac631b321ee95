//! The figures of an incident: how long it took, how many alerts, who works on it.

use maud::{Markup, html};
use shared::{
    domain::{incident::Incident, time::Time},
    listing::segments::{rows::Field, statistics::Durations},
};

use super::{DAYS, Shown, address, filtered};
use crate::{
    parts::{numbers::grouped, times},
    visit::Visit,
};

/// The figures.
pub fn render(visit: &Visit, shown: &Shown) -> Markup {
    let incident = &shown.detail.incident;
    let since = |time: Time| times::lasted(time.as_millis() - incident.created_at.as_millis());
    let team = shown.team.as_ref();
    let acknowledge = team.and_then(|figures| figures.time_to_acknowledge);
    let resolve = team.and_then(|figures| figures.time_to_resolve);
    html! {
        dl.facts {
            div { dt { "Opened" } dd { (times::when(incident.created_at)) } dd.note { (times::ago(incident.created_at, visit.now)) } }
            div {
                dt { "Acknowledged" }
                @match incident.acknowledged_at {
                    Some(at) => dd { "after " (since(at)) },
                    None => dd.missing { "not yet" },
                }
                (compared(incident, acknowledge))
            }
            div {
                dt { "Resolved" }
                @match incident.resolved_at {
                    Some(at) => dd { "after " (since(at)) },
                    None => dd.missing { "lasts " (since(visit.now)) },
                }
                (compared(incident, resolve))
            }
            div {
                dt { "Alerts" }
                dd { (grouped(incident.alert_count)) }
                @if incident.firing_alert_count > 0 { dd.fires { (grouped(incident.firing_alert_count)) " firing" } }
                @else { dd.note { "none fires" } }
            }
            div {
                dt { "Assignee" }
                @match &incident.assignee {
                    Some(assignee) => dd {
                        a href=(filtered(Field::Assignee, &assignee.as_str().to_lowercase())) { bdi { (assignee.as_str()) } }
                    },
                    None => dd.missing { "nobody" },
                }
                @if let Some(team) = &incident.team {
                    dd.note { "team " a href=(filtered(Field::Team, team)) { bdi { (team) } } }
                }
            }
            div {
                dt { "Sources" }
                dd { @for (place, source) in incident.sources.iter().enumerate() { @if place > 0 { ", " } (source.as_str()) } }
                @match incident.recurrence_of {
                    Some(id) => dd.note { a href=(address(id)) { "Recurrence" } " of an earlier one" },
                    None => dd.note { "first of its kind" },
                }
            }
        }
    }
}

/// How long half of the incidents of its team take at most, to compare with.
fn compared(incident: &Incident, durations: Option<Durations>) -> Markup {
    html! {
        @if let (Some(durations), Some(team)) = (durations, &incident.team) {
            dd.note title={ "Half of the incidents of " (team) " in the last " (DAYS) " days took at most so long." } {
                "usual: " (times::lasted(durations.p50))
            }
        }
    }
}
