//! Calls functions like Lambda: with an event as JSON, for an answer as JSON.

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use lambda_http::{Adapter, Request, request::LambdaRequest, service_fn, tower::Service};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value as Json;
use shared::function::{EventFunction, HttpFunction, Running};
use tokio::sync::RwLock;

use crate::{clock, template::FunctionResource};

type BoxError = Box<dyn Error + Send + Sync>;

/// The largest event that a function gets, in bytes: "Request must be smaller than 6291456 bytes for the `InvokeFunction`
/// operation" (an error of AWS Lambda; its Developer Guide, "Lambda quotas", says 6 MB).
pub const MAX_EVENT_BYTES: usize = 6_291_456;

/// The largest answer of a function, in bytes: "Response payload size exceeded maximum allowed payload size (6291556
/// bytes)." (an error of AWS Lambda).
const MAX_ANSWER_BYTES: usize = 6_291_556;

/// A function: takes an event as JSON text, returns the answer.
pub type Handler = Box<dyn Fn(String, Context) -> BoxFuture<'static, Result<Json, BoxError>> + Send + Sync>;

/// Why a call returned no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No function has this name.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function returned an error, or could not parse its event.
    #[error("{function} failed: {source}")]
    Failed { function: String, source: BoxError },
    #[error("{function} panicked: {message}")]
    Panicked { function: String, message: String },
    /// The function did not answer within its `Timeout`, and was ended.
    #[error("{function} timed out after {timeout:?}")]
    TimedOut { function: String, timeout: Duration },
    #[error("the event for {function} has {bytes} bytes, more than {MAX_EVENT_BYTES}")]
    EventTooLarge { function: String, bytes: usize },
    #[error("the answer of {function} has {bytes} bytes, more than {MAX_ANSWER_BYTES}")]
    AnswerTooLarge { function: String, bytes: usize },
}

/// Each call locks it for reading. Locking it for writing waits until no call is running.
pub type InFlight = Arc<RwLock<()>>;

/// A function that can be called.
pub struct Function {
    logical_id: String,
    timeout: Duration,
    handler: Handler,
    in_flight: InFlight,
}

impl Function {
    /// A function of the template, with the handler that implements it.
    #[must_use]
    pub fn new(resource: &FunctionResource, handler: Handler, in_flight: InFlight) -> Self {
        Self { logical_id: resource.logical_id.clone(), timeout: resource.timeout, handler, in_flight }
    }

    /// Calls the function and waits for its answer.
    ///
    /// The call runs in a task of its own, because Lambda finishes a call even if the client
    /// disconnects. It also confines a panic to the call.
    ///
    /// # Errors
    /// If the function fails, panics or does not answer in time, or if its event or its answer is too large.
    pub async fn invoke(&self, event: &Json, request_id: &str) -> Result<Json, InvokeError> {
        let mut context = Context::default();
        request_id.clone_into(&mut context.request_id);
        context.invoked_function_arn = FunctionResource::arn(&self.logical_id);
        let deadline =
            clock::now().as_millisecond().unsigned_abs() + u64::try_from(self.timeout.as_millis()).unwrap_or(0);
        context.deadline = deadline;

        let function = || self.logical_id.clone();
        let event = event.to_string();
        if event.len() > MAX_EVENT_BYTES {
            return Err(InvokeError::EventTooLarge { function: function(), bytes: event.len() });
        }
        let (call, timeout) = ((self.handler)(event, context), self.timeout);
        let running = Arc::clone(&self.in_flight).read_owned().await;
        let call = tokio::spawn(async move {
            let _running = running;
            tokio::time::timeout(timeout, call).await
        });
        let answer = match call.await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(source))) => return Err(InvokeError::Failed { function: function(), source }),
            Ok(Err(_)) => return Err(InvokeError::TimedOut { function: function(), timeout }),
            Err(panic) => return Err(InvokeError::Panicked { function: function(), message: panic.to_string() }),
        };
        let bytes = answer.to_string().len();
        if bytes > MAX_ANSWER_BYTES {
            return Err(InvokeError::AnswerTooLarge { function: function(), bytes });
        }
        Ok(answer)
    }
}

/// A function behind the API, with the same adapter as when it is deployed.
pub fn http<F: HttpFunction>(function: Arc<Running<F>>) -> Handler {
    Box::new(move |event, context| {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let mut service = Adapter::from(service_fn(move |request: Request| {
                let function = Arc::clone(&function);
                async move { Ok::<_, Infallible>(function.handle(request).await) }
            }));
            let request: LambdaRequest = serde_json::from_str(&event)?;
            let answer = service.call(LambdaEvent::new(request, context)).await?;
            Ok(serde_json::to_value(answer)?)
        })
    })
}

/// A function that is called with its own type of event.
pub fn event<F: EventFunction>(function: Arc<F>) -> Handler {
    Box::new(move |event, context| {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let event: F::Event = serde_json::from_str(&event)?;
            let answer = function.handle(LambdaEvent::new(event, context)).await?;
            Ok(serde_json::to_value(answer)?)
        })
    })
}
