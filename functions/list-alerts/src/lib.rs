//! `GET /alerts`: the list of alerts.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Request, Response, export, lists, principal,
        problem::Problem,
        view::{ALERT_COLUMNS, AlertView, PageView},
    },
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
        let list_alerts = ListAlerts::new(&Tables::new(environment, aws), environment.list_budget()?)?;
        list_alerts.warm().await;
        Ok(Self { list_alerts })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let asked = lists::alerts(request)?;
        export::page(request, &ALERT_COLUMNS, asked.limit(), async |limit| {
            let page = self.list_alerts.list(&asked.with_limit(limit), now, deadline).await?;
            Ok(PageView::of(page, AlertView::from))
        })
        .await
    }
}
