//! `PATCH /incidents/{id}/status`: a responder changes the status of an incident.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{
        Parameters, Request, Response, answer, etag, incident_status, path_parameter, principal, problem::Problem,
        view::ChangedIncidentView,
    },
    service::change_status::{ChangeStatus, ChangeStatusError, StatusChange},
};
use tracing::info;

/// The function.
#[derive(Debug)]
pub struct Function {
    incidents: ChangeStatus,
}

impl Function {
    /// Connects to the table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let incidents = ChangeStatus::start(environment, aws)?;
        incidents.warm().await;
        Ok(Self { incidents })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let (status, comment) = incident_status::read(request)?;
        let change =
            StatusChange { status, comment, actor: principal.name, if_match: etag::if_match(request.headers())? };
        let incident = self.incidents.change(id, &change, now).await.map_err(problem)?;
        info!(incident_id = %incident.id, status = %incident.status, version = incident.version, "status is as asked for");
        Ok(answer::versioned(StatusCode::OK, incident.version, &ChangedIncidentView { incident: incident.into() }))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no incident with this id.")
}

fn problem(error: ChangeStatusError) -> Problem {
    match error {
        ChangeStatusError::NotFound => unknown(),
        ChangeStatusError::Stale(incident) => Problem::stale(&incident),
        ChangeStatusError::Illegal(illegal) => Problem::illegal_transition(illegal.from, illegal.to),
        ChangeStatusError::Unavailable(cause) => Problem::unavailable(&cause),
    }
}
