//! `POST /incidents/{id}/comments`: a responder says something about an incident.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, body, etag::Precondition, path_parameter, principal, problem::Problem,
        view::CommentView,
    },
    service::add_comment::{AddComment, AddCommentError, AddedComment, Comment},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    add_comment: AddComment,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.incidents()?.warm().await;
        Ok(Self { add_comment: AddComment::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let text = body::comment::of(request)?;
        let key = body::comment::key(request.headers())?;
        let precondition = Precondition::of_request(request)?;
        let comment = Comment { text, actor: principal.name, key };
        let accepts = |version| precondition.accepts(version);
        let added = self.add_comment.add(id, &comment, &accepts, now, deadline).await.map_err(problem)?;
        let AddedComment { action, incident, is_new } = added;
        if is_new {
            info!(
                incident_id = %incident.id,
                version = incident.version,
                actor = comment.actor,
                "comment added"
            );
        }
        let version = incident.version;
        Ok(answer::versioned(StatusCode::CREATED, version, &CommentView { action, incident: incident.into() }))
    }
}

fn problem(error: AddCommentError) -> Problem {
    match error {
        AddCommentError::Change(error) => error.into(),
        AddCommentError::KeyReused => Problem::key_reused(),
    }
}
