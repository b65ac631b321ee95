//! `GET /stats/alerts`: statistics of alerts, and the noisiest problems.

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
        stats::{self, AlertStatsView},
    },
    service::get_alert_stats::GetAlertStats,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    get_alert_stats: GetAlertStats,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let get_alert_stats = GetAlertStats::new(&Tables::new(environment, aws), environment.list_budget()?)?;
        get_alert_stats.warm().await;
        Ok(Self { get_alert_stats })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let query = stats::alerts(request)?;
        let stats = self.get_alert_stats.get(&query, now, deadline).await?;
        Ok(answer::json(StatusCode::OK, &AlertStatsView::of(&query, stats)))
    }
}
