//! `GET /incidents/{id}/report.md`: an incident as a report that people complete.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Parameters, Request, Response, path_parameter, principal, problem::Problem, report},
    service::get_incident_report::GetIncidentReport,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    get_report: GetIncidentReport,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.incidents()?.warm().await;
        Ok(Self { get_report: GetIncidentReport::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let history = self.get_report.get(id, now, deadline).await.map_err(|error| Problem::unavailable(&error))?;
        Ok(report::answer(&history.ok_or_else(Problem::no_incident)?, now))
    }
}
