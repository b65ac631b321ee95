//! `GET /incidents`: the list of incidents.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Request, Response, export, lists, principal,
        problem::Problem,
        view::{INCIDENT_COLUMNS, IncidentView, PageView},
    },
    service::list_incidents::ListIncidents,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    list_incidents: ListIncidents,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let list_incidents = ListIncidents::new(&Tables::new(environment, aws), environment.list_budget()?)?;
        list_incidents.warm().await;
        Ok(Self { list_incidents })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let asked = lists::incidents(request)?;
        export::page(request, &INCIDENT_COLUMNS, asked.query.limit, async |limit| {
            let page = self.list_incidents.list(&asked.with_limit(limit), now, deadline).await?;
            Ok(PageView::of(page, IncidentView::from))
        })
        .await
    }
}
