//! `GET /quarantine/{id}`: one quarantine entry with its whole body. Only responders may read it,
//! since a body may hold personal data.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::{id::EntryId, time::Time},
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, edge::Edge, path_parameter, principal, problem::Problem,
        view::QuarantineEntryDetailView,
    },
    service::get_quarantine_entry::{GetQuarantineEntry, GetQuarantineEntryError},
    store::Tables,
};
use tracing::{field::display, info};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    get_quarantine_entry: GetQuarantineEntry,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.quarantine()?.warm().await;
        Ok(Self { edge: Edge::new(environment), get_quarantine_entry: GetQuarantineEntry::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id: EntryId = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let detail = self.get_quarantine_entry.get(id, now, deadline).await.map_err(|error| problem(&error))?;
        let source_address = self.edge.source_address_of(request).map(display);
        info!(entry_id = %id, actor = principal.name, source_address, "quarantine entry read");
        Ok(answer::json(StatusCode::OK, &QuarantineEntryDetailView::of(detail)))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no quarantine entry with this id.")
}

fn problem(error: &GetQuarantineEntryError) -> Problem {
    match error {
        GetQuarantineEntryError::NotFound => unknown(),
        GetQuarantineEntryError::Store(_) | GetQuarantineEntryError::Body(_) => Problem::unavailable(error),
    }
}
