//! `GET /alerts/{id}`: one alert.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::SingleAlertView},
    service::get_alert::GetAlert,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    get_alert: GetAlert,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.alerts()?.warm().await;
        Ok(Self { get_alert: GetAlert::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let unknown = || Problem::not_found("There is no alert with this id.");
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let found = self.get_alert.get(id, now, deadline).await.map_err(|error| Problem::unavailable(&error))?;
        let alert = found.ok_or_else(unknown)?;
        Ok(answer::json(StatusCode::OK, &SingleAlertView { alert: alert.into() }))
    }
}
