//! A stack with a data directory is killed in a storm and started again.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::join_all;
use shared::{
    clock,
    domain::delivery::Delivery,
    service::read_webhook::{self, Received, Webhook},
    sources::{self, Headers},
};
use tests::{Access, Api, Sandbox, TestStack, WAIT_TIMEOUT, datadog::Notification, eventually, variable};

use crate::{
    invariants::{self, History},
    tables::Tables,
};

/// The environment variable that names the directory of the child process.
const DATA: &str = "FAULT_DATA";

/// The file in that directory with the address of the child's stack.
const URL: &str = "url";

/// The number of kills.
const KILLS: usize = 3;

/// Not a test, but the process that is killed. It runs a stack like `cargo local --empty --data`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test of the kill, as a process of its own"]
async fn the_process_that_is_killed() {
    let Some(directory) = variable(DATA) else { return };
    let directory = Path::new(&directory);
    let options = local::Options { data: Some(directory.join("tables")), ..TestStack::options() };
    let stack = local::Stack::start(options).await.expect("the stack starts");
    // A rename is atomic, so nobody reads half an address.
    std::fs::write(directory.join("url.new"), stack.url()).expect("written");
    std::fs::rename(directory.join("url.new"), directory.join(URL)).expect("written");
    std::future::pending::<()>().await;
}

/// The process that runs the stack. It is killed on drop, so no test leaves it behind.
struct StackProcess(Child);

impl StackProcess {
    fn start(directory: &Path) -> Self {
        let _ = std::fs::remove_file(directory.join(URL));
        let child = Command::new(std::env::current_exe().expect("a test is a program"))
            .args(["--ignored", "--exact", "kill::the_process_that_is_killed"])
            .env(DATA, directory)
            .stdout(Stdio::null())
            .spawn();
        Self(child.expect("the process starts"))
    }

    /// Sends SIGKILL.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for StackProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_killed_in_a_storm_loses_no_webhook_that_it_accepted() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let mut history = History::default();
    let mut monitors: Vec<Notification> = Vec::new();
    let mut sandbox: Option<Sandbox> = None;
    let (mut known, mut accepted) = (0, BTreeSet::new());
    for _ in 0..KILLS {
        let mut process = StackProcess::start(directory.path());
        let url = eventually(WAIT_TIMEOUT, async || std::fs::read_to_string(directory.path().join(URL))).await;
        let here = Api::to(Access::local(&url));
        let here = sandbox.take().map_or_else(|| Sandbox::on(here.clone()), |sandbox| sandbox.with_api(here.clone()));
        monitors.extend(storm(&here));
        // Sends all webhooks so far again, and new ones. Some get no answer because of the kill.
        let sent = join_all(monitors.iter().map(async |monitor| {
            let delivery = here.api.sign(monitor);
            let mut request = here.api.request(reqwest::Method::POST, "/webhooks/datadog");
            for (name, value) in &delivery.headers {
                request = request.header(name, value.as_slice());
            }
            request.body(delivery.body).send().await.is_ok_and(|answer| answer.status() == 202)
        }));
        let killing = async {
            let path = format!("/alerts?environment={}&limit=1", here.environment);
            known = eventually(WAIT_TIMEOUT, async || match here.api.page(&path).await.total {
                total if total >= known + 25 => Ok(total),
                total => Err(format!("{total} alerts after {known}")),
            })
            .await;
            process.kill();
        };
        let (sent, ()) = futures::join!(sent, killing);
        let sent = monitors.iter().zip(sent).filter(|(_, is_accepted)| *is_accepted);
        accepted.extend(sent.map(|(monitor, _)| delivery(monitor).delivery_id.to_string()));
        assert!(known < monitors.len(), "it was killed in the middle of a storm");
        sandbox = Some(here);
    }

    // On a busy machine a batch may take longer than its function may. It comes back soon.
    let visibility_timeout = Some(Duration::from_secs(5));
    let data = Some(directory.path().join("tables"));
    let options = local::Options { data, visibility_timeout, ..TestStack::options() };
    let stack = local::Stack::start(options).await.expect("the stack starts again");
    let sandbox = sandbox.expect("there was a storm").with_api(Api::to(Access::local(stack.url())));
    history.deliveries = monitors.iter().map(delivery).collect();
    // What was not accepted may have taken effect all the same, completely or not at all.
    let ids = history.deliveries.iter().map(|delivery| delivery.delivery_id.to_string());
    history.dead = ids.filter(|id| !accepted.contains(id)).collect();
    eventually(3 * WAIT_TIMEOUT, async || match waiting(&stack).await {
        0 => Ok(()),
        waiting => Err(format!("{waiting} messages wait")),
    })
    .await;
    let tables = Tables::read(&stack).await;
    let violations = invariants::check(&tables, &history);
    assert!(violations.0.is_empty(), "after the last kill:\n{violations}");
    assert!(tables.claims.deliveries.len() >= known, "{} deliveries of {known}", tables.claims.deliveries.len());

    // A busy machine may refuse a webhook. Then the source sends it again.
    for some in monitors.chunks(20) {
        let sent = some.iter().map(|monitor| eventually(WAIT_TIMEOUT, async || is_accepted(&sandbox, monitor).await));
        join_all(sent).await;
    }
    history.dead.clear();
    eventually(3 * WAIT_TIMEOUT, async || match Tables::read(&stack).await.claims.deliveries.len() {
        count if count == monitors.len() => Ok(()),
        count => Err(format!("{count} of {} deliveries took effect", monitors.len())),
    })
    .await;
    let tables = Tables::read(&stack).await.with_payloads(&stack).await;
    let violations = invariants::check(&tables, &history);
    assert!(violations.0.is_empty(), "after everything was sent once more:\n{violations}");
    stack.stop().await;
}

/// How many messages are in the queue, with a worker or without.
async fn waiting(stack: &local::Stack) -> u32 {
    let names = vec![
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let url = stack.resource("AlertsQueue").expect("a queue");
    let asked = stack.aws().sqs().get_queue_attributes().queue_url(url).set_attribute_names(Some(names.clone()));
    let settings = asked.send().await.expect("the queue answers").attributes.expect("attributes");
    names.iter().map(|name| settings[name].parse::<u32>().expect("a number")).sum()
}

async fn is_accepted(sandbox: &Sandbox, monitor: &Notification) -> Result<(), String> {
    match sandbox.api.deliver(monitor).await {
        answer if answer.status == 202 => Ok(()),
        answer => Err(answer.text().to_owned()),
    }
}

/// Notifications of many monitors. Some repeat, and some are resolved.
fn storm(sandbox: &Sandbox) -> Vec<Notification> {
    let mut storm = Vec::new();
    for number in 0..120 {
        let service = format!("{}-{}", sandbox.service, number % 3);
        let monitor = sandbox.monitor().service(&service);
        if number % 4 == 0 {
            storm.push(monitor.again().at(sandbox.minute(3)));
        }
        if number % 5 == 0 {
            storm.push(monitor.resolved().at(sandbox.minute(9)));
        }
        storm.push(monitor);
    }
    storm
}

/// The delivery that the queue carries for a notification.
pub fn delivery(notification: &Notification) -> Delivery {
    let source = sources::find("datadog").expect("a source");
    let body = notification.body().to_string();
    let (headers, body, received_at) = (Headers::default(), body.as_bytes(), clock::now());
    match read_webhook::read(Received { source, headers: &headers, body, received_at, receipt: "1" }) {
        Webhook::Delivery(delivery) => *delivery,
        other => panic!("not a delivery: {other:?}"),
    }
}
