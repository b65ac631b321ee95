//! `GET /alerts`: the list of alerts.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, lists, principal, problem::Problem, view::AlertView},
    service::list_alerts::ListAlerts,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    list_alerts: ListAlerts,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.claims()?.warm().await;
        Ok(Self { list_alerts: ListAlerts::new(&tables, environment.list_budget()?)? })
    }

    async fn answer(&self, request: &Request, now: Time, _deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let lists::ListRequest { filter, page, list } = lists::alerts(request)?;
        let page = self.list_alerts.list(&filter, &page, &list, now).await?;
        Ok(answer::page(page, AlertView::from))
    }
}
