//! `GET /incidents/{id}`: one incident with its alerts and its history.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::IncidentDetailView,
    },
    service::get_incident::GetIncident,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    get_incident: GetIncident,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.incidents()?.warm().await;
        Ok(Self { get_incident: GetIncident::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let unknown = || Problem::not_found("There is no incident with this id.");
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let found = self.get_incident.get(id, now, deadline).await.map_err(|error| Problem::unavailable(&error))?;
        let detail = found.ok_or_else(unknown)?;
        Ok(answer::versioned(StatusCode::OK, detail.incident.version, &IncidentDetailView::from(detail).fitted()))
    }
}
