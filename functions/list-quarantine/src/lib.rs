//! `GET /quarantine`: the list of quarantine entries that need work. Only responders may read it,
//! since bodies may hold personal data.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{
        Request, Response, answer,
        edge::Edge,
        lists, principal,
        problem::Problem,
        view::{PageView, QuarantineEntryView},
    },
    listing::quarantine::{QuarantineFilter, QuarantineQuery},
    service::{list_quarantine::ListQuarantine, quarantine_gauge::QuarantineGauge},
    store::{Tables, segments::ListError},
    telemetry::metrics::Metrics,
};
use tracing::{field::display, info};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    list_quarantine: ListQuarantine,
    gauge: QuarantineGauge,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.claims()?.warm().await;
        Ok(Self {
            edge: Edge::new(environment),
            list_quarantine: ListQuarantine::new(&tables)?,
            gauge: QuarantineGauge::new(&tables, Metrics::new(environment)?)?,
        })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let query = lists::quarantine(request)?;
        let source_address = self.edge.source_address_of(request).map(display);
        info!(actor = principal.name, source_address, "quarantine listed");
        answer::page(query.limit, async |limit| {
            let query = QuarantineQuery { limit, ..query.clone() };
            let listed = deadline.bound(self.list_quarantine.list(&query, now)).await;
            let page = listed.map_err(ListError::from)?.map_err(ListError::from)?;
            if query.filter == QuarantineFilter::default() {
                // This corrects the metric if an earlier write of it was lost. Otherwise the alarm of
                // an empty quarantine would stay on.
                self.gauge.counted(page.total, now);
            }
            Ok(PageView::of(page, QuarantineEntryView::from))
        })
        .await
    }
}
