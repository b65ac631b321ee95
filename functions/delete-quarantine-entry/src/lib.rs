//! `DELETE /quarantine/{id}`: a responder deletes a quarantine entry.

use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::{id::EntryId, time::Time},
    function::{Error, HttpFunction},
    http::{Parameters, Request, Response, answer, path_parameter, principal, problem::Problem},
    service::{
        delete_quarantine_entry::{DeleteQuarantineEntry, DeleteQuarantineEntryError},
        quarantine_gauge::QuarantineGauge,
    },
    store::Tables,
    telemetry::metrics::Metrics,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    delete_quarantine_entry: DeleteQuarantineEntry,
    gauge: QuarantineGauge,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.quarantine()?.warm().await;
        Ok(Self {
            delete_quarantine_entry: DeleteQuarantineEntry::new(&tables)?,
            gauge: QuarantineGauge::new(&tables, Metrics::new(environment)?)?,
        })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id: EntryId = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        self.delete_quarantine_entry.delete(id, &principal.name, now, deadline).await.map_err(problem)?;
        self.gauge.changed(&[], &[id], now, deadline).await;
        Ok(answer::no_content())
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no quarantine entry with this id.")
}

fn problem(error: DeleteQuarantineEntryError) -> Problem {
    match error {
        DeleteQuarantineEntryError::NotFound => unknown(),
        DeleteQuarantineEntryError::Done(done) => Problem::entry_done(done.0),
        DeleteQuarantineEntryError::Unavailable(cause) => Problem::unavailable(&cause),
    }
}
