//! `GET /incidents/{id}/similar`: past incidents that are like one.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Parameters, Request, Response, answer, path_parameter, principal, problem::Problem, view::SimilarIncidentsView,
    },
    service::list_similar_incidents::ListSimilarIncidents,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    list_similar: ListSimilarIncidents,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let list_similar = ListSimilarIncidents::new(&Tables::new(environment, aws), environment.list_budget()?)?;
        list_similar.warm().await;
        Ok(Self { list_similar })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        principal::viewer(request)?;
        let id = path_parameter(request, "id").parse().map_err(|_| Problem::no_incident())?;
        Parameters::of(request).finish()?;
        let similar = self.list_similar.list(id, now, deadline).await?.ok_or_else(Problem::no_incident)?;
        Ok(answer::json(StatusCode::OK, &SimilarIncidentsView::from(similar)))
    }
}
