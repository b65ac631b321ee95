//! `GET /alerts`: the list of alerts.

use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{Request, Response, answer, lists, principal, problem::Problem, view::AlertView},
    service::list_alerts::ListAlerts,
};

/// The function.
#[derive(Debug)]
pub struct Function {
    alerts: ListAlerts,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let alerts = ListAlerts::start(environment, aws)?;
        alerts.warm().await;
        Ok(Self { alerts })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let lists::ListRequest { filter, page, list } = lists::alerts(request)?;
        let page = self.alerts.list(&filter, &page, &list, now).await;
        let page = page.map_err(|error| Problem::of_list(&error))?;
        Ok(answer::page(page, AlertView::from))
    }
}
