//! Lets other processes reach the embedded services.
//!
//! The embedded DynamoDB listens on a port. SQS and Secrets Manager answer only the SDK's HTTP
//! client in this process. So this module listens on a port for them, and forwards each request to
//! that client.

use std::{
    net::Ipv4Addr,
    sync::{Arc, OnceLock},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, StatusCode},
};
use local::{Options, Stack, Wire};
use shared::aws::AwsService;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::report::Failure;

/// The largest request is a message of 1 MiB, as JSON in a JSON string.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// A stack whose services other processes can reach.
pub struct Services {
    pub stack: Stack,
    dynamodb_url: String,
    url: String,
    door: JoinHandle<std::io::Result<()>>,
}

impl Services {
    /// Starts the stack with demo data, and listens for other processes.
    pub async fn start() -> Result<Self, Failure> {
        let dynamodb_url = Arc::new(OnceLock::new());
        let connector = Arc::new(OnceLock::new());
        let wire = wire(Arc::clone(&dynamodb_url), Arc::clone(&connector));
        let stack = Stack::start(Options { demo: true, wire: Some(wire), ..Options::default() }).await?;
        // Each function of the stack made its warm-up calls when it started.
        let connector: SharedHttpConnector = connector.get().cloned().ok_or("no function has called SQS")?;
        let dynamodb_url = dynamodb_url.get().cloned().ok_or("DynamoDB has no address")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let service = Router::new().fallback(forward).with_state(connector);
        Ok(Self { stack, dynamodb_url, url, door: tokio::spawn(axum::serve(listener, service).into_future()) })
    }

    /// The environment variables that lead the SDK of another process to the services.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb_url),
            ("AWS_ENDPOINT_URL_SQS", &self.url),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.url),
        ]
    }

    /// Stops listening, and stops the stack.
    pub async fn stop(self) {
        self.door.abort();
        self.stack.stop().await;
    }
}

/// Leaves the calls unchanged, and notes how the services are reached.
fn wire(dynamodb_url: Arc<OnceLock<String>>, connector: Arc<OnceLock<SharedHttpConnector>>) -> Wire {
    Wire(Arc::new(move |aws| {
        aws.map(|service, config| {
            let Some(inner) = config.http_client() else { return config };
            if service == AwsService::DynamoDb {
                let _ = dynamodb_url.set(config.endpoint_url().unwrap_or_default().to_owned());
                return config;
            }
            let connector = Arc::clone(&connector);
            let noting = http_client_fn(move |settings, components| {
                let used = inner.http_connector(settings, components);
                connector.get_or_init(|| used.clone());
                used
            });
            config.into_builder().http_client(noting).build()
        })
    }))
}

async fn forward(State(connector): State<SharedHttpConnector>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    answer(&connector, &parts.headers, body).await.unwrap_or_else(|error| {
        let mut failed = Response::new(Body::from(error.to_string()));
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

async fn answer(connector: &SharedHttpConnector, headers: &HeaderMap, body: Bytes) -> Result<Response<Body>, Failure> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let host = if target.starts_with("AmazonSQS") { "sqs" } else { "secretsmanager" };
    let mut request = axum::http::Request::post(format!("https://{host}.us-east-1.amazonaws.com/"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = HttpRequest::try_from(request.body(SdkBody::from(body))?)?;
    let mut answered = connector.call(request).await?;
    let body = ByteStream::new(answered.take_body()).collect().await?.into_bytes();
    let mut answer = Response::builder().status(answered.status().as_u16());
    for (name, value) in answered.headers() {
        answer = answer.header(name, value);
    }
    Ok(answer.body(Body::from(body))?)
}
