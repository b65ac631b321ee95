//! `GET /stats/incidents`: statistics of incidents.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Request, Response, answer, principal,
        problem::Problem,
        stats::{self, IncidentFiguresView, StatsView},
    },
    service::get_incident_stats::GetIncidentStats,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    get_incident_stats: GetIncidentStats,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let get_incident_stats = GetIncidentStats::new(&Tables::new(environment, aws), environment.list_budget()?)?;
        get_incident_stats.warm().await;
        Ok(Self { get_incident_stats })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let query = stats::incidents(request)?;
        let statistics = self.get_incident_stats.get(&query, now, deadline).await?;
        Ok(answer::json(StatusCode::OK, &StatsView::<IncidentFiguresView>::of(&query, statistics)))
    }
}
