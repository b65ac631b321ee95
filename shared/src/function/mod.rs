//! The one harness of all functions: starts a function, runs it on Lambda, answers.
//!
//! A function behind the API implements [`HttpFunction`]; its handler is [`HttpFunction::answer`]. A
//! function that is called with another event implements [`EventFunction`]. The embedded stack calls
//! the same traits, so a function runs there as it does on Lambda.

use std::{convert::Infallible, error::Error as StdError};

use lambda_http::service_fn;
use lambda_runtime::LambdaEvent;
use serde::{Serialize, de::DeserializeOwned};
use tracing::error;

use crate::{
    aws::Aws,
    clock,
    config::Environment,
    domain::time::Time,
    http::{Request, Response, edge::Edge, problem::Problem},
    telemetry::{
        self,
        metrics::Metrics,
        refusals::{Reason, Refusals},
    },
};

const NOT_FROM_EDGE: Reason =
    Reason { metric: "RefusedNotFromEdge", text: "the request does not come from the edge", source: None };

/// Why a function does not start or stops.
pub type Error = Box<dyn StdError + Send + Sync>;

/// A function behind the API.
pub trait HttpFunction: Sized + Send + Sync + 'static {
    /// Reads the configuration and opens connections. Called once per process.
    fn start(environment: &Environment, aws: &Aws) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Answers one request. A client's mistake is a [`Problem`], never an error of the function.
    fn answer(&self, request: &Request, now: Time) -> impl Future<Output = Result<Response, Problem>> + Send;
}

/// A function behind the API that runs, with what is the same for all of them.
#[derive(Debug)]
pub struct Running<F> {
    function: F,
    edge: Edge,
    refusals: Refusals,
}

impl<F: HttpFunction> Running<F> {
    /// Starts the function.
    ///
    /// # Errors
    /// [`Error`] if it does not start.
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let refusals = Refusals::new(Metrics::new(environment)?);
        Ok(Self { function: F::start(environment, aws).await?, edge: Edge::new(environment), refusals })
    }

    /// Answers one request and logs why it failed, if that is not the client's mistake.
    pub async fn handle(&self, request: Request) -> Response {
        let now = clock::now();
        if !self.edge.admits_request(&request) {
            self.refusals.count(NOT_FROM_EDGE, self.edge.source_address_of(&request), now);
            return Problem::forbidden("Call the API at its public address.").into();
        }
        self.function.answer(&request, now).await.unwrap_or_else(|problem| {
            if let Some(cause) = problem.cause() {
                error!(cause, status = problem.status().as_u16(), "request failed");
            }
            problem.into()
        })
    }
}

/// A function that is called with an event of its own kind: a batch of a queue, an authorization.
pub trait EventFunction: Sized + Send + Sync + 'static {
    type Event: DeserializeOwned + Send;
    type Answer: Serialize + Send;

    /// Reads the configuration and opens connections. Called once per process.
    fn start(environment: &Environment, aws: &Aws) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Handles one event.
    fn handle(&self, event: LambdaEvent<Self::Event>) -> impl Future<Output = Self::Answer> + Send;
}

/// Runs a function behind the API on Lambda until its sandbox ends.
///
/// # Errors
/// [`Error`] if the function does not start, or the runtime cannot be reached.
pub async fn run_http<F: HttpFunction>() -> Result<(), Error> {
    let environment = Environment::process();
    telemetry::init(&environment);
    let function = Running::<F>::start(&environment, &Aws::of_function(&environment)?).await?;
    lambda_http::run(service_fn(async |request| Ok::<_, Infallible>(Box::pin(function.handle(request)).await))).await
}

/// Runs a function that is called with events on Lambda until its sandbox ends.
///
/// # Errors
/// [`Error`] if the function does not start, or the runtime cannot be reached.
pub async fn run_events<F: EventFunction>() -> Result<(), Error> {
    let environment = Environment::process();
    telemetry::init(&environment);
    let function = F::start(&environment, &Aws::of_function(&environment)?).await?;
    lambda_runtime::run(service_fn(async |event| Ok::<_, Infallible>(Box::pin(function.handle(event)).await))).await
}
