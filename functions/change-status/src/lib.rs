//! `PATCH /incidents/{id}/status`: a responder changes the status of an incident.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, body, etag::Precondition, path_parameter, principal, problem::Problem,
        view::ChangedIncidentView,
    },
    queue::Queue,
    service::change_status::{ChangeStatus, ChangeStatusError, ChangedStatus, StatusChange},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    change_status: ChangeStatus,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let (incidents, queue) = (tables.incidents()?, Queue::new(environment, aws)?);
        tokio::join!(incidents.warm(), queue.warm());
        Ok(Self { change_status: ChangeStatus::new(&tables, Some(queue))? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let body = body::status::incident(request)?;
        let precondition = Precondition::of_request(request)?;
        let change = StatusChange { status: body.status, comment: body.comment, actor: principal.name };
        let accepts = |version| precondition.accepts(version);
        let changed = self.change_status.change(id, &change, &accepts, now, deadline).await.map_err(problem)?;
        let ChangedStatus { incident, is_changed } = changed;
        if is_changed {
            info!(
                incident_id = %incident.id,
                status = %incident.status,
                version = incident.version,
                actor = change.actor,
                "status changed"
            );
        }
        Ok(answer::versioned(StatusCode::OK, incident.version, &ChangedIncidentView { incident: incident.into() }))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no incident with this id.")
}

fn problem(error: ChangeStatusError) -> Problem {
    match error {
        ChangeStatusError::NotFound => unknown(),
        ChangeStatusError::Merged(into) => Problem::merged(into),
        ChangeStatusError::Stale(incident) => Problem::stale(&incident),
        ChangeStatusError::Illegal(illegal) => Problem::illegal_transition(illegal.from, illegal.to),
        ChangeStatusError::Unavailable(cause) => Problem::unavailable(&cause),
        ChangeStatusError::Queue(cause) => Problem::unavailable(&cause),
    }
}
