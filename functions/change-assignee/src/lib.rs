//! `PUT /incidents/{id}/assignee`: a responder gives an incident to somebody, or takes it away.

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
    service::change_assignee::{AssigneeChange, ChangeAssignee, ChangedAssignee},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    change_assignee: ChangeAssignee,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.incidents()?.warm().await;
        Ok(Self { change_assignee: ChangeAssignee::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let change = AssigneeChange { assignee: body::assignee::of(request)?, actor: principal.name };
        let precondition = Precondition::of_request(request)?;
        let accepts = |version| precondition.accepts(version);
        let changed = self.change_assignee.change(id, &change, &accepts, now, deadline).await?;
        let ChangedAssignee { incident, is_changed } = changed;
        if is_changed {
            info!(
                incident_id = %incident.id,
                version = incident.version,
                actor = change.actor,
                "assignee changed"
            );
        }
        Ok(answer::versioned(StatusCode::OK, incident.version, &ChangedIncidentView { incident: incident.into() }))
    }
}
