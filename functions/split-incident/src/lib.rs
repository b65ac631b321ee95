//! `POST /incidents/{id}/split`: a responder says that alerts of an incident belong elsewhere.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, body, etag::Precondition, path_parameter, principal, problem::Problem,
        view::DividedIncidentView,
    },
    service::split_incident::{Split, SplitIncident},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    split_incident: SplitIncident,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.incidents()?.warm().await;
        Ok(Self { split_incident: SplitIncident::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let body = body::regroup::split(request)?;
        let precondition = Precondition::of_request(request)?;
        let split = Split { alerts: body.alerts, into: body.into, reason: body.reason, actor: principal.name };
        let accepts = |version| precondition.accepts(version);
        let divided = self.split_incident.split(id, &split, &accepts, now, deadline).await?;
        if divided.is_changed {
            info!(
                incident_id = %divided.incident.id,
                into = %divided.into.id,
                alerts = split.alerts.len(),
                version = divided.incident.version,
                actor = split.actor,
                "incident split"
            );
        }
        Ok(answer::versioned(StatusCode::OK, divided.incident.version, &DividedIncidentView::from(divided)))
    }
}
