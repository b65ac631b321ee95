//! `DELETE /quarantine/{id}`: a responder deletes an entry of the quarantine.

use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    domain::{id::EntryId, time::Time},
    http::{Parameters, Request, Response, answer, path_parameter, principal, problem::Problem},
    service::{
        delete_quarantine_entry::{DeleteQuarantineEntry, DeleteQuarantineEntryError},
        quarantine_gauge::QuarantineGauge,
    },
};

/// The function.
#[derive(Debug)]
pub struct Function {
    quarantine: DeleteQuarantineEntry,
    gauge: QuarantineGauge,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let quarantine = DeleteQuarantineEntry::start(environment, aws)?;
        quarantine.warm().await;
        Ok(Self { quarantine, gauge: QuarantineGauge::start(environment, aws)? })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        let principal = principal::responder(request)?;
        let id: EntryId = path_parameter(request, "id").parse().map_err(|_| unknown())?;
        Parameters::of(request).finish()?;
        self.quarantine.delete(id, &principal.name, now).await.map_err(problem)?;
        self.gauge.changed(&[], &[id], now).await;
        Ok(answer::no_content())
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no entry of the quarantine with this id.")
}

fn problem(error: DeleteQuarantineEntryError) -> Problem {
    match error {
        DeleteQuarantineEntryError::NotFound => unknown(),
        DeleteQuarantineEntryError::Done(done) => Problem::entry_done(done.0),
        DeleteQuarantineEntryError::Unavailable(cause) => Problem::unavailable(&cause),
    }
}
