//! The timeline as a picture: a bar from firing to resolved for each alert, by service, and what people did.

use std::collections::BTreeMap;

use maud::{Markup, html};
use shared::{
    domain::{
        action::{Action, ActionKind},
        alert::Alert,
        time::Time,
    },
    service::get_incident::IncidentDetail,
};

use crate::{
    parts::{badges, numbers::counted, times},
    visit::Visit,
};

/// The width of the picture in its own units; the page stretches it.
const WIDTH: i64 = 1000;

/// A short alert is still seen.
const MIN_WIDTH: i64 = 4;

const LANE_HEIGHT: usize = 12;
const MAX_LANES: usize = 12;

/// From when to when the picture goes, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    fn of(detail: &IncidentDetail, now: Time) -> Self {
        let incident = &detail.incident;
        let starts = detail.alerts.iter().map(|alert| alert.state.occurred_at).chain([incident.created_at]);
        let ends = detail.alerts.iter().map(|alert| alert.state.resolved_at.unwrap_or(now));
        // A review may end days later. The outage is what is looked at.
        let worked_on = [incident.acknowledged_at, incident.resolved_at].into_iter().flatten();
        let from = starts.min().unwrap_or(now).as_millis();
        let to = ends.chain(worked_on).max().unwrap_or(now).as_millis();
        let to = to.max(from + 60_000);
        let margin = (to - from) / 50;
        Self { from: from - margin, to: to + margin }
    }

    /// A place between its ends, in quarters.
    const fn part(self, quarters: i64) -> i64 {
        self.from + (self.to - self.from) * quarters / 4
    }

    const fn holds(self, time: Time) -> bool {
        self.from <= time.as_millis() && time.as_millis() <= self.to
    }

    fn place(self, time: Time) -> i64 {
        ((time.as_millis() - self.from).saturating_mul(WIDTH) / (self.to - self.from)).clamp(0, WIDTH)
    }
}

/// A bar: the alert, where it begins and ends.
struct Bar<'alert> {
    alert: &'alert Alert,
    from: i64,
    to: i64,
}

/// The picture.
pub fn render(visit: &Visit, detail: &IncidentDetail) -> Markup {
    let span = Span::of(detail, visit.now);
    let mut services: BTreeMap<&str, Vec<Bar<'_>>> = BTreeMap::new();
    for alert in &detail.alerts {
        let end = alert.state.resolved_at.unwrap_or(visit.now);
        let from = span.place(alert.state.occurred_at);
        let to = span.place(end).max(from + MIN_WIDTH);
        let service = alert.state.service.as_deref().unwrap_or("no service");
        services.entry(service).or_default().push(Bar { alert, from, to });
    }
    let is_shown = |action: &&Action| matches!(action.kind, ActionKind::StatusChanged { .. }) && span.holds(action.at);
    let marks: Vec<&Action> = detail.actions.iter().filter(is_shown).collect();
    let hidden = detail.alerts_total.saturating_sub(detail.alerts.len() as u64);
    html! {
        figure.timeline {
            div.lanes {
                @for (service, bars) in services { (lanes(service, bars, &marks, span)) }
            }
            div.lanes {
                span {}
                div.axis aria-hidden="true" { @for part in 0..=4 { (times::when(at(span.part(part)))) } }
            }
            figcaption {
                span {
                    (counted(detail.alerts.len() as u64, "alert"))
                    " from " (times::when(at(span.from))) " to " (times::when(at(span.to)))
                    @if hidden > 0 { ", " (hidden) " older left out" }
                }
                span.legend {
                    span.critical { "critical" } span.error { "error" } span.warning { "warning" } span.info { "info" }
                }
            }
        }
    }
}

fn at(millis: i64) -> Time {
    Time::from_millis(millis).unwrap_or(Time::EARLIEST)
}

/// The alerts of a service. Bars that overlap are in lanes of their own.
fn lanes(service: &str, mut bars: Vec<Bar<'_>>, marks: &[&Action], span: Span) -> Markup {
    bars.sort_by_key(|bar| (bar.from, bar.alert.id));
    let mut ends: Vec<i64> = Vec::new();
    let placed: Vec<(usize, Bar<'_>)> = bars
        .into_iter()
        .map(|bar| {
            let free = ends.iter().position(|end| *end <= bar.from);
            let lane = free.unwrap_or(ends.len()).min(MAX_LANES - 1);
            if lane == ends.len() {
                ends.push(bar.to);
            } else {
                ends[lane] = ends[lane].max(bar.to);
            }
            (lane, bar)
        })
        .collect();
    let height = ends.len() * LANE_HEIGHT + 4;
    html! {
        bdi { (service) }
        svg role="group" aria-label={ (counted(placed.len() as u64, "alert")) " of " (service) }
            viewBox={ "0 0 " (WIDTH) " " (height) } preserveAspectRatio="none" height=(height) {
            @for mark in marks { (status_line(mark, span, height)) }
            @for (lane, Bar { alert, from, to }) in &placed {
                a href={ "#a-" (alert.id) } {
                    rect.(alert.state.severity).fires[alert.state.resolved_at.is_none()]
                        x=(from) y=(lane * LANE_HEIGHT + 3) width=(to - from) height=(LANE_HEIGHT - 3) {
                        title { (summary(alert)) }
                    }
                }
            }
        }
    }
}

fn summary(alert: &Alert) -> String {
    let title: String = alert.report.title.value.chars().take(80).collect();
    let from = times::format(alert.state.occurred_at, "%H:%M");
    match alert.state.resolved_at {
        Some(resolved) => {
            let lasted = times::lasted(resolved.as_millis() - alert.state.occurred_at.as_millis());
            format!("{title}: {from} UTC, for {lasted}")
        }
        None => format!("{title}: since {from} UTC, still firing"),
    }
}

/// Where the status changed.
fn status_line(action: &Action, span: Span, height: usize) -> Markup {
    let ActionKind::StatusChanged { to, .. } = &action.kind else { return html! {} };
    let x = span.place(action.at);
    html! {
        line.(to.to_string().to_lowercase()) x1=(x) x2=(x) y1="0" y2=(height) {
            title { (badges::status_name(*to)) ", " (action.actor) ", " (times::format(action.at, "%H:%M")) " UTC" }
        }
    }
}
