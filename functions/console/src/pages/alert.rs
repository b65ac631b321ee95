//! One alert: what it reports, how it was classified, why it is in its incident, and what was sent.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{
        alert::Alert,
        alert_status::AlertStatus,
        classification::{Classified, Evidence},
        grouping::GroupingDecision,
        id::{AlertId, IncidentId},
        payload::PayloadDeletion,
    },
    http::{Response, problem::Problem},
    service::{
        get_alert_payload::{AlertPayload, GetAlertPayloadError, RawPayload},
        resolve_alerts::{AlertResolution, ResolveAlertError},
    },
};
use tracing::{field::display, info};

use super::{
    incident,
    layout::{self, Head, Section},
};
use crate::{
    Function, answer,
    flash::Flash,
    parts::{badges, body, forms, icons::icon, list, numbers::counted, times},
    visit::Visit,
};

/// The address of an alert.
#[must_use]
pub fn address(id: AlertId) -> String {
    format!("/console/alerts/{id}")
}

/// Shows an alert.
///
/// # Errors
/// A [`Problem`] if there is none, or the table cannot be read.
pub async fn show(console: &Function, visit: &Visit, id: AlertId) -> Result<Response, Problem> {
    let alert = read(console, visit, id).await?;
    Ok(page(visit, &alert, None))
}

/// Shows an alert with what was sent. For responders only: payloads may hold personal data.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no alert, or a table cannot be read.
pub async fn show_payload(console: &Function, visit: &Visit, id: AlertId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let alert = read(console, visit, id).await?;
    let payload = match console.get_alert_payload.get(id, visit.now, visit.deadline).await {
        Ok(payload) => Some(payload),
        Err(GetAlertPayloadError::NotKept) => None,
        Err(GetAlertPayloadError::NotFound) => return Err(unknown()),
        Err(error) => return Err(Problem::unavailable(&error)),
    };
    let source_address = visit.source_address.map(display);
    info!(alert_id = %id, actor = visit.person.name, source_address, "payload read");
    Ok(page(visit, &alert, Some(&sent(payload.as_ref()))))
}

/// Resolves an alert whose resolution never came.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no alert, or it cannot be written.
pub async fn resolve(console: &Function, visit: &Visit, id: AlertId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let resolution = AlertResolution { comment: visit.form.comment()?, actor: visit.person.name.clone() };
    match console.resolve_alerts.resolve(id, &resolution, visit.now, visit.deadline).await {
        Ok(resolved) if resolved.is_changed => Ok(visit.tell(&Flash::done("The alert is resolved."), &address(id))),
        Ok(_) => Ok(visit.tell(&Flash::done("The alert was resolved already."), &address(id))),
        Err(ResolveAlertError::NotFound) => Err(unknown()),
        Err(ResolveAlertError::Unavailable(cause)) => Err(Problem::unavailable(&cause)),
    }
}

async fn read(console: &Function, visit: &Visit, id: AlertId) -> Result<Alert, Problem> {
    let alert = console.get_alert.get(id, visit.now, visit.deadline).await;
    alert.map_err(|error| Problem::unavailable(&error))?.ok_or_else(unknown)
}

/// No such alert.
#[must_use]
pub fn unknown() -> Problem {
    Problem::not_found("There is no alert with this id. It may have expired.")
}

fn page(visit: &Visit, alert: &Alert, payload: Option<&Markup>) -> Response {
    let title: String = alert.report.title.value.chars().take(80).collect();
    let head = Head { title: &title, section: Some(Section::Alerts) };
    answer::page(StatusCode::OK, layout::page(visit, head, &render(visit, alert, payload)))
}

fn render(visit: &Visit, alert: &Alert, payload: Option<&Markup>) -> Markup {
    let (state, report) = (&alert.state, &alert.report);
    let back = state.incident_id.map_or_else(|| "/console/alerts".to_owned(), incident::address);
    html! {
        article.incident {
            header.head {
                nav.crumbs aria-label="Way back" {
                    a href=(back) data-key="u" {
                        (icon("left")) (if state.incident_id.is_some() { "Its incident" } else { "Alerts" })
                    }
                }
            }
            div.title {
                div.badges { (badges::severity(state.severity)) (badges::alert_status(state.status)) }
                h1 { bdi { (report.title.value) } }
                (list::belongs(state.service.as_slice(), state.team.as_deref(), &state.environment))
            }
            (facts(visit, alert))
            @if visit.is_responder() && state.status == AlertStatus::Firing { (resolve_form(visit, alert)) }
            div.columns {
                div {
                    section aria-labelledby="message" {
                        h2 #message { "What it says" }
                        @match &report.message {
                            Some(message) => pre.message { (message.value) },
                            None => p.n { "The source sent no message." },
                        }
                        @if let Some(link) = &report.link { p { (forms::away(&link.value, "Open in the source")) } }
                    }
                    @if let Some(tags) = &report.tags {
                        section aria-labelledby="tags" {
                            h2 #tags { "Tags" }
                            ul.tags { @for tag in &tags.value { li { bdi { (tag) } } } }
                        }
                    }
                    @if visit.is_responder() {
                        section #payload aria-labelledby="sent" {
                            h2 #sent { "What was sent" }
                            @match payload {
                                Some(payload) => (payload),
                                None => p {
                                    a.button href={ (address(alert.id)) "/payload#payload" } { "Show the raw payload" }
                                },
                            }
                        }
                    }
                }
                div {
                    section aria-labelledby="why" { h2 #why { "Why it is in its incident" } (grouping(alert)) }
                    section aria-labelledby="class" { h2 #class { "How it was classified" } (classification(alert)) }
                    section aria-labelledby="keys-of" {
                        h2 #keys-of { "Keys" }
                        dl.pairs {
                            dt { "Problem" } dd { code { bdi { (alert.dedup_key()) } } }
                            @if let Some(id) = &report.external_id { dt { "In the source" } dd { code { bdi { (id.value) } } } }
                            @if let Some(group) = &report.group { dt { "Group" } dd { code { bdi { (group.value) } } } }
                            dt { "Alert" } dd { code { (alert.id) } }
                        }
                    }
                }
            }
        }
    }
}

fn facts(visit: &Visit, alert: &Alert) -> Markup {
    let state = &alert.state;
    let end = state.resolved_at.unwrap_or(visit.now);
    html! {
        dl.facts {
            div { dt { "Fired" } dd { (times::when_exactly(state.occurred_at)) } dd.note { (times::ago(state.occurred_at, visit.now)) } }
            div {
                dt { "Resolved" }
                @match state.resolved_at {
                    Some(at) => dd { (times::when_exactly(at)) },
                    None => dd.missing { "not yet" },
                }
                dd.note { (if state.resolved_at.is_some() { "after " } else { "for " }) (times::lasted(end.as_millis() - state.occurred_at.as_millis())) }
            }
            div {
                dt { "Reported" }
                dd { (counted(state.occurrences, "time")) }
                dd.note { "last " (times::ago(state.last_seen_at, visit.now)) }
            }
            div { dt { "Source" } dd { (state.source.as_str()) } @if state.is_test { dd.note { "a test notification" } } }
            div { dt { "Received" } dd { (times::when_exactly(alert.created_at())) } }
        }
    }
}

fn resolve_form(visit: &Visit, alert: &Alert) -> Markup {
    html! {
        div.steps {
            form.inline method="post" action={ (address(alert.id)) "/resolve" } {
                (forms::hidden(visit))
                button type="submit" { (icon("resolved")) "Resolve by hand" }
                label.unseen for="resolve-comment" { "Comment" }
                input #resolve-comment type="text" name="comment" maxlength="2000" placeholder="Comment, if you like";
                small { "For an alert whose resolution never came. If it fires again, a new alert begins." }
            }
        }
    }
}

fn grouping(alert: &Alert) -> Markup {
    let grouping = &alert.report.grouping;
    let decision = match grouping.decision {
        GroupingDecision::Opened => "It opened the incident.",
        GroupingDecision::Joined => "It joined the incident.",
        GroupingDecision::Ignored => "It is in no incident.",
    };
    html! {
        p { (decision) " " (with_links(&grouping.reason())) }
        @if let Some(id) = alert.state.incident_id { p { a.button href=(incident::address(id)) { "Open the incident" } } }
    }
}

/// A sentence about a decision, in which ids of incidents are links.
#[must_use]
pub fn with_links(sentence: &str) -> Markup {
    html! {
        @for (place, word) in sentence.split(' ').enumerate() {
            @if place > 0 { " " }
            @let id = word.trim_end_matches(|last: char| !last.is_ascii_alphanumeric());
            @match id.parse::<IncidentId>() {
                Ok(incident) => { a href=(incident::address(incident)) { "another incident" } (word[id.len()..]) },
                Err(_) => (word),
            }
        }
    }
}

fn classification(alert: &Alert) -> Markup {
    let found = alert.classification();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    html! {
        table.plain {
            thead { tr { th scope="col" { "" } th scope="col" { "Value" } th scope="col" { "Known from" } } }
            tbody {
                (classified("Severity", &found.severity.value.to_string(), &found.severity))
                (classified("Team", &text(&found.team.value), &found.team))
                (classified("Service", &text(&found.service.value), &found.service))
                (classified("Environment", &found.environment.value, &found.environment))
            }
        }
    }
}

fn classified<T>(name: &str, value: &str, found: &Classified<T>) -> Markup {
    let evidence = match found.evidence {
        Evidence::Default => "nothing: this is assumed",
        Evidence::Transition => "the state that it changed to",
        Evidence::Text => "words of its text",
        Evidence::Rule => "a rule of this stack",
        Evidence::History => "earlier alerts of the service",
        Evidence::Stated => "the source, which stated it",
    };
    html! {
        tr {
            th scope="row" { (name) }
            td { bdi { (value) } }
            td {
                (evidence)
                @if let Some(matched) = &found.matched { ": " bdi.n { "“" (matched) "”" } }
            }
        }
    }
}

fn sent(payload: Option<&AlertPayload>) -> Markup {
    match payload {
        None => html! { p.n { "No payload of this alert is kept: it has expired, or there never was one." } },
        Some(AlertPayload::Deleted(PayloadDeletion { at, actor, .. })) => html! {
            p.n { bdi { (actor) } " deleted it, " (times::when(*at)) "." }
        },
        Some(AlertPayload::Kept(RawPayload { body, length, truncated, received_at, expires_at })) => html! {
            p.n {
                (counted(*length as u64, "byte")) ", received " (times::when_exactly(*received_at))
                ". Kept until " (times::when(*expires_at)) "."
                @if *truncated { " It was too large to be kept whole." }
            }
            (body::render(body))
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_in_a_sentence_is_a_link() {
        let text = with_links("Best: 01ARZ3NDEKTSV4RRFFQ69G5FAV, (a <b>).").into_string();
        let link = "<a href=\"/console/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV\">another incident</a>";
        assert_eq!(text, format!("Best: {link}, (a &lt;b&gt;)."));
    }
}
