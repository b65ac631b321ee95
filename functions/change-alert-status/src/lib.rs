//! `PATCH /alerts/{id}/status`: a responder resolves an alert whose resolution never came.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, body, path_parameter, principal, problem::Problem, view::SingleAlertView,
    },
    service::resolve_alerts::{AlertResolution, ResolveAlertError, ResolveAlerts, ResolvedAlert},
    store::Tables,
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    resolve_alerts: ResolveAlerts,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.alerts()?.warm().await;
        Ok(Self { resolve_alerts: ResolveAlerts::new(&tables)? })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        let body = body::status::alert(request)?;
        let resolution = AlertResolution { comment: body.comment, actor: principal.name };
        let ResolvedAlert { alert, is_changed } =
            self.resolve_alerts.resolve(id, &resolution, now, deadline).await.map_err(problem)?;
        if is_changed {
            info!(
                alert_id = %alert.id,
                incident_id = alert.state.incident_id.map(|id| id.to_string()),
                actor = resolution.actor,
                "alert resolved by a person"
            );
        }
        Ok(answer::json(StatusCode::OK, &SingleAlertView { alert: alert.into() }))
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no alert with this id.")
}

fn problem(error: ResolveAlertError) -> Problem {
    match error {
        ResolveAlertError::NotFound => unknown(),
        ResolveAlertError::Unavailable(cause) => Problem::unavailable(&cause),
    }
}
