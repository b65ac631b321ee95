//! What responders do with an incident: change its status, comment, assign it.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{assignee::Assignee, id::IncidentId, incident::Incident, status::Status},
    http::{Response, problem::Problem},
    service::{
        add_comment::{AddCommentError, Comment},
        change_assignee::AssigneeChange,
        change_status::{ChangeStatusError, StatusChange},
        incident_writer::ChangeIncidentError,
    },
};

use super::{Draft, address, change, page, step, unknown};
use crate::{
    Function,
    flash::Flash,
    parts::{badges, icons::icon},
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
    match console.change_status.change(id, &change, &accepts, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done(format!("It is {} now.", badges::status_name(status))), &address(id))),
        Err(ChangeStatusError::NotFound) => Err(unknown()),
        Err(ChangeStatusError::Stale(current)) => stale(console, visit, &current).await,
        Err(ChangeStatusError::Illegal(illegal)) => {
            let (from, to) = (badges::status_name(illegal.from), badges::status_name(illegal.to));
            refused(console, visit, id, format!("Nothing was changed: it is {from}, which cannot become {to}.")).await
        }
        Err(ChangeStatusError::Unavailable(cause)) => Err(Problem::unavailable(&cause)),
        Err(ChangeStatusError::Queue(cause)) => Err(Problem::unavailable(&cause)),
    }
}

/// Adds a comment. What others do meanwhile is no obstacle. The version that the person saw makes it once, however often
/// the form is sent.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the comment cannot be written.
pub async fn comment(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    visit.check_responder()?;
    let Some(text) = visit.form.comment()? else {
        return refused(console, visit, id, "A comment needs a text.".to_owned()).await;
    };
    let comment = Comment { text, actor: visit.person.name.clone(), key: None };
    match console.add_comment.add(id, &comment, &|_| true, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done("Your comment is in the history."), &address(id))),
        Err(AddCommentError::Change(ChangeIncidentError::NotFound)) => Err(unknown()),
        Err(AddCommentError::Change(ChangeIncidentError::Stale(current))) => stale(console, visit, &current).await,
        Err(AddCommentError::Change(ChangeIncidentError::Unavailable(cause))) => Err(Problem::unavailable(&cause)),
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
        None => return refused(console, visit, id, "Enter who shall work on it.".to_owned()).await,
        Some(name) => match Assignee::read(name) {
            Ok(assignee) => Some(assignee),
            Err(error) => return refused(console, visit, id, format!("The name of the assignee {error}.")).await,
        },
    };
    let text = match &assignee {
        Some(assignee) => format!("{} works on it now.", assignee.as_str()),
        None => "Nobody works on it now.".to_owned(),
    };
    let change = AssigneeChange { assignee, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    match console.change_assignee.change(id, &change, &accepts, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done(text), &address(id))),
        Err(ChangeIncidentError::NotFound) => Err(unknown()),
        Err(ChangeIncidentError::Stale(current)) => stale(console, visit, &current).await,
        Err(ChangeIncidentError::Unavailable(cause)) => Err(Problem::unavailable(&cause)),
    }
}

fn version(visit: &Visit) -> Result<u64, Problem> {
    visit.form.text("version").parse().map_err(|_| Problem::invalid("version", "must be a whole number"))
}

/// Somebody else was faster: shows the incident as it is now, and keeps what the person wrote.
async fn stale(console: &Function, visit: &Visit, current: &Incident) -> Result<Response, Problem> {
    let assignee = current.assignee.as_ref().map_or("nobody", Assignee::as_str);
    let refusal = format!(
        "Nothing was changed: the incident has changed since you read it. This is its newer state: {}, assigned to \
         {assignee}. Look at the history, then repeat your change.",
        badges::status_name(current.status)
    );
    let draft = Draft { refusal: Some(refusal), comment: visit.form.text("comment").to_owned() };
    page(console, visit, current.id, StatusCode::PRECONDITION_FAILED, &draft).await
}

async fn refused(console: &Function, visit: &Visit, id: IncidentId, refusal: String) -> Result<Response, Problem> {
    let draft = Draft { refusal: Some(refusal), comment: visit.form.text("comment").to_owned() };
    page(console, visit, id, StatusCode::CONFLICT, &draft).await
}
