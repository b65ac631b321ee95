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
    http::{Request, Response, problem::Problem},
    telemetry,
};

/// Why a function does not start or stops.
pub type Error = Box<dyn StdError + Send + Sync>;

/// A function behind the API.
pub trait HttpFunction: Sized + Send + Sync + 'static {
    /// Reads the configuration and opens connections. Called once per process.
    fn start(environment: &Environment, aws: &Aws) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Answers one request. A client's mistake is a [`Problem`], never an error of the function.
    fn answer(&self, request: &Request, now: Time) -> impl Future<Output = Result<Response, Problem>> + Send;

    /// Answers one request and logs why it failed, if that is not the client's mistake.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
        async move {
            self.answer(&request, clock::now()).await.unwrap_or_else(|problem| {
                if let Some(cause) = problem.cause() {
                    error!(cause, status = problem.status().as_u16(), "request failed");
                }
                problem.into()
            })
        }
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
    let function = F::start(&environment, &Aws::of_function(&environment)?).await?;
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
