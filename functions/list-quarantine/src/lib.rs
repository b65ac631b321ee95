//! `GET /quarantine`: authentic deliveries that could not be read. For responders, since bodies may hold
//! personal data.

use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{Request, Response, answer, lists, principal, problem::Problem, view::QuarantineEntryView},
    service::list_quarantine::QuarantineLister,
};

/// The function.
#[derive(Debug)]
pub struct Function {
    quarantine: QuarantineLister,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    #[expect(clippy::unused_async, reason = "every function starts the same way")]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        Ok(Self { quarantine: QuarantineLister::start(environment, aws)? })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        principal::responder(request)?;
        let lists::ListRequest { filter: (), page, list } = lists::quarantine(request)?;
        let page = self.quarantine.list(&page, &list, now).await;
        let page = page.map_err(|error| Problem::unavailable(&error))?;
        Ok(answer::page(page, QuarantineEntryView::from))
    }
}
