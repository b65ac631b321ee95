//! One entry of the quarantine: why it is here, what came, what was done with it.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{
        id::EntryId,
        quarantine::{EntryAction, EntryActionKind, EntryKind, EntryState},
    },
    http::{Response, problem::Problem},
    service::get_quarantine_entry::{GetQuarantineEntryError, QuarantineEntryDetail},
};
use tracing::{field::display, info};

use super::{ADDRESS, address, capitalised, kind_badge, shortened, state_badge, unknown};
use crate::{
    Function, answer,
    pages::layout::{self, Head, Section},
    parts::{body, forms, icons::icon, list, numbers::counted, times},
    visit::Visit,
};

/// Shows an entry.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no entry, or the table cannot be read.
pub async fn show(console: &Function, visit: &Visit, id: EntryId) -> Result<Response, Problem> {
    page(console, visit, id, StatusCode::OK, None).await
}

/// The whole body as a file.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no body, or the table cannot be read.
pub async fn show_body(console: &Function, visit: &Visit, id: EntryId) -> Result<Response, Problem> {
    let detail = read(console, visit, id).await?;
    let body = detail.body.ok_or_else(|| Problem::not_found("The body of this entry was deleted."))?;
    Ok(answer::download(&format!("quarantine-{id}.txt"), body))
}

/// The page, with why a change was not made.
pub(super) async fn page(
    console: &Function,
    visit: &Visit,
    id: EntryId,
    status: StatusCode,
    refusal: Option<&str>,
) -> Result<Response, Problem> {
    let detail = read(console, visit, id).await?;
    let title = capitalised(&shortened(&detail.entry.reason, 80));
    let head = Head { title: &title, section: Some(Section::Quarantine) };
    Ok(answer::page(status, layout::page(visit, head, &render(visit, &detail, refusal))))
}

async fn read(console: &Function, visit: &Visit, id: EntryId) -> Result<QuarantineEntryDetail, Problem> {
    visit.check_responder()?;
    let detail = console.get_quarantine_entry.get(id, visit.now, visit.deadline).await;
    let detail = detail.map_err(|error| match error {
        GetQuarantineEntryError::NotFound => unknown(),
        error => Problem::unavailable(&error),
    })?;
    let source_address = visit.source_address.map(display);
    info!(entry_id = %id, actor = visit.person.name, source_address, "quarantine entry read");
    Ok(detail)
}

fn render(visit: &Visit, detail: &QuarantineEntryDetail, refusal: Option<&str>) -> Markup {
    let entry = &detail.entry;
    html! {
        article.incident {
            header.head {
                nav.crumbs aria-label="Way back" { a href=(ADDRESS) data-key="u" { (icon("left")) "Quarantine" } }
                (list::refresh())
            }
            @if let Some(refusal) = refusal {
                p.notice.failed role="alert" { (icon("warning")) span { (refusal) } }
            }
            div #live {
                div.title {
                    div.badges { (kind_badge(entry.kind)) (state_badge(entry.state)) }
                    h1 { bdi { (capitalised(&entry.reason)) } }
                    p.n { (meaning(entry.kind)) }
                }
                (facts(visit, detail))
                @if entry.state.is_open() { (steps(visit, detail)) }
                div.columns {
                    section aria-labelledby="body" {
                        div.found {
                            h2 #body { "What was sent" }
                            @if detail.body.is_some() {
                                a.button.quiet.end href={ (address(entry.id)) "/body" } hx-boost="false" download {
                                    (icon("down")) "Download"
                                }
                            }
                        }
                        (sent(detail))
                    }
                    section aria-labelledby="history" { div.found { h2 #history { "History" } } (history(visit, detail)) }
                }
            }
        }
    }
}

/// What a kind means for the reader.
const fn meaning(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Unreadable => {
            "The webhook is authentic, but this version cannot read it. Redrive it after an update that can."
        }
        EntryKind::DeadLetter => {
            "It was read, but could not be grouped, again and again. Redrive it once the cause is gone."
        }
    }
}

fn facts(visit: &Visit, detail: &QuarantineEntryDetail) -> Markup {
    let entry = &detail.entry;
    let created_at = entry.id.created_at();
    html! {
        dl.facts {
            div { dt { "Quarantined" } dd { (times::when(created_at)) } dd.note { (times::ago(created_at, visit.now)) } }
            div {
                dt { "Received" }
                @match entry.received_at {
                    Some(at) => { dd { (times::when(at)) } dd.note { (times::ago(at, visit.now)) } }
                    None => dd.missing { "not known" },
                }
            }
            div {
                dt { "Source" }
                @match &entry.source {
                    Some(source) => dd { a href={ (ADDRESS) "?source=" (source) } { (source.as_str()) } },
                    None => dd.missing { "none: it is a message of the queue" },
                }
            }
            div {
                dt { "Body" }
                dd { (counted(entry.body_bytes as u64, "byte")) }
                @if entry.truncated { dd.fires { "too large to be kept whole" } } @else { dd.note { "kept whole" } }
            }
            @if let Some(delivery) = &entry.delivery_id {
                div { dt { "Delivery" } dd.note { code { bdi { (shortened(&delivery.to_string(), 80)) } } } }
            }
        }
    }
}

fn steps(visit: &Visit, detail: &QuarantineEntryDetail) -> Markup {
    let entry = &detail.entry;
    html! {
        div.steps {
            form.inline method="post" action={ (address(entry.id)) "/redrive" } {
                (forms::hidden(visit))
                button.primary type="submit" {
                    (icon("refresh")) (if entry.state == EntryState::Redriving { "Redrive again" } else { "Redrive" })
                }
                small { "It goes through the same path again. It takes effect once, however often it is redriven." }
            }
            form.inline.end method="post" action={ (address(entry.id)) "/delete" } {
                (forms::hidden(visit))
                button.danger type="submit" data-ask="Delete this entry? Its body is gone then." { (icon("x")) "Delete" }
            }
        }
    }
}

fn sent(detail: &QuarantineEntryDetail) -> Markup {
    match &detail.body {
        None => html! { p.n { "The body was deleted." } },
        Some(sent) if sent.is_empty() => html! { p.n { "The body is empty." } },
        Some(sent) => {
            let shown = body::beginning(sent);
            html! {
                (shown.markup)
                @if shown.is_cut { p.hint { "This is its beginning. Download it to see the rest." } }
            }
        }
    }
}

fn history(visit: &Visit, detail: &QuarantineEntryDetail) -> Markup {
    let entry = &detail.entry;
    html! {
        ol.history {
            @for EntryAction { kind, actor, at } in entry.actions.iter().rev() {
                @let is_person = matches!(kind, EntryActionKind::RedriveRequested | EntryActionKind::Deleted);
                @let (picture, what) = step(*kind);
                li.person[is_person] {
                    span.mark { (icon(picture)) }
                    div {
                        p { @if is_person { b { bdi { (actor) } } " " } (what) }
                        small { (times::ago(*at, visit.now)) }
                    }
                }
            }
            li {
                span.mark { (icon("quarantine")) }
                div { p { "It came into quarantine." } small { (times::ago(entry.id.created_at(), visit.now)) } }
            }
        }
    }
}

const fn step(kind: EntryActionKind) -> (&'static str, &'static str) {
    match kind {
        EntryActionKind::RedriveRequested => ("refresh", "redrove it"),
        EntryActionKind::Redriven => ("resolved", "It took effect."),
        EntryActionKind::RedriveFailed => ("error", "It failed again and came back."),
        EntryActionKind::Deleted => ("x", "deleted it"),
    }
}
