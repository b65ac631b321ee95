//! The quarantine: webhooks that took no effect, why, and what to do with them. For responders only: bodies may hold
//! personal data.

mod changes;
mod entry;

use std::collections::BTreeMap;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{
        id::EntryId,
        quarantine::{EntryKind, EntryState, QuarantineEntry},
    },
    http::{Response, lists, problem::Problem},
    listing::{
        page::Page,
        quarantine::{EntryStart, QuarantineFilter, QuarantineQuery},
    },
};
use tracing::{field::display, info};

pub use self::{
    changes::{change, delete, redrive, redrive_all},
    entry::{show as show_entry, show_body},
};
use super::layout::{self, Head, Section};
use crate::{
    Function, answer,
    link::Link,
    parts::{
        forms,
        icons::icon,
        list::{self, Boxes, Column},
        numbers::{counted, grouped},
        pager::{self, Place},
        times,
    },
    visit::Visit,
};

/// The address of the list.
pub const ADDRESS: &str = "/console/quarantine";

/// Where a redrive of many entries goes on, if one request was too short for it. Only the console knows it.
const AFTER: &str = "after";

const COLUMNS: [Column; 5] = [
    Column { name: "Kind", order: None },
    Column { name: "What went wrong", order: None },
    Column { name: "State", order: None },
    Column { name: "Size", order: None },
    Column { name: "Quarantined", order: Some("created_at") },
];

/// How much of a reason and of a body a row shows, in characters.
const MAX_REASON_CHARS: usize = 160;
const MAX_LINE_CHARS: usize = 90;

/// What the page shows.
struct Shown {
    page: Page<QuarantineEntry>,
    counts: Counts,
}

/// How many entries there are of each kind and source.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    kinds: BTreeMap<EntryKind, u64>,
    /// Of the kinds that are chosen.
    sources: BTreeMap<String, u64>,
}

impl Counts {
    fn of(entries: &[QuarantineEntry], filter: &QuarantineFilter) -> Self {
        let mut counts = Self::default();
        let of_kinds = QuarantineFilter { sources: Vec::new(), ..filter.clone() };
        let of_sources = QuarantineFilter { kinds: Vec::new(), ..filter.clone() };
        for entry in entries {
            if of_sources.matches(entry) {
                *counts.kinds.entry(entry.kind).or_default() += 1;
            }
            if let Some(source) = entry.source.as_ref().filter(|_| of_kinds.matches(entry)) {
                *counts.sources.entry(source.to_string()).or_default() += 1;
            }
        }
        counts
    }

    fn of_kind(&self, kind: EntryKind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }
}

/// Shows the list.
///
/// # Errors
/// A [`Problem`] if the person may not, a filter is wrong, or the list cannot be read.
pub async fn show(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    visit.check_responder()?;
    let query = lists::quarantine_of(&list::limited(&visit.link.keeping(|name| name != AFTER)).query())?;
    // It is short, and all of it is read for each page anyway. So it is read once, and counted here.
    let all = QuarantineQuery {
        filter: QuarantineFilter::default(),
        ascending: true,
        start: EntryStart::Offset(0),
        limit: usize::MAX,
        list: String::new(),
    };
    let listed = visit.deadline.bound(console.list_quarantine.list(&all, visit.now)).await;
    let listed = listed.map_err(|late| Problem::unavailable(&late))?;
    let entries = listed.map_err(|error| Problem::unavailable(&error))?.items;
    console.gauge.counted(entries.len() as u64, visit.now);
    let source_address = visit.source_address.map(display);
    info!(actor = visit.person.name, source_address, "quarantine listed");
    let counts = Counts::of(&entries, &query.filter);
    let shown = Shown { page: query.page(entries), counts };
    let head = Head { title: "Quarantine", section: Some(Section::Quarantine) };
    Ok(answer::page(StatusCode::OK, layout::page(visit, head, &render(visit, &shown))))
}

/// The address of an entry.
#[must_use]
pub fn address(id: EntryId) -> String {
    format!("{ADDRESS}/{id}")
}

/// No such entry.
#[must_use]
pub fn unknown() -> Problem {
    Problem::not_found("There is no quarantine entry with this id. It may have expired.")
}

fn render(visit: &Visit, shown: &Shown) -> Markup {
    let Shown { page, counts } = shown;
    let link = &visit.link;
    let place = Place { offset: page.offset, shown: page.items.len(), total: page.total, limit: page.limit };
    html! {
        header.head { h1 { "Quarantine" } (tabs(link, counts)) (list::refresh()) }
        p.lead {
            "Webhooks that are authentic but took no effect. Redrive them once their cause is gone, or delete what nobody needs."
        }
        div #live {
            section.list aria-labelledby="found" {
                div.found {
                    h2 #found { (page.total) " " (if page.total == 1 { "entry" } else { "entries" }) }
                    (sources(link, counts))
                    (redrive_all_form(visit, counts))
                }
                @if !page.items.is_empty() { (table(visit, page)) }
                @else if page.total > 0 { (pager::past_the_end(link, place)) }
                @else { (nothing(link, counts)) }
                (pager::pager(link, place))
            }
        }
    }
}

fn tabs(link: &Link, counts: &Counts) -> Markup {
    let rest = link.without("kind").without(AFTER);
    let all: u64 = counts.kinds.values().sum();
    html! {
        nav.tabs aria-label="Kinds" {
            a href=(rest) aria-current=[link.get("kind").is_none().then_some("true")] { "All " span.n { (grouped(all)) } }
            @for (kind, name) in [(EntryKind::DeadLetter, "Dead letters"), (EntryKind::Unreadable, "Unreadable")] {
                @let is_chosen = link.get("kind").is_some_and(|chosen| chosen.parse() == Ok(kind));
                a href=(rest.with("kind", kind)) aria-current=[is_chosen.then_some("true")] {
                    (name) " " span.n { (grouped(counts.of_kind(kind))) }
                }
            }
        }
    }
}

fn sources(link: &Link, counts: &Counts) -> Markup {
    let rest = link.without("source").without(AFTER);
    html! {
        @if counts.sources.len() > 1 || link.get("source").is_some() {
            nav.segments aria-label="Sources" {
                a href=(rest) aria-current=[link.get("source").is_none().then_some("true")] { "All sources" }
                @for (source, count) in &counts.sources {
                    a href=(rest.with("source", source)) aria-current=[(link.get("source") == Some(source)).then_some("true")] {
                        (source) " " span.n { (grouped(*count)) }
                    }
                }
            }
        }
    }
}

/// Redrives all entries of a kind: what is unreadable would mostly fail again, so nobody does that by the way.
fn redrive_all_form(visit: &Visit, counts: &Counts) -> Markup {
    let link = &visit.link;
    let kind = link.get("kind").map_or(Ok(EntryKind::DeadLetter), str::parse).unwrap_or(EntryKind::DeadLetter);
    let after = link.get(AFTER);
    let names = match kind {
        EntryKind::DeadLetter => "dead letters",
        EntryKind::Unreadable => "unreadable webhooks",
    };
    html! {
        @if counts.of_kind(kind) > 1 {
            form.inline.end method="post" action={ (ADDRESS) "/redrive" } {
                (forms::hidden(visit))
                input type="hidden" name="kind" value=(kind);
                @if let Some(source) = link.get("source") { input type="hidden" name="source" value=(source); }
                @if let Some(after) = after { input type="hidden" name=(AFTER) value=(after); }
                button.primary[after.is_some()] type="submit" {
                    (icon("refresh"))
                    @if after.is_some() { "Go on with the others" }
                    @else { "Redrive all " (grouped(counts.of_kind(kind))) " " (names) }
                }
            }
        }
    }
}

fn table(visit: &Visit, page: &Page<QuarantineEntry>) -> Markup {
    html! {
        form.bulk method="post" action={ (ADDRESS) "/change" } {
            (forms::no_enter())
            (forms::hidden(visit))
            table.rows {
                caption.unseen { "Quarantine" }
                (list::heading(&visit.link, &COLUMNS, Boxes::Each))
                tbody { @for entry in &page.items { (row(visit, entry)) } }
            }
            div.choose role="group" aria-label="Work on the chosen entries" {
                span.chosen data-verb="" { "Chosen:" }
                button type="submit" name="change" value="redrive" { (icon("refresh")) "Redrive" }
                button.danger type="submit" name="change" value="delete"
                    data-ask="Delete the chosen entries? Their bodies are gone then." { (icon("x")) "Delete" }
            }
        }
    }
}

fn row(visit: &Visit, entry: &QuarantineEntry) -> Markup {
    let line = first_line(&entry.first_lines);
    html! {
        tr {
            td.c-box { input type="checkbox" name="entry" value=(entry.id) aria-labelledby=(list::row_id(&entry.id)); }
            td.c-kind { (kind_badge(entry.kind)) }
            td.c-title {
                a.row id=(list::row_id(&entry.id)) href=(address(entry.id)) { bdi { (capitalised(&shortened(&entry.reason, MAX_REASON_CHARS))) } }
                span.sub {
                    @if let Some(source) = &entry.source { span { (source.as_str()) } }
                    @if !line.is_empty() { code { bdi { (line) } } }
                }
            }
            td.c-status { (state_badge(entry.state)) }
            td.c-n { (size(entry)) }
            td.c-time { (times::ago(entry.id.created_at(), visit.now)) }
        }
    }
}

fn nothing(link: &Link, counts: &Counts) -> Markup {
    let is_empty = counts.kinds.is_empty() && counts.sources.is_empty() && link.get("source").is_none();
    html! {
        div.empty {
            @if is_empty {
                (icon("resolved"))
                h3 { "Nothing is in quarantine" }
                p { "Each webhook that came took effect. What cannot be processed appears here, whole." }
            } @else {
                (icon("search"))
                h3 { "No entry matches" }
                p { a.button href=(ADDRESS) { "See all entries" } }
            }
        }
    }
}

/// Why an entry is here: a shape and a word.
fn kind_badge(kind: EntryKind) -> Markup {
    match kind {
        EntryKind::Unreadable => html! { span.sev.warning { (icon("warning")) "unreadable" } },
        EntryKind::DeadLetter => html! { span.sev.error { (icon("error")) "dead letter" } },
    }
}

/// What became of an entry: a shape and a word.
fn state_badge(state: EntryState) -> Markup {
    let (class, picture) = match state {
        EntryState::Pending => ("open", "open"),
        EntryState::Redriving => ("investigating", "refresh"),
        EntryState::Redriven => ("resolved", "resolved"),
        EntryState::Deleted => ("closed", "x"),
    };
    html! { span.status.(class) { (icon(picture)) (state) } }
}

fn size(entry: &QuarantineEntry) -> Markup {
    let bytes = entry.body_bytes as u64;
    html! {
        @if bytes < 10_000 { (counted(bytes, "byte")) } @else { (grouped(bytes / 1000)) " kB" }
        @if entry.truncated { span.fires { "cut" } }
    }
}

/// The first line of a body that says something.
fn first_line(lines: &str) -> String {
    let line = lines.lines().map(str::trim).find(|line| line.len() > 1).unwrap_or(lines.trim());
    shortened(line, MAX_LINE_CHARS)
}

/// A text that begins with a large letter.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn shortened(text: &str, chars: usize) -> String {
    let mut short: String = text.chars().take(chars).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use shared::domain::{source::Source, time::Time};

    use super::*;

    fn entry(number: u128, kind: EntryKind, source: Option<&'static str>) -> QuarantineEntry {
        QuarantineEntry {
            id: EntryId::new(Time::EARLIEST, number),
            kind,
            source: source.map(Source::named),
            delivery_id: None,
            reason: "why".to_owned(),
            received_at: None,
            state: EntryState::Pending,
            first_lines: String::new(),
            body_bytes: 1,
            truncated: false,
            actions: Vec::new(),
            version: 0,
        }
    }

    #[test]
    fn a_filter_leaves_the_counts_of_its_own_field_as_they_are() {
        let entries = [
            entry(1, EntryKind::Unreadable, Some("sentry")),
            entry(2, EntryKind::Unreadable, Some("datadog")),
            entry(3, EntryKind::DeadLetter, None),
        ];
        let filter = QuarantineFilter { kinds: vec![EntryKind::Unreadable], sources: vec![Source::named("sentry")] };
        let counts = Counts::of(&entries, &filter);
        assert_eq!((counts.of_kind(EntryKind::Unreadable), counts.of_kind(EntryKind::DeadLetter)), (1, 0));
        let sources: Vec<(&str, u64)> = counts.sources.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(sources, [("datadog", 1), ("sentry", 1)]);
    }

    #[test]
    fn the_first_line_is_one_that_says_something() {
        assert_eq!(first_line("{\n  \"a\": 1,\n"), "\"a\": 1,");
        assert_eq!(first_line("["), "[");
        assert_eq!(first_line(&"é".repeat(100)).chars().count(), MAX_LINE_CHARS + 1);
    }
}
