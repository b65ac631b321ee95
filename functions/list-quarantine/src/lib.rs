//! `GET /quarantine`: the list of quarantine entries that need work. Only responders may read it,
//! since bodies may hold personal data.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, lists, principal, problem::Problem, view::QuarantineEntryView},
    listing::quarantine::QuarantineFilter,
    service::{list_quarantine::ListQuarantine, quarantine_gauge::QuarantineGauge},
    store::Tables,
    telemetry::metrics::Metrics,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    list_quarantine: ListQuarantine,
    gauge: QuarantineGauge,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.claims()?.warm().await;
        Ok(Self {
            list_quarantine: ListQuarantine::new(&tables, environment.list_budget()?)?,
            gauge: QuarantineGauge::new(&tables, Metrics::new(environment)?)?,
        })
    }

    async fn answer(&self, request: &Request, now: Time, _deadline: Deadline) -> Result<Response, Problem> {
        principal::responder(request)?;
        let lists::ListRequest { filter, page, list } = lists::quarantine(request)?;
        let page = self.list_quarantine.list(&filter, &page, &list, now).await?;
        if filter == QuarantineFilter::default() {
            // This corrects the metric if an earlier write of it was lost. Otherwise the alarm of
            // an empty quarantine would stay on.
            self.gauge.counted(page.total, now);
        }
        Ok(answer::page(page, QuarantineEntryView::from))
    }
}
