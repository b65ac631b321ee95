//! Serves the Lambda Runtime API to the process of a function. The process asks for its next event
//! and posts its answer (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
//! runtimes").

use std::{
    fs::File,
    io,
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Response, StatusCode},
    routing::{get, post},
};
use serde_json::Value as Json;
use shared::clock;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

use crate::report::Failure;

const VERSION: &str = "/2018-06-01/runtime";

/// The longest time that a function may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call of the process to the Runtime API.
enum ActionKind {
    /// The process asks for its next event.
    Ready(Instant),
    Answered(Instant, Json),
    /// The process reports that it cannot start, or that its handler failed.
    Failed(String),
}

struct Api {
    events: Mutex<mpsc::Receiver<Json>>,
    kinds: mpsc::Sender<ActionKind>,
}

/// The process of a function, and the Runtime API that it calls.
pub struct Process {
    child: Child,
    started: Instant,
    events: mpsc::Sender<Json>,
    kinds: mpsc::Receiver<ActionKind>,
    api: JoinHandle<io::Result<()>>,
    log: File,
}

impl Process {
    /// Starts a binary and waits until it asks for its first event. Returns the process and how
    /// long that took.
    pub async fn start(binary: &Path, variables: &[(&str, &str)]) -> Result<(Self, Duration), Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel(1);
        let (told, kinds) = mpsc::channel(8);
        let state = Arc::new(Api { events: Mutex::new(waiting), kinds: told });
        let service = Router::new()
            .route(&format!("{VERSION}/invocation/next"), get(next))
            .route(&format!("{VERSION}/invocation/{{id}}/response"), post(response))
            .route(&format!("{VERSION}/invocation/{{id}}/error"), post(failure))
            .route(&format!("{VERSION}/init/error"), post(failure))
            .with_state(state);
        let api = tokio::spawn(axum::serve(listener, service).into_future());
        let mut command = Command::new(binary);
        command.env_clear().envs(variables.iter().copied()).env("AWS_LAMBDA_RUNTIME_API", address);
        let log = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let started = Instant::now();
        let mut process = Self { child: command.spawn()?, started, events, kinds, api, log };
        match process.kind().await? {
            ActionKind::Ready(at) => {
                let took = at - process.started;
                Ok((process, took))
            }
            ActionKind::Answered(..) => Err("the process answered before it got an event".into()),
            ActionKind::Failed(why) => Err(why.into()),
        }
    }

    /// Hands an event to the process. Returns its answer and how long that took.
    pub async fn invoke(&mut self, event: Json) -> Result<(Json, Duration), Failure> {
        let handed = Instant::now();
        self.events.send(event).await?;
        let ActionKind::Answered(at, answer) = self.kind().await? else {
            return Err("the process asked for the next event without an answer".into());
        };
        let ActionKind::Ready(_) = self.kind().await? else { return Err("the process answered twice".into()) };
        Ok((answer, at - handed))
    }

    /// The peak memory of the process so far, in bytes. `None` if the system is not Linux.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// How many bytes the process has logged so far.
    pub fn logged_bytes(&self) -> io::Result<u64> {
        Ok(self.log.metadata()?.len())
    }

    async fn kind(&mut self) -> Result<ActionKind, Failure> {
        match timeout(PATIENCE, self.kinds.recv()).await {
            Ok(Some(ActionKind::Failed(why))) => Err(why.into()),
            Ok(Some(kind)) => Ok(kind),
            Ok(None) | Err(_) => Err(format!("the process did nothing for {PATIENCE:?}").into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.api.abort();
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response<Body> {
    let _ = api.kinds.send(ActionKind::Ready(Instant::now())).await;
    let event = api.events.lock().await.recv().await.unwrap_or_default();
    let deadline = clock::now().plus_minutes(1).as_millis();
    Response::builder()
        .header("lambda-runtime-aws-request-id", format!("{:032x}", fastrand::u128(..)))
        .header("lambda-runtime-deadline-ms", deadline)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:measured")
        .body(Body::from(event.to_string()))
        .unwrap_or_default()
}

async fn response(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let answer = serde_json::from_slice(&body).unwrap_or_default();
    let _ = api.kinds.send(ActionKind::Answered(at, answer)).await;
    StatusCode::ACCEPTED
}

async fn failure(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    let _ = api.kinds.send(ActionKind::Failed(String::from_utf8_lossy(&body).into_owned())).await;
    StatusCode::ACCEPTED
}
