//! `GET /incidents`: the list of incidents.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Request, Response, answer, lists, principal,
        problem::Problem,
        view::{IncidentView, PageView},
    },
    service::list_incidents::{ListIncidents, ListedIncidents},
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    list_incidents: ListIncidents,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.claims()?.warm().await;
        Ok(Self { list_incidents: ListIncidents::new(&tables, environment.list_budget()?)? })
    }

    async fn answer(&self, request: &Request, now: Time, _deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let lists::ListRequest { filter: query, page, list } = lists::incidents(request)?;
        let ListedIncidents { page, facets } = self.list_incidents.list(&query, &page, &list, now).await?;
        Ok(answer::json(StatusCode::OK, &PageView::of(page, IncidentView::from).with_facets(facets)))
    }
}
