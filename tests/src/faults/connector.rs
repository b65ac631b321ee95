//! The HTTP connector that executes a request, a part of it, or a fault instead.

use std::{io, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde_json::Value as Json;
use tokio::{sync::watch, time::sleep};

use super::{Clock, Fault, FaultyConnection, answers, locked};

/// The longest delay of a request or of its answer, in milliseconds.
const MAX_DELAY_MS: u64 = 25;

/// An HTTP client with faults.
#[derive(Debug)]
pub(super) struct Client {
    pub inner: SharedHttpClient,
    pub connection: Arc<FaultyConnection>,
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    connection: Arc<FaultyConnection>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, connection: Arc::clone(&self.connection) })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = Call { inner: self.inner.clone(), connection: Arc::clone(&self.connection) };
        HttpConnectorFuture::new(call.answer(request))
    }
}

struct Call {
    inner: SharedHttpConnector,
    connection: Arc<FaultyConnection>,
}

impl Call {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let operation = operation(&request);
        let body = body(&request);
        let Some(fault) = self.connection.draw(&operation) else { return self.execute(request).await };
        let was_written = token(&body).is_some_and(|token| locked(&self.connection.faults.written).contains(token));
        if was_written && matches!(fault, Fault::Conflict | Fault::ConditionFailed) {
            return self.execute(request).await;
        }
        self.connection.faults.count(fault);
        match fault {
            Fault::InternalError => Ok(answers::internal_error()),
            Fault::Unsent => Err(lost("the connection was refused")),
            Fault::AnswerLost => {
                self.execute(request).await?;
                Err(lost("the connection was closed before the answer"))
            }
            Fault::Throttled => Ok(self.connection.random(|random| answers::throttled(&operation, random))),
            Fault::Conflict => {
                let (parts, failed) = self.failed_part(&body);
                Ok(answers::conflict(parts, failed))
            }
            Fault::ConditionFailed => {
                let (parts, failed) = self.failed_part(&body);
                Ok(answers::condition_failed(parts, failed))
            }
            Fault::Unprocessed => self.execute_partly(request, &body).await,
            Fault::Hung => std::future::pending().await,
            Fault::AnswerHung => {
                self.execute(request).await?;
                std::future::pending().await
            }
            Fault::Denied => Ok(answers::denied()),
            Fault::Delayed => {
                let [before, after] = self.connection.random(|random| [(); 2].map(|()| random.u64(..=MAX_DELAY_MS)));
                sleep(Duration::from_millis(before)).await;
                let answer = self.execute(request).await;
                sleep(Duration::from_millis(after)).await;
                answer
            }
        }
    }

    /// The number of parts of a transaction, and the part that fails: the chosen one, or a random
    /// one.
    fn failed_part(&self, body: &Json) -> (usize, usize) {
        let parts = body["TransactItems"].as_array().map_or(1, Vec::len);
        let failing_part = *locked(&self.connection.faults.failing_part);
        let failed = failing_part
            .filter(|part| *part < parts)
            .unwrap_or_else(|| self.connection.random(|random| random.usize(..parts)));
        *locked(&self.connection.faults.cancelled_parts) = parts;
        (parts, failed)
    }

    /// Sends a request to the service. It is executed even if nobody waits for the answer any more.
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (inner, faults) = (self.inner.clone(), Arc::clone(&self.connection.faults));
        let token = token(&body(&request)).map(str::to_owned);
        let (executing, clock) = (Executing::begin(&faults.executing), Clock::hold());
        let execution = tokio::spawn(async move {
            let answer = match inner.call(request).await {
                Ok(answer) => whole(answer).await,
                Err(error) => Err(error),
            };
            if let (Ok(answer), Some(token)) = (&answer, token)
                && answer.status().is_success()
            {
                locked(&faults.written).insert(token);
            }
            drop((executing, clock));
            answer
        });
        self.connection.executed.send_modify(|executed| *executed += 1);
        execution.await.map_err(|error| ConnectorError::io(error.into()))?
    }

    /// Executes some reads of a batch, and returns the other keys as unprocessed.
    async fn execute_partly(&self, mut request: HttpRequest, body: &Json) -> Result<HttpResponse, ConnectorError> {
        let (asked, left) = self.connection.random(|random| answers::divide(body, random));
        let Some(asked) = asked else { return Ok(answers::unprocessed(Json::Null, left)) };
        let asked = asked.to_string();
        request.headers_mut().insert("content-length", asked.len().to_string());
        *request.body_mut() = SdkBody::from(asked);
        let answer = self.execute(request).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let answered = answer.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok());
        Ok(answers::unprocessed(answered.unwrap_or_default(), left))
    }
}

/// Counts the requests that are being executed.
struct Executing(watch::Sender<usize>);

impl Executing {
    fn begin(executing: &watch::Sender<usize>) -> Self {
        executing.send_modify(|executing| *executing += 1);
        Self(executing.clone())
    }
}

impl Drop for Executing {
    fn drop(&mut self) {
        self.0.send_modify(|executing| *executing -= 1);
    }
}

/// The answer with its whole body. Only after the last byte is it certain that the request was
/// executed.
async fn whole(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = ByteStream::new(answer.take_body()).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    *answer.body_mut() = SdkBody::from(body.into_bytes());
    Ok(answer)
}

fn lost(what: &str) -> ConnectorError {
    ConnectorError::io(io::Error::new(io::ErrorKind::ConnectionReset, what).into())
}

/// `TransactWriteItems`, `SendMessage`.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

fn body(request: &HttpRequest) -> Json {
    request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

fn token(body: &Json) -> Option<&str> {
    body["ClientRequestToken"].as_str()
}
