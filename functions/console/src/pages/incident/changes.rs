//! What responders do with an incident: change its status, comment, assign it.

use std::collections::BTreeSet;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{
        assignee::Assignee,
        id::{AlertId, IncidentId},
        incident::Incident,
        status::Status,
    },
    http::{Response, problem::Problem},
    service::{
        add_comment::{AddCommentError, Comment},
        change_assignee::AssigneeChange,
        change_status::{ChangeStatusError, StatusChange},
        split_incident::{MAX_SPLIT, Split},
    },
};

use super::{Draft, Refusal, address, change, page, step, unknown};
use crate::{
    Function,
    flash::Flash,
    parts::{badges, forms, icons::icon},
    visit::Visit,
};

/// The next step and the assignee.
pub fn forms(visit: &Visit, incident: &Incident, draft: &Draft) -> Markup {
    let is_mine = incident.assignee.as_ref().is_some_and(|assignee| assignee.as_str() == visit.person.name);
    let next = incident.status.allowed_transitions();
    let status = html! {
        @for status in next {
            button.primary type="submit" name="status" value=(status) {
                (icon(&status.to_string().to_lowercase())) (step(*status))
            }
        }
        label.unseen for="status-comment" { "Comment on the change" }
        input #status-comment type="text" name="comment" value=(draft.comment) maxlength="2000" placeholder="Comment, if you like";
        @if next == [Status::Resolved] && incident.firing_alert_count > 0 {
            small { "Resolving it ends its " (incident.firing_alert_count) " firing alerts." }
        }
    };
    let assignee = html! {
        @if !is_mine {
            button type="submit" name="assignee" value=(visit.person.name) { (icon("person")) "Assign to me" }
        }
        label.unseen for="assignee" { "Assign to" }
        input #assignee type="text" name="other" maxlength="120" placeholder="Somebody else";
        button type="submit" name="assignee" value="" { "Assign" }
        @if incident.assignee.is_some() { button.quiet type="submit" name="nobody" value="yes" { "Nobody" } }
    };
    html! {
        div.steps {
            @if next.is_empty() { p.n { (icon("closed")) " The review is closed." } }
            @else { (change(visit, incident, "status", "inline", &status)) }
            (change(visit, incident, "assignee", "inline end", &assignee))
        }
    }
}

/// A field for a comment.
pub fn comment_form(visit: &Visit, incident: &Incident, draft: &Draft) -> Markup {
    let content = html! {
        label.unseen for="comment" { "Comment" }
        textarea #comment name="comment" rows="2" maxlength="2000" required placeholder="What did you find?" { (draft.comment) }
        button type="submit" { "Comment" }
    };
    change(visit, incident, "comments", "comment", &content)
}

/// What to do with the alerts that are chosen.
pub fn split_form(visit: &Visit, incident: &Incident) -> Markup {
    html! {
        form.choose #split method="post" action={ (address(incident.id)) "/split" } {
            (forms::hidden(visit))
            input type="hidden" name="version" value=(incident.version);
            span.chosen data-verb="move to an incident of their own" { "Chosen: move to an incident of their own" }
            label.unseen for="split-reason" { "Why they do not belong here" }
            input #split-reason type="text" name="reason" maxlength="2000" placeholder="Why they do not belong here";
            button type="submit" { (icon("split")) "Split" }
        }
    }
}

/// Changes the status by one step, if the incident is as the person saw it.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the change cannot be written.
pub async fn change_status(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let status: Status = visit.form.text("status").parse().map_err(|_| Problem::invalid("status", "is no status"))?;
    let (comment, version) = (visit.form.comment()?, version(visit)?);
    let change = StatusChange { status, comment, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    let changed = console.change_status.change(id, &change, &accepts, visit.now, visit.deadline).await;
    match changed.map_err(problem) {
        Ok(_) => Ok(visit.tell(&Flash::done(format!("It is {} now.", badges::status_name(status))), &address(id))),
        Err(problem) => refused(console, visit, id, problem).await,
    }
}

/// Why the status of an incident was not changed.
pub fn problem(error: ChangeStatusError) -> Problem {
    match error {
        ChangeStatusError::NotFound => unknown(),
        ChangeStatusError::Merged(into) => Problem::merged(into),
        ChangeStatusError::Stale(incident) => Problem::stale(&incident),
        ChangeStatusError::Illegal(illegal) => Problem::illegal_transition(illegal.from, illegal.to),
        ChangeStatusError::Unavailable(cause) => Problem::unavailable(&cause),
        ChangeStatusError::Queue(cause) => Problem::unavailable(&cause),
    }
}

/// Adds a comment. What others do meanwhile is no obstacle.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the comment cannot be written.
pub async fn comment(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let Some(text) = visit.form.comment()? else {
        return Err(Problem::invalid("comment", "must not be empty"));
    };
    let comment = Comment { text, actor: visit.person.name.clone(), key: None };
    match console.add_comment.add(id, &comment, &|_| true, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done("Your comment is in the history."), &address(id))),
        Err(AddCommentError::Change(error)) => refused(console, visit, id, error.into()).await,
        Err(AddCommentError::KeyReused) => Err(Problem::invalid("comment", "was sent before with another text")),
    }
}

/// Gives the incident to somebody, or to nobody.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the change cannot be written.
pub async fn assign(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let version = version(visit)?;
    let name = [visit.form.text("assignee"), visit.form.text("other")].into_iter().find(|name| !name.is_empty());
    let assignee = match name {
        _ if !visit.form.text("nobody").is_empty() => None,
        None => return Err(Problem::invalid("assignee", "must name who shall work on it")),
        Some(name) => Some(Assignee::read(name).map_err(|error| Problem::invalid("assignee", error.to_string()))?),
    };
    let text = match &assignee {
        Some(assignee) => format!("{} works on it now.", assignee.as_str()),
        None => "Nobody works on it now.".to_owned(),
    };
    let change = AssigneeChange { assignee, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    match console.change_assignee.change(id, &change, &accepts, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done(text), &address(id))),
        Err(error) => refused(console, visit, id, error.into()).await,
    }
}

/// Moves alerts that were chosen into an incident of their own.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the change cannot be written.
pub async fn split(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let alerts: Result<BTreeSet<AlertId>, _> = visit.form.all("alert").map(str::parse).collect();
    let alerts = alerts.map_err(|_| Problem::invalid("alert", "must be ids of alerts"))?;
    if alerts.is_empty() || alerts.len() > MAX_SPLIT {
        return Err(Problem::invalid("alert", format!("choose 1 to {MAX_SPLIT} alerts")));
    }
    let version = version(visit)?;
    let split = Split { alerts, into: None, reason: visit.form.text_of("reason")?, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    match console.split_incident.split(id, &split, &accepts, visit.now, visit.deadline).await {
        Ok(divided) => {
            let flash = Flash::done("The alerts are in this incident of their own now.");
            Ok(visit.tell(&flash, &address(divided.into.id)))
        }
        Err(error) => refused(console, visit, id, error.into()).await,
    }
}

fn version(visit: &Visit) -> Result<u64, Problem> {
    visit.form.text("version").parse().map_err(|_| Problem::invalid("version", "must be a whole number"))
}

/// Shows the incident as it is now, with why nothing was changed, and keeps what the person wrote. That is so if somebody
/// else was faster, or the incident cannot be changed in this way.
async fn refused(console: &Function, visit: &Visit, id: IncidentId, problem: Problem) -> Result<Response, Problem> {
    let refusal = match problem.status() {
        StatusCode::PRECONDITION_FAILED => Refusal::Stale,
        StatusCode::CONFLICT => Refusal::Impossible(problem.detail().to_owned()),
        _ => return Err(problem),
    };
    let draft = Draft { refusal: Some(refusal), comment: visit.form.text("comment").to_owned() };
    page(console, visit, id, problem.status(), &draft).await
}
