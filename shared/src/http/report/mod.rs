//! Answers the report of an incident: Markdown that people complete and keep.

mod markdown;
mod timeline;

use std::fmt::Write;

use lambda_http::http::{
    HeaderValue,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};

use self::markdown::line;
use super::{Response, answer, fit};
use crate::{
    domain::{alert::Alert, incident::Incident, text::json_bytes, time::Time},
    service::get_incident_report::IncidentHistory,
};

/// How many bytes of the event the timeline may take. What is left out of it is counted.
const MAX_TIMELINE_BYTES: usize = 3 * 1024 * 1024;

/// The same of the table of alerts. Everything else is far smaller than what is left.
const MAX_ALERTS_BYTES: usize = 2 * 1024 * 1024;

const _: () = assert!(MAX_TIMELINE_BYTES + MAX_ALERTS_BYTES + 512 * 1024 < fit::MAX_BODY_BYTES);

/// What people fill in.
const REVIEW: &str = "\
## Review

### What happened

_Tell it in a few sentences: what broke, and what fixed it._

### Impact

_Who noticed what, and for how long?_

### Causes

_What made it possible? What made it worse?_

### What went well

-

### What did not

-

### Follow-ups

| what | who | by when |
| --- | --- | --- |
| | | |
";

/// An answer with the report of an incident, as it stands at `now`. Its `ETag` names the version of the incident.
#[must_use]
pub fn answer(history: &IncidentHistory, now: Time) -> Response {
    let mut answer = answer::tagged(answer::text(render(history, now)), history.incident.version);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    let name = format!("inline; filename=\"incident-{}.md\"", history.incident.id);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    answer
}

fn render(history: &IncidentHistory, now: Time) -> String {
    let incident = &history.incident;
    let mut report = format!("# Incident: {}\n\n{}\n\n", line(&incident.title), summary(history, now));
    report.push_str(&facts(incident));
    report.push_str(&durations(incident, now));
    report.push_str("## Timeline\n\nTimes are UTC. Those of alerts are by the clock of their source.\n\n");
    report.push_str(&timeline::render(history, MAX_TIMELINE_BYTES));
    report.push_str("\n## Alerts\n\n");
    report.push_str(&alerts(history, now));
    report.push('\n');
    report.push_str(REVIEW);
    report
}

/// A few sentences that say what is known.
fn summary(history: &IncidentHistory, now: Time) -> String {
    let incident = &history.incident;
    let alerts = count(incident.alert_count, "alert");
    let services = match &incident.services[..] {
        [] => String::new(),
        [service] => format!(" of the service {}", line(service)),
        services => format!(" of {} services", services.len()),
    };
    let began = format!("It began at {} with the first of {alerts}{services}.", time(incident.first_alert_at));
    let state = match (incident.resolved_at, incident.firing_alert_count) {
        (Some(resolved), _) => {
            format!("It was resolved after {}.", duration(incident.created_at, resolved))
        }
        (None, 0) => format!("It is {}. No alert fires.", incident.status),
        (None, firing) => format!("It is {}. {} still.", incident.status, fires(firing)),
    };
    format!("{began} {state} This report shows version {} at {}.", incident.version, time(now))
}

fn fires(alerts: u64) -> String {
    if alerts == 1 { "1 alert fires".to_owned() } else { format!("{alerts} alerts fire") }
}

fn facts(incident: &Incident) -> String {
    let texts = |texts: &mut dyn Iterator<Item = String>| texts.map(|text| line(&text)).collect::<Vec<_>>().join(", ");
    let id = |id: crate::domain::id::IncidentId| format!("`{id}`");
    let rows = [
        ("incident", id(incident.id)),
        ("status", incident.status.to_string()),
        ("severity", incident.severity.to_string()),
        ("environment", line(&incident.environment)),
        ("team", incident.team.as_deref().map(line).unwrap_or_default()),
        ("services", texts(&mut incident.services.iter().cloned())),
        ("sources", texts(&mut incident.sources.iter().map(ToString::to_string))),
        ("assignee", incident.assignee.as_ref().map(|name| line(name.as_str())).unwrap_or_default()),
        ("recurrence of", incident.recurrence_of.map(id).unwrap_or_default()),
    ];
    table(["", ""], rows.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]))
}

fn durations(incident: &Incident, now: Time) -> String {
    let since = |at: Option<Time>, from: Time| at.map(|at| duration(from, at)).unwrap_or_default();
    let opened = incident.created_at;
    let row =
        |name: &str, at: Option<Time>, took: String| vec![name.to_owned(), at.map(time).unwrap_or_default(), took];
    let open = if incident.resolved_at.is_none() { duration(opened, now) } else { String::new() };
    let rows = [
        row("first alert occurred", Some(incident.first_alert_at), String::new()),
        row("opened", Some(opened), format!("{} after the first alert", duration(incident.first_alert_at, opened))),
        row("acknowledged", incident.acknowledged_at, after(&since(incident.acknowledged_at, opened))),
        row("last alert occurred", Some(incident.last_alert_at), String::new()),
        row("resolved", incident.resolved_at, after(&since(incident.resolved_at, opened))),
        row("closed", incident.closed_at, after(&since(incident.closed_at, opened))),
        row("still open", None, if open.is_empty() { open } else { format!("for {open}") }),
    ];
    let known = rows.into_iter().filter(|row| row[1..].iter().any(|cell| !cell.is_empty()));
    format!("\n## Durations\n\n{}\n", table(["", "when", "how long"], known))
}

fn after(took: &str) -> String {
    if took.is_empty() { String::new() } else { format!("{took} after it was opened") }
}

fn alerts(history: &IncidentHistory, now: Time) -> String {
    let row = |alert: &Alert| {
        let state = &alert.state;
        let lasted = duration(state.occurred_at, state.resolved_at.unwrap_or(now));
        vec![
            state.severity.to_string(),
            line(state.service.as_deref().unwrap_or_default()),
            line(&alert.report.title.value),
            time(state.occurred_at),
            state.resolved_at.map_or_else(|| "fires still".to_owned(), time),
            lasted,
            state.occurrences.to_string(),
            line(state.source.as_str()),
            format!("`{}`", alert.id),
        ]
    };
    let names = ["severity", "service", "title", "occurred", "resolved", "lasted", "reported", "source", "alert"];
    let mut section = Section::new(MAX_ALERTS_BYTES);
    section.push(&table(names, std::iter::empty()));
    for alert in &history.alerts {
        section.push(&cells(&row(alert)));
    }
    let unread = usize::try_from(history.incident.alert_count).unwrap_or(0).saturating_sub(history.alerts.len());
    section.finish(unread, "alert")
}

/// A part of the report that ends early if it becomes too long.
struct Section {
    text: String,
    room: usize,
    left_out: usize,
}

impl Section {
    const fn new(room: usize) -> Self {
        Self { text: String::new(), room, left_out: 0 }
    }

    fn push(&mut self, text: &str) {
        match self.room.checked_sub(json_bytes(text)) {
            Some(room) if self.left_out == 0 => {
                self.text.push_str(text);
                self.room = room;
            }
            _ => self.left_out += 1,
        }
    }

    /// The section, and how much of it is missing: what did not fit, and what was not read.
    fn finish(mut self, unread: usize, what: &str) -> String {
        let missing = self.left_out + unread;
        if missing > 0 {
            // This cannot fail: a string takes any text.
            let _ = write!(self.text, "\n{} more.\n", count(missing as u64, what));
        }
        self.text
    }
}

fn table<const N: usize>(names: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut table = cells(&names);
    table.push_str(&cells(&names.iter().map(|_| "---".to_owned()).collect::<Vec<_>>()));
    table.extend(rows.map(|row| cells(&row)));
    table
}

fn cells(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A time to the second: `2026-11-24 12:01:47`.
fn time(at: Time) -> String {
    at.to_string().chars().take(19).map(|character| if character == 'T' { ' ' } else { character }).collect()
}

/// How long it took, in its two largest units. Clocks may disagree: what seems to end before it began took 0 s.
fn duration(from: Time, to: Time) -> String {
    let seconds = to.as_seconds().saturating_sub(from.as_seconds()).max(0);
    let units = [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    let first = units.iter().position(|(_, count)| *count > 0).unwrap_or(3);
    let shown = units[first..].iter().take(2).filter(|(_, count)| *count > 0);
    let text: Vec<String> = shown.map(|(unit, count)| format!("{count} {unit}")).collect();
    if text.is_empty() { "0 s".to_owned() } else { text.join(" ") }
}

#[cfg(test)]
mod tests;
