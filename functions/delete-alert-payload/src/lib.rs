//! `DELETE /alerts/{id}/payload`: a responder deletes the raw payload of an alert.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::{id::AlertId, time::Time},
    function::{Error, HttpFunction},
    http::{Parameters, Request, Response, answer, edge::Edge, path_parameter, principal, problem::Problem},
    service::delete_alert_payload::{DeleteAlertPayload, DeleteAlertPayloadError},
    store::Tables,
};
use tracing::{field::display, info};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    delete_alert_payload: DeleteAlertPayload,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.alerts()?.warm().await;
        Ok(Self { edge: Edge::new(environment), delete_alert_payload: DeleteAlertPayload::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id: AlertId = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        self.delete_alert_payload.delete(id, &principal.name, now, deadline).await.map_err(problem)?;
        let source_address = self.edge.source_address_of(request).map(display);
        info!(alert_id = %id, actor = principal.name, source_address, "payload deleted");
        Ok(answer::no_content())
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no alert with this id.")
}

fn problem(error: DeleteAlertPayloadError) -> Problem {
    match error {
        DeleteAlertPayloadError::NotFound => unknown(),
        DeleteAlertPayloadError::Unavailable(cause) => Problem::unavailable(&cause),
    }
}
