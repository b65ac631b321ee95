//! `GET /incidents/{id}`: one incident with its alerts and its history.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::{Environment, MissingVariable},
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::IncidentDetailView,
    },
    service::get_incident::GetIncident,
};

/// The function.
#[derive(Debug)]
pub struct Function {
    incidents: GetIncident,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let incidents = GetIncident::start(environment, aws)?;
        incidents.warm().await;
        Ok(Self { incidents })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let unknown = || Problem::not_found("There is no incident with this id.");
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let found = self.incidents.find(id).await.map_err(|error| Problem::unavailable(&error))?;
        let detail = found.ok_or_else(unknown)?;
        Ok(answer::versioned(StatusCode::OK, detail.incident.version, &IncidentDetailView::from(detail)))
    }
}
