//! The one harness of all functions: starts a function, runs it on Lambda, answers.
//!
//! A function behind the API implements [`HttpFunction`]; its handler is [`HttpFunction::answer`]. A
//! function that is called with another event implements [`EventFunction`]. The embedded stack calls
//! the same traits, so a function runs there as it does on Lambda.

use std::{convert::Infallible, error::Error as StdError, time::Duration};

use lambda_http::{RequestExt, service_fn};
use lambda_runtime::{Context, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use tracing::error;

use crate::{
    aws::Aws,
    clock,
    config::{CALL_TIMEOUT, Environment},
    deadline::Deadline,
    domain::time::Time,
    http::{Request, Response, problem::Problem},
    telemetry,
};

/// Why a function does not start or stops.
pub type Error = Box<dyn StdError + Send + Sync>;

/// How long before Lambda ends a call it is answered: time to write logs and to post the answer. If
/// Lambda ends a call, nobody learns what became of it.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// A function behind the API.
pub trait HttpFunction: Sized + Send + Sync + 'static {
    /// Reads the configuration and opens connections. Called once per process.
    fn start(environment: &Environment, aws: &Aws) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Answers one request. A client's mistake is a [`Problem`], never an error of the function.
    /// What is not done by the deadline is given up, and the answer is 503.
    fn answer(
        &self,
        request: &Request,
        now: Time,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Response, Problem>> + Send;

    /// Answers one request and logs why it failed, if that is not the client's mistake.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
        async move {
            let now = clock::now();
            let deadline = deadline(request.lambda_context_ref(), now);
            let answered = deadline.bound(self.answer(&request, now, deadline)).await;
            answered.unwrap_or_else(|late| Err(Problem::unavailable(&late))).unwrap_or_else(|problem| {
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

    /// Answers one event by the deadline. Only the function can say what became of the parts of an
    /// event, so it keeps the deadline itself.
    fn answer(&self, event: Self::Event, deadline: Deadline) -> impl Future<Output = Self::Answer> + Send;

    /// Answers one event of Lambda.
    fn handle(&self, event: LambdaEvent<Self::Event>) -> impl Future<Output = Self::Answer> + Send {
        async move {
            let LambdaEvent { payload, context, .. } = event;
            self.answer(payload, deadline(Some(&context), clock::now())).await
        }
    }
}

/// By when a call must be answered: shortly before Lambda ends it. A caller other than Lambda may
/// give no context, or none with a deadline.
fn deadline(context: Option<&Context>, now: Time) -> Deadline {
    let ends_at = context.map(|context| context.deadline).filter(|ends_at| *ends_at > 0);
    let left = ends_at.map(|ends_at| Duration::from_millis(ends_at.saturating_sub(now.as_millis().unsigned_abs())));
    Deadline::after(left.unwrap_or(CALL_TIMEOUT).saturating_sub(ANSWER_TIME))
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
