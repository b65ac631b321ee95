//! `POST /incidents/{id}/merge`: a responder says that several incidents are one.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, body, etag::Precondition, path_parameter, principal, problem::Problem,
        view::MergedIncidentsView,
    },
    queue::Queue,
    service::merge_incidents::{Merge, MergeIncidents},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    merge_incidents: MergeIncidents,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let (incidents, queue) = (tables.incidents()?, Queue::new(environment, aws)?);
        tokio::join!(incidents.warm(), queue.warm());
        Ok(Self { merge_incidents: MergeIncidents::new(&tables, Some(queue))? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let body = body::regroup::merge(request)?;
        let precondition = Precondition::of_request(request)?;
        let merge = Merge { others: body.others, reason: body.reason, actor: principal.name };
        let accepts = |version| precondition.accepts(version);
        let merged = self.merge_incidents.merge(id, &merge, &accepts, now, deadline).await?;
        if merged.is_changed {
            info!(
                incident_id = %merged.incident.id,
                merged = merged.others.len(),
                version = merged.incident.version,
                actor = merge.actor,
                "incidents merged"
            );
        }
        Ok(answer::versioned(StatusCode::OK, merged.incident.version, &MergedIncidentsView::from(merged)))
    }
}
