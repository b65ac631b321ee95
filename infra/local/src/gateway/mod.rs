//! The HTTP API: a server on the loopback interface that behaves like API Gateway.

mod answer;
mod authorizer;
mod event;
mod routes;

pub use authorizer::Authorizer;
pub use routes::{Route, RouteError, Routes};

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Response, Uri},
};
use futures::StreamExt;
use serde_json::Value as Json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::{answer::Refusal, event::Incoming, routes::Matched};
use crate::{
    clock,
    lambda::{Function, InvokeError},
};

/// The limit of API Gateway.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The limit of API Gateway for the request line and the values of the headers together.
const MAX_HEAD_BYTES: usize = 10_240;

/// The target of a route.
pub struct Target {
    /// API Gateway's name for the route, such as `GET /incidents/{id}`.
    pub key: String,
    pub function: Arc<Function>,
    pub authorizer: Option<Arc<Authorizer>>,
}

/// The server, running.
#[derive(Debug)]
pub struct Gateway {
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

struct Api {
    routes: Routes<Target>,
    address: SocketAddr,
    host: String,
}

impl Gateway {
    /// Serves the routes on a listener.
    ///
    /// # Errors
    /// If the listener has no address.
    pub fn start(listener: TcpListener, routes: Routes<Target>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let api = Arc::new(Api { routes, address, host: address.to_string() });
        let service = Router::new().fallback(serve).with_state(api);
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, service).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        Ok(Self { stop, server: tokio::spawn(server.into_future()) })
    }

    /// Accepts no more requests, and waits up to `timeout` for those that have begun.
    pub async fn stop(self, timeout: Duration) {
        let Self { stop, mut server } = self;
        let _ = stop.send(());
        if tokio::time::timeout(timeout, &mut server).await.is_err() {
            tracing::warn!("closing connections that clients keep open");
            server.abort();
        }
    }
}

async fn serve(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let request_id = format!("{:016x}", fastrand::u64(..));
    let line = format!("{} {}", request.method(), request.uri().path());
    let mut response = api.answer(peer, request, &request_id).await.unwrap_or_else(Refusal::response);
    tracing::info!(request_id, status = response.status().as_u16(), "{line}");
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    response
}

impl Api {
    async fn answer(&self, peer: SocketAddr, request: Request, request_id: &str) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        if head_size(&head.uri, &head.headers) > MAX_HEAD_BYTES {
            return Err(Refusal::HeadersTooLarge);
        }
        let body = read(body).await?;
        let Matched { target, parameters } =
            self.routes.find(head.method.as_str(), head.uri.path()).ok_or(Refusal::NotFound)?;
        let incoming = Incoming {
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            headers: &head.headers,
            body: &body,
            peer: peer.ip(),
            at: clock::now(),
            request_id,
            host: &self.host,
            port: self.address.port(),
        };
        let mut event = incoming.event(&target.key, &parameters);
        if let Some(authorizer) = &target.authorizer {
            let admission = authorizer.admit(&head.headers, &event, request_id).await?;
            event["requestContext"]["authorizer"]["lambda"] = Json::Object(admission);
        }
        let answer = target.function.invoke(&event, request_id).await.map_err(|error| {
            tracing::error!(request_id, %error, "function failed");
            match error {
                InvokeError::EventTooLarge { .. } => Refusal::TooLarge,
                _ => Refusal::Internal,
            }
        })?;
        answer::response(answer).map_err(|error| {
            tracing::error!(request_id, route = target.key, %error, "function returned an invalid answer");
            Refusal::Internal
        })
    }
}

/// The size that API Gateway limits.
fn head_size(uri: &Uri, headers: &HeaderMap) -> usize {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    target + headers.values().map(HeaderValue::len).sum::<usize>()
}

/// The whole body. A body over the limit is read too, up to eight times the limit, and dropped: a
/// client that is still sending would see a broken connection instead of the answer.
async fn read(body: Body) -> Result<Bytes, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut size = 0_usize;
    while let Some(chunk) = chunks.next().await {
        // The client disconnected, or its chunks are broken.
        let Ok(chunk) = chunk else { return Err(Refusal::BadRequest) };
        size += chunk.len();
        if size <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&chunk);
        } else if size > 8 * MAX_BODY_BYTES {
            break;
        }
    }
    if size > MAX_BODY_BYTES { Err(Refusal::TooLarge) } else { Ok(Bytes::from(bytes)) }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use aws_config::SdkConfig;
    use reqwest::{Client, Response as Answer, StatusCode};
    use serde_json::json;
    use shared::{
        aws::Aws,
        config::Environment,
        deadline::Deadline,
        domain::time::Time,
        function::{Error, HttpFunction, Running},
        http::{Request as FunctionRequest, Response as FunctionResponse, problem::Problem},
    };

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        lambda::{self, Handler, InFlight},
        scripted::scripted,
        template::{Authorizers, FunctionResource, Kind, Template},
    };

    const TEMPLATE: &str = "
        Resources:
          F: {Type: AWS::Serverless::Function, Properties: {Timeout: 1}}
          Api:
            Type: AWS::Serverless::HttpApi
            Properties:
              Auth:
                Authorizers:
                  Token:
                    FunctionArn: f
                    AuthorizerPayloadFormatVersion: '2.0'
                    EnableSimpleResponses: true
                    Identity: {Headers: [Authorization], ReauthorizeEvery: 60}";

    fn function(handler: Handler) -> Arc<Function> {
        let template = Template::parse(TEMPLATE).unwrap();
        let scope = template.scope();
        let resource = template.resources(Kind::Function).next().unwrap();
        let resource = FunctionResource::read(resource, &template, &scope).unwrap();
        Arc::new(Function::new(&resource, handler, InFlight::default()))
    }

    fn authorizer(handler: Handler) -> Arc<Authorizer> {
        let template = Template::parse(TEMPLATE).unwrap();
        let authorizers = Authorizers::read(&template, &template.scope()).unwrap();
        Arc::new(Authorizer::new(&authorizers.by_name["Token"], function(handler)))
    }

    /// Echoes the body. The path makes it slow, makes it panic, or lets it never answer.
    struct Echo;

    impl HttpFunction for Echo {
        async fn start(_: &Environment, _: &Aws) -> Result<Self, Error> {
            Ok(Self)
        }

        async fn answer(&self, request: &FunctionRequest, _: Time, _: Deadline) -> Result<FunctionResponse, Problem> {
            match request.uri().path() {
                "/panic" => panic!("as requested"),
                "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
                _ => {}
            }
            // With another type, or none, the adapter would decode the body as text.
            let answer = lambda_http::Response::builder().header("content-type", "application/octet-stream");
            Ok(answer.body(request.body().clone()).unwrap())
        }
    }

    async fn echo() -> Arc<Running<Echo>> {
        let environment = Environment::of([("STACK_NAME".to_owned(), "local".to_owned())].into());
        let config = SdkConfig::builder().build();
        let aws = Aws::at(config.clone(), config.clone(), config);
        Arc::new(Running::start(&environment, &aws).await.unwrap())
    }

    /// An API with an open echo and routes behind an authorizer. Also counts the calls of the
    /// authorizer.
    async fn running() -> (Gateway, String, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let token = authorizer(scripted(move |event| {
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                match event["identitySource"][0].as_str().unwrap() {
                    "panic" => panic!("as requested"),
                    "nonsense" => json!("yes"),
                    token => json!({"isAuthorized": token == "good", "context": {"name": token}}),
                }
            }
        }));
        let named = function(scripted(
            async |event| json!({"statusCode": 200, "body": event["requestContext"]["authorizer"]["lambda"]["name"]}),
        ));
        let target = |key: &str, function: Arc<Function>, authorizer| {
            let (method, path) = key.split_once(' ').unwrap();
            let target = Target { key: key.to_owned(), function, authorizer };
            Route { method: method.to_owned(), path: path.to_owned(), target }
        };
        let routes = Routes::new([
            target("POST /{any}", function(lambda::http(echo().await)), None),
            target("GET /name", named, Some(token)),
            target("GET /stuck", function(scripted(async |_| std::future::pending().await)), None),
            target("GET /nonsense", function(scripted(async |_| json!("nonsense"))), None),
            target(
                "GET /large",
                function(scripted(async |_| json!({"statusCode": 200, "body": "\\".repeat(3_200_000)}))),
                None,
            ),
        ]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Gateway::start(listener, routes.unwrap()).unwrap(), url, asked)
    }

    async fn read(answer: Answer) -> (u16, String) {
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn name(url: &str, token: &str) -> (u16, String) {
        read(Client::new().get(format!("{url}/name")).header("authorization", token).send().await.unwrap()).await
    }

    fn refused(status: u16, message: &str) -> (u16, String) {
        (status, json!({ "message": message }).to_string())
    }

    #[tokio::test]
    async fn bytes_reach_the_function_and_come_back() {
        let (_gateway, url, _) = running().await;
        let bytes: Vec<u8> = (0..=255).collect();
        for media_type in ["application/json", "image/png"] {
            let request = Client::new().post(format!("{url}/echo")).header("content-type", media_type);
            let answer = request.body(bytes.clone()).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.bytes().await.unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn the_gateway_refuses_what_no_function_answers() {
        let (_gateway, url, _) = running().await;
        let client = Client::new();
        let post = |path: &str| client.post(format!("{url}{path}"));

        let failed = refused(500, "Internal Server Error");
        assert_eq!(read(post("/panic").send().await.unwrap()).await, failed);
        assert_eq!(read(client.get(format!("{url}/nonsense")).send().await.unwrap()).await, failed);
        assert_eq!(read(post("/no/route").send().await.unwrap()).await, refused(404, "Not Found"));
        assert_eq!(read(client.get(format!("{url}/echo")).send().await.unwrap()).await, refused(404, "Not Found"));
        let large = post("/echo").body(vec![0; MAX_BODY_BYTES + 1]).send().await.unwrap();
        assert_eq!(read(large).await, refused(413, "Request Entity Too Large"));
        let long = post(&format!("/echo?{}", "a".repeat(MAX_HEAD_BYTES))).send().await.unwrap();
        assert_eq!(read(long).await, refused(431, "Request Header Fields Too Large"));
    }

    #[tokio::test]
    async fn the_limits_of_lambda_hold() {
        let (_gateway, url, _) = running().await;
        let client = Client::new();
        let post = |path: &str| client.post(format!("{url}{path}"));
        assert_eq!(
            read(client.get(format!("{url}/stuck")).send().await.unwrap()).await,
            refused(500, "Internal Server Error")
        );
        // Each three bytes are four in an event.
        let large = post("/echo").body(vec![0; 5 * 1024 * 1024]).send().await.unwrap();
        assert_eq!(read(large).await, refused(413, "Request Entity Too Large"));
        let fits = post("/echo").body(vec![0; 4 * 1024 * 1024]).send().await.unwrap();
        assert_eq!(fits.status(), StatusCode::OK);
        let answer = client.get(format!("{url}/large")).send().await.unwrap();
        assert_eq!(read(answer).await, refused(500, "Internal Server Error"));
    }

    #[tokio::test]
    async fn a_body_in_broken_chunks_is_refused() {
        let (_gateway, url, _) = running().await;
        let mut stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
        let request = "POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab\r\nzz\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }

    #[tokio::test]
    async fn the_authorizer_decides_and_its_answer_is_cached() {
        let (_gateway, url, asked) = running().await;
        let none = reqwest::get(format!("{url}/name")).await.unwrap();
        assert_eq!(read(none).await, refused(401, "Unauthorized"));
        assert_eq!(name(&url, "").await, refused(401, "Unauthorized"));
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        for _ in 0..3 {
            assert_eq!(name(&url, "good").await, (200, "good".to_owned()));
            assert_eq!(name(&url, "bad").await, refused(403, "Forbidden"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        for token in ["panic", "nonsense"] {
            assert_eq!(name(&url, token).await, refused(500, "Internal Server Error"));
        }
    }

    #[tokio::test]
    async fn a_stop_finishes_requests_that_have_begun() {
        let (gateway, url, _) = running().await;
        let request = tokio::spawn(Client::new().post(format!("{url}/slow")).body("x").send());
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.stop(Duration::from_secs(5)).await;
        assert_eq!(read(request.await.unwrap().unwrap()).await, (200, "x".to_owned()));
        assert!(Client::new().post(format!("{url}/echo")).send().await.is_err());
    }
}
