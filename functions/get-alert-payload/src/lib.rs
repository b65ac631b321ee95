//! `GET /alerts/{id}/payload`: the raw payload that began an alert. Only responders may read it, since
//! it may hold personal data. Who did is logged.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::{id::AlertId, time::Time},
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, edge::Edge, path_parameter, principal, problem::Problem,
        view::AlertPayloadView,
    },
    service::get_alert_payload::{GetAlertPayload, GetAlertPayloadError},
    store::Tables,
};
use tracing::{field::display, info};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    get_alert_payload: GetAlertPayload,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.payloads()?.warm().await;
        Ok(Self { edge: Edge::new(environment), get_alert_payload: GetAlertPayload::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id: AlertId =
            path_parameter(request, "id").parse().map_err(|_| problem(&GetAlertPayloadError::NotFound))?;
        Parameters::of(request).finish()?;
        let payload = self.get_alert_payload.get(id, now, deadline).await.map_err(|error| problem(&error))?;
        let source_address = self.edge.source_address_of(request).map(display);
        info!(alert_id = %id, actor = principal.name, source_address, "payload read");
        Ok(answer::json(StatusCode::OK, &AlertPayloadView::of(id, payload)))
    }
}

fn problem(error: &GetAlertPayloadError) -> Problem {
    match error {
        GetAlertPayloadError::NotFound => Problem::not_found("There is no alert with this id."),
        GetAlertPayloadError::NotKept => Problem::not_found(
            "No payload of this alert is kept: it has expired, or the alert was split from another and never had one.",
        ),
        GetAlertPayloadError::Store(_) | GetAlertPayloadError::Body(_) => Problem::unavailable(error),
    }
}
