//! `GET /quarantine/{id}`: one entry of the quarantine with its whole body. For responders, since bodies may hold
//! personal data.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::{Environment, MissingVariable},
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem,
        view::QuarantineEntryDetailView,
    },
    service::get_quarantine_entry::GetQuarantineEntry,
};

/// The function.
#[derive(Debug)]
pub struct Function {
    quarantine: GetQuarantineEntry,
}

impl Function {
    /// Connects to the table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let quarantine = GetQuarantineEntry::start(environment, aws)?;
        quarantine.warm().await;
        Ok(Self { quarantine })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        principal::responder(request)?;
        let unknown = || Problem::not_found("There is no entry of the quarantine with this id.");
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let found = self.quarantine.find(id).await.map_err(|error| Problem::unavailable(&error))?;
        let (entry, kept) = found.ok_or_else(unknown)?;
        let body = kept.body().map_err(|error| Problem::unavailable(&error))?;
        Ok(answer::json(StatusCode::OK, &QuarantineEntryDetailView::of(entry, body)))
    }
}
