//! `cargo local --data` is killed while webhooks come in. Each webhook that it accepted takes effect
//! exactly once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use local::secrets::{DATADOG, VIEWER};
use reqwest::Client;
use serde_json::{Value as Json, json};
use tokio::time::sleep;

/// How many webhooks are sent.
const WEBHOOKS: usize = 1_000;

/// After so many accepted webhooks, the program is killed.
const KILLS: [usize; 3] = [150, 400, 700];

/// How many webhooks are on their way at the same time.
const PARALLEL: usize = 20;

/// How long the stack may take to process what it accepted.
const TIMEOUT: Duration = Duration::from_mins(2);

/// The running program. It is killed on drop, so no test leaves it behind.
struct Program {
    process: Child,
    url: String,
}

impl Program {
    fn start(data: &Path) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_local"));
        program.args(["--empty", "--port", "0", "--data"]).arg(data).stdout(Stdio::piped());
        let mut process = program.spawn().expect("the program starts");
        let mut first_line = String::new();
        let output = process.stdout.take().expect("its output is read");
        BufReader::new(output).read_line(&mut first_line).expect("it greets");
        let url = first_line.strip_prefix("listening on ").expect("its address").trim().to_owned();
        Self { process, url }
    }

    /// Sends SIGKILL.
    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Sends SIGTERM and waits: the program processes what is in its queues, and stops.
    fn stop(mut self) {
        let signal = Command::new("kill").arg(self.process.id().to_string()).status().expect("a signal is sent");
        assert!(signal.success());
        assert!(self.process.wait().expect("it ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn title(number: usize) -> String {
    format!("Alert {number}")
}

/// Whether the program answered that it accepted a webhook.
async fn is_accepted(client: &Client, url: &str, number: usize) -> bool {
    let webhook = json!({
        "id": number.to_string(),
        "alert_id": number.to_string(),
        "transition": "Triggered",
        "title": title(number),
        "scope": format!("service:service-{}", number % 10),
        "tags": format!("service:service-{},env:killed", number % 10),
    });
    let request = client.post(format!("{url}/webhooks/datadog")).header("x-webhook-token", DATADOG).json(&webhook);
    request.send().await.is_ok_and(|answer| answer.status() == 202)
}

/// Sends webhooks until `enough` are accepted in all, and then kills the program while others are on
/// their way.
async fn send(program: &mut Program, next: &AtomicUsize, accepted: &Mutex<BTreeSet<usize>>, enough: usize) {
    let (client, url, stopped) = (Client::new(), program.url.clone(), AtomicBool::new(false));
    let killing = Mutex::new(program);
    let senders = (0..PARALLEL).map(async |_| {
        while !stopped.load(Ordering::SeqCst) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= WEBHOOKS {
                return;
            }
            if is_accepted(&client, &url, number).await {
                let count = {
                    let mut accepted = accepted.lock().expect("nobody panics with it");
                    accepted.insert(number);
                    accepted.len()
                };
                if count >= enough && !stopped.swap(true, Ordering::SeqCst) {
                    killing.lock().expect("nobody panics with it").kill();
                }
            }
        }
    });
    join_all(senders).await;
}

async fn get(url: &str, path: &str) -> Json {
    let answer = Client::new().get(format!("{url}{path}")).bearer_auth(VIEWER).send().await.expect("an answer");
    let answer = answer.error_for_status().expect("success").bytes().await.expect("a body");
    serde_json::from_slice(&answer).expect("JSON")
}

/// All rows of a list.
async fn all(url: &str, list: &str) -> Vec<Json> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(url, &format!("{list}?limit=200{cursor}")).await;
        rows.extend(page["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_accepted_webhook_takes_effect_exactly_once_after_kills() {
    let data = tempfile::tempdir().unwrap();
    let (next, accepted) = (AtomicUsize::new(0), Mutex::default());
    for enough in KILLS {
        send(&mut Program::start(data.path()), &next, &accepted, enough).await;
    }
    let mut program = Program::start(data.path());
    send(&mut program, &next, &accepted, usize::MAX).await;
    let accepted: BTreeSet<usize> = accepted.into_inner().unwrap();
    assert!(accepted.len() > WEBHOOKS - KILLS.len() * PARALLEL, "{} were accepted", accepted.len());

    let began = Instant::now();
    while get(&program.url, "/alerts?limit=1").await["total"].as_u64().unwrap() < accepted.len() as u64 {
        assert!(began.elapsed() < TIMEOUT, "not all of {} alerts are there", accepted.len());
        sleep(Duration::from_millis(100)).await;
    }
    // A stop processes all messages, those that came twice as well.
    program.stop();

    let program = Program::start(data.path());
    let alerts = all(&program.url, "/alerts").await;
    let mut occurrences = BTreeMap::<&str, u64>::new();
    for alert in &alerts {
        *occurrences.entry(alert["title"].as_str().unwrap()).or_default() += alert["occurrences"].as_u64().unwrap();
    }
    let lost: Vec<usize> =
        accepted.iter().copied().filter(|number| !occurrences.contains_key(title(*number).as_str())).collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    occurrences.retain(|_, count| *count != 1);
    assert!(occurrences.is_empty(), "counted more than once: {occurrences:?}");

    let incidents = all(&program.url, "/incidents").await;
    let counted: u64 = incidents.iter().map(|incident| incident["alert_count"].as_u64().unwrap()).sum();
    assert_eq!(counted, alerts.len() as u64);
    program.stop();
}
