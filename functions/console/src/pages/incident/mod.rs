//! One incident: where it stands, what happened when, what to do next.

mod alerts;
mod changes;
mod facts;
mod history;
mod timeline;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{assignee::Assignee, id::IncidentId, incident::Incident, status::Status},
    http::{Response, problem::Problem, stats},
    listing::segments::{rows::Field, statistics::incidents::IncidentFigures},
    service::{get_incident::IncidentDetail, list_similar_incidents::SimilarIncident},
};

pub use self::changes::{assign, change_status, comment, problem, split};
use super::layout::{self, Head, Section};
use crate::{
    Function, answer,
    link::Link,
    parts::{badges, forms, icons::icon, list, times},
    visit::Visit,
};

/// The address of an incident.
#[must_use]
pub fn address(id: IncidentId) -> String {
    format!("/console/incidents/{id}")
}

/// How many similar incidents are shown.
const MAX_SIMILAR: usize = 5;

/// How many days of other incidents count.
const DAYS: i64 = 90;

/// What the page shows.
struct Shown {
    detail: IncidentDetail,
    /// The incident that it is a recurrence of.
    earlier: Option<Incident>,
    /// Past ones that are like it.
    similar: Vec<SimilarIncident>,
    /// Figures of its team, to compare with.
    team: Option<IncidentFigures>,
}

/// A change that was not made: why, and what the person wrote.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub refusal: Option<Refusal>,
    /// The form that it was written in.
    of: Option<ChangeKind>,
    text: String,
}

impl Draft {
    /// The text that a person wrote into the form of this kind, and that was not saved.
    fn of(&self, kind: ChangeKind) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| self.of == Some(kind) && !text.is_empty())
    }
}

/// The part of an incident that a form changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    Status,
    Comment,
    Assignee,
    Split,
}

impl ChangeKind {
    /// The field that people write in.
    const fn field(self) -> &'static str {
        match self {
            Self::Status | Self::Comment => "comment",
            Self::Assignee => "other",
            Self::Split => "reason",
        }
    }
}

/// Why a change was not made.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// Somebody else was faster.
    Stale,
    Impossible(String),
}

/// Shows an incident.
///
/// # Errors
/// A [`Problem`] if there is none, or a table cannot be read.
pub async fn show(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    page(console, visit, id, StatusCode::OK, &Draft::default()).await
}

/// The page, with a change that was not made.
async fn page(
    console: &Function,
    visit: &Visit,
    id: IncidentId,
    status: StatusCode,
    draft: &Draft,
) -> Result<Response, Problem> {
    let detail = console.get_incident.get(id, visit.now, visit.deadline).await;
    let detail = detail.map_err(|error| Problem::unavailable(&error))?.ok_or_else(unknown)?;
    let incident = &detail.incident;
    let (earlier, similar, team) = tokio::try_join!(
        earlier(console, visit, incident),
        similar(console, visit, incident),
        team(console, visit, incident)
    )?;
    let shown = Shown { detail, earlier, similar, team };
    let title: String = shown.detail.incident.title.chars().take(80).collect();
    let head = Head { title: &title, section: Some(Section::Incidents) };
    Ok(answer::page(status, layout::page(visit, head, &render(visit, &shown, draft))))
}

/// No such incident.
#[must_use]
pub fn unknown() -> Problem {
    Problem::not_found("There is no incident with this id. It may have expired.")
}

async fn earlier(console: &Function, visit: &Visit, incident: &Incident) -> Result<Option<Incident>, Problem> {
    let Some(id) = incident.recurrence_of else { return Ok(None) };
    let found = console.get_incident.get(id, visit.now, visit.deadline).await;
    Ok(found.map_err(|error| Problem::unavailable(&error))?.map(|detail| detail.incident))
}

async fn similar(console: &Function, visit: &Visit, incident: &Incident) -> Result<Vec<SimilarIncident>, Problem> {
    let found = console.list_similar.list(incident.id, visit.now, visit.deadline).await?.unwrap_or_default();
    let others = found.into_iter().filter(|other| Some(other.incident.id) != incident.recurrence_of);
    Ok(others.take(MAX_SIMILAR).collect())
}

/// What an incident has in common with another, most telling first.
fn common(similar: &SimilarIncident) -> String {
    let SimilarIncident { problems, services, .. } = similar;
    match (problems.len(), services.is_empty()) {
        (0, true) => "the same words".to_owned(),
        (0, false) => services.join(", "),
        (1, _) => "the same problem".to_owned(),
        (problems, _) => format!("{problems} same problems"),
    }
}

/// Why a change was not made, with the state as it is now.
fn why(refusal: &Refusal, incident: &Incident) -> String {
    match refusal {
        Refusal::Impossible(reason) => reason.clone(),
        Refusal::Stale => format!(
            "The incident has changed since you read it. This is its newer state: {}, assigned to {}. Look at it, then \
             repeat your change.",
            badges::status_name(incident.status),
            incident.assignee.as_ref().map_or("nobody", Assignee::as_str)
        ),
    }
}

async fn team(console: &Function, visit: &Visit, incident: &Incident) -> Result<Option<IncidentFigures>, Problem> {
    let Some(team) = &incident.team else { return Ok(None) };
    let from = visit.now.plus_minutes(-DAYS * 24 * 60);
    let query = Link::to("/").with("team", team).with("created_from", from);
    let Ok(asked) = stats::incidents_of(&query.query()) else { return Ok(None) };
    let figures = console.get_incident_stats.get(&asked, visit.now, visit.deadline).await?;
    Ok(Some(figures.all.total))
}

fn render(visit: &Visit, shown: &Shown, draft: &Draft) -> Markup {
    let IncidentDetail { incident, alerts, alerts_total, actions_total, .. } = &shown.detail;
    html! {
        article.incident {
            header.head {
                nav.crumbs aria-label="Way back" {
                    a href="/console/incidents?status=OPEN,INVESTIGATING" data-key="u" { (icon("left")) "Incidents" }
                }
                (list::refresh())
            }
            @if let Some(refusal) = &draft.refusal {
                p.notice.failed role="alert" { (icon("warning")) span { "Nothing was changed. " (why(refusal, incident)) } }
            }
            div #live {
                @if let Some(into) = incident.merged_into {
                    p.notice { (icon("split")) span { "It is part of " a href=(address(into)) { "another incident" } " now." } }
                }
                div.title {
                    div.badges { (badges::severity(incident.severity)) (badges::status(incident.status)) }
                    h1 { bdi { (incident.title) } }
                    (list::belongs(&incident.services, incident.team.as_deref(), &incident.environment))
                }
                (facts::render(visit, shown))
                (timeline::render(visit, &shown.detail))
            }
            @if visit.is_responder() { (changes::forms(visit, incident, draft)) }
            div.columns {
                section aria-labelledby="alerts" {
                    div.found { h2 #alerts { "Alerts" span.n { " " (alerts_total) } } }
                    (alerts::render(visit, incident, alerts, *alerts_total, draft))
                }
                div {
                    section aria-labelledby="history" {
                        div.found {
                            h2 #history { "History" span.n { " " (actions_total) } }
                            a.button.quiet.end href={ (address(incident.id)) "/report" } hx-boost="false" download {
                                (icon("down")) "Report"
                            }
                        }
                        @if visit.is_responder() { (changes::comment_form(visit, incident, draft)) }
                        (history::render(visit, &shown.detail))
                    }
                    (others_of(visit, shown))
                }
            }
        }
    }
}

/// The incident before, and others of the same services.
fn others_of(visit: &Visit, shown: &Shown) -> Markup {
    let line = |incident: &Incident, common: &str| {
        let ended = incident.resolved_at.map(|at| times::lasted(at.as_millis() - incident.created_at.as_millis()));
        html! {
            li {
                (badges::severity(incident.severity))
                a href=(address(incident.id)) { bdi { (incident.title) } }
                small {
                    (times::ago(incident.created_at, visit.now)) " · "
                    @match ended { Some(ended) => { "resolved after " (ended) }, None => (badges::status_name(incident.status)) }
                    @if !common.is_empty() { " · " bdi { (common) } }
                }
            }
        }
    };
    html! {
        @if let Some(earlier) = &shown.earlier {
            section.others aria-labelledby="earlier" {
                h2 #earlier { "It happened before" }
                ul { (line(earlier, "")) }
            }
        }
        @if !shown.similar.is_empty() {
            section.others aria-labelledby="similar" {
                h2 #similar { "Similar incidents" }
                ul { @for other in &shown.similar { (line(&other.incident, &common(other))) } }
            }
        }
    }
}

/// The step that follows a status, as a button says it.
const fn step(status: Status) -> &'static str {
    match status {
        Status::Open => "Reopen",
        Status::Investigating => "Start investigating",
        Status::Resolved => "Resolve",
        Status::Closed => "Close the review",
    }
}

/// What a filter of the same field leads to.
fn filtered(field: Field, value: &str) -> Link {
    Link::to("/console/incidents").with(&field.to_string(), value)
}

/// A form that changes this incident, at the version that the person sees.
fn change(visit: &Visit, incident: &Incident, path: &str, class: &str, content: &Markup) -> Markup {
    html! {
        form.(class) method="post" action={ (address(incident.id)) "/" (path) } {
            (forms::hidden(visit))
            input type="hidden" name="version" value=(incident.version);
            (content)
        }
    }
}
