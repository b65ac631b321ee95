//! `GET /quarantine`: deliveries that did not take effect. For responders, since bodies may hold
//! personal data.

use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::time::Time,
    http::{Request, Response, answer, lists, principal, problem::Problem, view::QuarantineEntryView},
    listing::quarantine::QuarantineFilter,
    service::{list_quarantine::ListQuarantine, quarantine_gauge::QuarantineGauge},
};

/// The function.
#[derive(Debug)]
pub struct Function {
    quarantine: ListQuarantine,
    gauge: QuarantineGauge,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let quarantine = ListQuarantine::start(environment, aws)?;
        quarantine.warm().await;
        Ok(Self { quarantine, gauge: QuarantineGauge::start(environment, aws)? })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        principal::responder(request)?;
        let lists::ListRequest { filter, page, list } = lists::quarantine(request)?;
        let page = self.quarantine.list(&filter, &page, &list, now).await;
        let page = page.map_err(|error| Problem::of_list(&error))?;
        if filter == QuarantineFilter::default() {
            // Counted anyway: so whoever looks at an empty quarantine ends an alarm that missed its last change.
            self.gauge.counted(page.total, now);
        }
        Ok(answer::page(page, QuarantineEntryView::from))
    }
}
