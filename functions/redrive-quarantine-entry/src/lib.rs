//! `POST /quarantine/{id}/redrive`: a responder sends the delivery of an entry through the queue
//! again.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::QuarantineEntryView,
    },
    queue::Queue,
    service::redrive_quarantine_entry::{RedriveQuarantineEntry, RedriveQuarantineEntryError},
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    redrive_quarantine_entry: RedriveQuarantineEntry,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let (quarantine, queue) = (tables.quarantine()?, Queue::new(environment, aws)?);
        tokio::join!(quarantine.warm(), queue.warm());
        Ok(Self { redrive_quarantine_entry: RedriveQuarantineEntry::new(&tables, queue)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let entry = self.redrive_quarantine_entry.redrive(id, &principal.name, now, deadline).await.map_err(problem)?;
        Ok(answer::json(StatusCode::ACCEPTED, &QuarantineEntryView::from(entry)))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no quarantine entry with this id.")
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
