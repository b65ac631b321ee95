//! `GET /incidents`: the list of incidents.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{
        Request, Response, answer, lists, principal,
        problem::Problem,
        view::{IncidentView, PageView},
    },
    service::list_incidents::ListIncidents,
};

/// The function.
#[derive(Debug)]
pub struct Function {
    incidents: ListIncidents,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let incidents = ListIncidents::start(environment, aws)?;
        incidents.warm().await;
        Ok(Self { incidents })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let lists::ListRequest { filter: query, page, list } = lists::incidents(request)?;
        let listed = self.incidents.list((&query.filter, query.order), (&page, &query.facets), &list, now).await;
        let (page, facets) = listed.map_err(|error| Problem::of_list(&error))?;
        Ok(answer::json(StatusCode::OK, &PageView::of(page, IncidentView::from).with_facets(facets)))
    }
}
