//! `POST /quarantine/{id}/redrive`: a responder sends a delivery through the same path again.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::QuarantineEntryView,
    },
    service::redrive_quarantine_entry::{RedriveQuarantineEntry, RedriveQuarantineEntryError},
};

/// The function.
#[derive(Debug)]
pub struct Function {
    quarantine: RedriveQuarantineEntry,
}

impl Function {
    /// Connects to the table and the queue.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let quarantine = RedriveQuarantineEntry::start(environment, aws)?;
        quarantine.warm().await;
        Ok(Self { quarantine })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let entry = self.quarantine.redrive(id, &principal.name, now).await.map_err(problem)?;
        Ok(answer::json(StatusCode::ACCEPTED, &QuarantineEntryView::from(entry)))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no entry of the quarantine with this id.")
}

fn problem(error: RedriveQuarantineEntryError) -> Problem {
    match error {
        RedriveQuarantineEntryError::NotFound => unknown(),
        RedriveQuarantineEntryError::Done(done) => Problem::entry_done(done.0),
        RedriveQuarantineEntryError::Impossible(reason) => Problem::not_redrivable(reason),
        RedriveQuarantineEntryError::Unavailable(cause) => Problem::unavailable(&cause),
        RedriveQuarantineEntryError::Queue(_) => Problem::unavailable(&error),
    }
}
