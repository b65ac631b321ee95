//! The one harness of all functions: starts a function, runs it on Lambda, answers.
//!
//! A function behind the API implements [`HttpFunction`]; its handler is [`HttpFunction::answer`]. A
//! function that is called with another event implements [`EventFunction`]. The embedded stack calls
//! the same traits, so a function runs there as it does on Lambda.

use std::{convert::Infallible, error::Error as StdError, time::Duration};

use futures::FutureExt;
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
        let deadline = deadline(request.lambda_context_ref(), now);
        // In a box, so that the types of futures do not nest until the compiler gives up.
        let answered = deadline.bound(self.function.answer(&request, now, deadline).boxed()).await;
        answered.unwrap_or_else(|late| Err(Problem::unavailable(&late))).unwrap_or_else(|problem| {
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

    /// Answers one event by the deadline. Only the function can say what became of the parts of an
    /// event, so it keeps the deadline itself.
    fn answer(&self, event: Self::Event, deadline: Deadline) -> impl Future<Output = Self::Answer> + Send;

    /// Answers one event, or fails as a whole: then the caller of the function is to call again.
    /// Most functions never fail as a whole.
    fn try_answer(
        &self,
        event: Self::Event,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send {
        async move { Ok(self.answer(event, deadline).await) }
    }

    /// Answers one event of Lambda.
    fn handle(&self, event: LambdaEvent<Self::Event>) -> impl Future<Output = Result<Self::Answer, Error>> + Send {
        async move {
            let LambdaEvent { payload, context, .. } = event;
            self.try_answer(payload, deadline(Some(&context), clock::now())).await
        }
    }
}

/// Seeds the generator of this thread, the only one that a function has: ids, the tokens of
/// transactions and pauses come from it. Its own seed is the time since the machine started. Lambda
/// starts many machines from one snapshot, so two of them may have the same.
fn seed_random_numbers() -> Result<(), Error> {
    fastrand::seed(getrandom::u64()?);
    Ok(())
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
    seed_random_numbers()?;
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
    seed_random_numbers()?;
    let function = F::start(&environment, &Aws::of_function(&environment)?).await?;
    lambda_runtime::run(service_fn(async |event| Box::pin(function.handle(event)).await)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_that_start_at_the_same_moment_make_different_ids() {
        let drawn = [(); 2].map(|()| {
            fastrand::seed(7);
            seed_random_numbers().unwrap();
            fastrand::u64(..)
        });
        assert_ne!(drawn[0], drawn[1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_answered_shortly_before_lambda_ends_it() {
        let now = Time::EARLIEST.plus_minutes(1);
        let left = |ends_in_ms: u64| {
            let mut context = Context::default();
            context.deadline = now.as_millis().unsigned_abs() + ends_in_ms;
            deadline(Some(&context), now).remaining()
        };
        assert_eq!(left(10_000), Duration::from_millis(9500));
        assert_eq!(left(0), Duration::ZERO);
        for unknown in [None, Some(&Context::default())] {
            assert_eq!(deadline(unknown, now).remaining(), CALL_TIMEOUT.saturating_sub(ANSWER_TIME));
        }
    }
}
