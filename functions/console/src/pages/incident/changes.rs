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

use super::{ChangeKind, Draft, Refusal, address, change, page, step, unknown};
use crate::{
    Function,
    flash::Flash,
    parts::{badges, forms, icons::icon, numbers::counted},
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
        input #status-comment type="text" name="comment" value=[draft.of(ChangeKind::Status)] maxlength="2000" placeholder="Comment, if you like";
        @if next == [Status::Resolved] && incident.firing_alert_count > 0 {
            small { "Resolving it ends its " (counted(incident.firing_alert_count, "firing alert")) "." }
        }
    };
    let assignee = html! {
        label.unseen for="assignee" { "Assign to" }
        input #assignee type="text" name="other" value=[draft.of(ChangeKind::Assignee)] maxlength="120"
            placeholder="Somebody else";
        // The first button of the form: the enter key presses it.
        button type="submit" name="assignee" value="" { "Assign" }
        @if !is_mine {
            button type="submit" name="assignee" value=(visit.person.name) { (icon("person")) "Assign to me" }
        }
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
        textarea #comment name="comment" rows="2" maxlength="2000" required placeholder="What did you find?" {
            (draft.of(ChangeKind::Comment).unwrap_or_default())
        }
        button type="submit" { "Comment" }
    };
    change(visit, incident, "comments", "comment", &content)
}

/// What to do with the alerts that are chosen.
pub fn split_form(visit: &Visit, incident: &Incident, draft: &Draft) -> Markup {
    html! {
        form.choose #split method="post" action={ (address(incident.id)) "/split" } {
            (forms::hidden(visit))
            input type="hidden" name="version" value=(incident.version);
            span.chosen data-verb="move to an incident of their own" { "Chosen: move to an incident of their own" }
            label.unseen for="split-reason" { "Why they do not belong here" }
            input #split-reason type="text" name="reason" value=[draft.of(ChangeKind::Split)] maxlength="2000"
                placeholder="Why they do not belong here";
            button type="submit" { (icon("split")) "Split" }
        }
    }
}

/// Changes the status by one step, if the incident is as the person saw it.
///
/// # Errors
/// A [`Problem`] if the person may not, or the change cannot be written.
pub async fn change_status(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    answered(console, visit, id, ChangeKind::Status, write_status(console, visit, id).await).await
}

async fn write_status(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    let status: Status = visit.form.text("status").parse().map_err(|_| Problem::invalid("status", "is no status"))?;
    let (comment, version) = (visit.form.comment()?, version(visit)?);
    let change = StatusChange { status, comment, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    let changed = console.change_status.change(id, &change, &accepts, visit.now, visit.deadline).await;
    changed.map_err(problem)?;
    Ok(visit.tell(&Flash::done(format!("It is {} now.", badges::status_name(status))), &address(id)))
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
/// A [`Problem`] if the person may not, or the comment cannot be written.
pub async fn comment(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    answered(console, visit, id, ChangeKind::Comment, write_comment(console, visit, id).await).await
}

async fn write_comment(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    let text = visit.form.comment()?.ok_or_else(|| Problem::invalid("comment", "must not be empty"))?;
    let comment = Comment { text, actor: visit.person.name.clone(), key: None };
    match console.add_comment.add(id, &comment, &|_| true, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done("Your comment is in the history."), &address(id))),
        Err(AddCommentError::Change(error)) => Err(error.into()),
        Err(AddCommentError::KeyReused) => Err(Problem::invalid("comment", "was sent before with another text")),
    }
}

/// Gives the incident to somebody, or to nobody.
///
/// # Errors
/// A [`Problem`] if the person may not, or the change cannot be written.
pub async fn assign(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    answered(console, visit, id, ChangeKind::Assignee, write_assignee(console, visit, id).await).await
}

async fn write_assignee(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
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
    console.change_assignee.change(id, &change, &accepts, visit.now, visit.deadline).await?;
    Ok(visit.tell(&Flash::done(text), &address(id)))
}

/// Moves alerts that were chosen into an incident of their own.
///
/// # Errors
/// A [`Problem`] if the person may not, or the change cannot be written.
pub async fn split(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    answered(console, visit, id, ChangeKind::Split, write_split(console, visit, id).await).await
}

async fn write_split(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    let alerts: Result<BTreeSet<AlertId>, _> = visit.form.all("alert").map(str::parse).collect();
    let alerts = alerts.map_err(|_| Problem::invalid("alert", "must be ids of alerts"))?;
    if alerts.is_empty() || alerts.len() > MAX_SPLIT {
        return Err(Problem::invalid("alert", format!("choose 1 to {MAX_SPLIT} alerts")));
    }
    let version = version(visit)?;
    let split = Split { alerts, into: None, reason: visit.form.text_of("reason")?, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    let divided = console.split_incident.split(id, &split, &accepts, visit.now, visit.deadline).await?;
    let flash = Flash::done("The alerts are in this incident of their own now.");
    Ok(visit.tell(&flash, &address(divided.into.id)))
}

fn version(visit: &Visit) -> Result<u64, Problem> {
    visit.form.text("version").parse().map_err(|_| Problem::invalid("version", "must be a whole number"))
}

/// The answer to a change. If it was refused, that is the incident as it is now, with why nothing was changed and what the
/// person wrote: somebody else was faster, the incident cannot be changed in this way, or a field is wrong.
async fn answered(
    console: &Function,
    visit: &Visit,
    id: IncidentId,
    kind: ChangeKind,
    written: Result<Response, Problem>,
) -> Result<Response, Problem> {
    let problem = match written {
        Ok(answer) => return Ok(answer),
        Err(problem) => problem,
    };
    let refusal = match problem.status() {
        StatusCode::PRECONDITION_FAILED => Refusal::Stale,
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Refusal::Impossible(problem.detail().to_owned()),
        StatusCode::BAD_REQUEST => {
            let errors =
                problem.errors().iter().map(|error| format!("The field {} {}.", error.parameter, error.message));
            Refusal::Impossible(errors.collect::<Vec<_>>().join(" "))
        }
        _ => return Err(problem),
    };
    let draft = Draft { refusal: Some(refusal), of: Some(kind), text: visit.form.text(kind.field()).to_owned() };
    page(console, visit, id, problem.status(), &draft).await
}
