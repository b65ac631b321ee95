//! `POST /quarantine/redrive`: a responder sends many entries through the queue again, a part with each
//! request.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, lists, principal, problem::Problem, view::RedrivenEntriesView},
    queue::Queue,
    service::redrive_quarantine::RedriveQuarantine,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    redrive_quarantine: RedriveQuarantine,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let (quarantine, queue) = (tables.quarantine()?, Queue::new(environment, aws)?);
        tokio::join!(quarantine.warm(), queue.warm());
        Ok(Self { redrive_quarantine: RedriveQuarantine::new(&tables, queue)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let lists::RedriveList { request, list } = lists::redrive(request)?;
        let entries = self.redrive_quarantine.redrive(&request, &principal.name, now, deadline).await;
        let entries = entries.map_err(|error| Problem::unavailable(&error))?;
        Ok(answer::json(StatusCode::ACCEPTED, &RedrivenEntriesView::of(entries, list)))
    }
}
