//! Receiving a webhook is quick whatever the queue and the secret do. Time is paused.

use std::{
    net::Ipv4Addr,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rstest::rstest;
use shared::{
    aws::AwsService,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::{id::IncidentId, time::Time},
    queue::Queue,
    service::receive_webhook::{Receipt, ReceiveWebhook, Refusal},
    sources::{self, Headers},
};
use tests::{
    TestStack,
    faults::{Clock, Fault, FaultInjector, FaultRates, Outage},
};
use tokio::{net::TcpListener, time::Instant};

/// Sentry waits for a second, with the network in between.
const LONGEST: Duration = Duration::from_millis(900);

const SECRET: Option<&[&str]> = Some(&["GetSecretValue"]);

struct Receiver {
    stack: TestStack,
    faults: Arc<FaultInjector>,
    receive_webhook: ReceiveWebhook,
    started_at: Time,
}

impl Receiver {
    /// `None` if the tests run against a deployed stack.
    async fn start() -> Option<Self> {
        let stack = TestStack::start(TestStack::options()).await?;
        let faults = FaultInjector::seeded(5, FaultRates::none());
        let aws = faults.connection().wrap(stack.local().aws().clone());
        let started_at = clock::now();
        let environment = stack.local().environment("ReceiveWebhook");
        let receive_webhook = ReceiveWebhook::start(environment, &aws, started_at).await.expect("the function starts");
        tokio::time::pause();
        Some(Self { stack, faults, receive_webhook, started_at })
    }

    /// Receives a webhook with this token so many minutes after the start. Returns what becomes of it
    /// and how long that takes.
    async fn receive(&self, token: &str, minutes: i64) -> (Result<Receipt, Refusal>, Duration) {
        let headers: Headers = [("x-webhook-token", token)].into_iter().collect();
        let datadog = sources::find("datadog").expect("a source");
        let (start, now) = (Instant::now(), self.started_at.plus_minutes(minutes));
        let body = br#"{"title":"Disk is full"}"#;
        let deadline = Deadline::after(Duration::from_secs(9));
        let received = self.receive_webhook.receive(datadog, &headers, body, None, now, deadline).await;
        (received, start.elapsed())
    }

    /// Changes the token of Datadog in the secret.
    async fn rotate(&self, from: &str, to: &str) {
        let _clock = Clock::hold();
        let (client, arn) = (self.stack.local().aws().secretsmanager(), self.stack.resource("Secret"));
        let value = client.get_secret_value().secret_id(arn).send().await.expect("a secret");
        let value = value.secret_string.expect("text").replace(from, to);
        client.put_secret_value().secret_id(arn).secret_string(value).send().await.expect("changed");
    }

    fn break_down(&self, fault: Fault, operations: Option<&'static [&'static str]>) {
        self.faults.set_outage(Some(Outage { fault, operations }));
    }

    async fn stop(self) {
        tokio::time::resume();
        self.stack.stop().await;
    }
}

#[rstest]
#[tokio::test]
async fn a_webhook_is_refused_in_time_if_the_queue_does_not_take_it(
    #[values(Fault::Hung, Fault::AnswerHung, Fault::Throttled, Fault::Unsent, Fault::InternalError, Fault::Denied)]
    fault: Fault,
) {
    let Some(function) = Receiver::start().await else { return };
    function.break_down(fault, Some(&["SendMessage"]));
    let token = function.stack.access().datadog_secret;
    let (received, took) = function.receive(&token, 0).await;
    assert!(matches!(received, Err(Refusal::Queue(_))), "{received:?}");
    assert!(took < LONGEST, "{took:?}");
    if fault != Fault::Denied {
        assert!(function.faults.injected()[&fault] >= 2, "it is sent again on another connection");
    }
    function.stop().await;
}

#[tokio::test]
async fn a_send_that_hangs_once_is_sent_again_in_time() {
    let Some(function) = Receiver::start().await else { return };
    function.faults.plan("SendMessage", [Fault::AnswerHung]);
    let token = function.stack.access().datadog_secret;
    let (received, took) = function.receive(&token, 0).await;
    assert!(matches!(received, Ok(Receipt::Accepted { .. })), "{received:?}");
    assert!(took < LONGEST, "{took:?}");
    function.stop().await;
}

#[rstest]
#[tokio::test]
async fn old_credentials_delay_no_webhook_that_they_verify(#[values(Fault::Hung, Fault::Throttled)] fault: Fault) {
    let Some(function) = Receiver::start().await else { return };
    function.break_down(fault, SECRET);
    let token = function.stack.access().datadog_secret;
    for minutes in [6, 7, 600] {
        let (received, took) = function.receive(&token, minutes).await;
        assert!(matches!(received, Ok(Receipt::Accepted { .. })), "{received:?}");
        assert!(took <= Duration::from_millis(60), "{took:?}");
    }
    assert!(function.faults.injected()[&fault] >= 1, "a refresh began");
    function.stop().await;
}

#[tokio::test]
async fn old_credentials_are_refreshed_beside_the_send() {
    let Some(function) = Receiver::start().await else { return };
    let old = function.stack.access().datadog_secret;
    function.rotate(&old, "rotated-datadog-secret").await;
    assert!(function.receive(&old, 4).await.0.is_ok(), "the credentials are 4 minutes old");
    assert!(function.receive(&old, 6).await.0.is_ok(), "the refresh runs beside the send");
    let (received, _) = function.receive(&old, 6).await;
    assert!(matches!(received, Err(Refusal::NotAuthentic)), "{received:?}");
    assert!(function.receive("rotated-datadog-secret", 6).await.0.is_ok());
    function.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_before_the_proof_holds() {
    let Some(function) = Receiver::start().await else { return };
    function.break_down(Fault::Hung, None);
    let (received, took) = function.receive("a-token-that-is-not-known", 6).await;
    assert!(matches!(received, Err(Refusal::NotAuthentic)), "{received:?}");
    assert!(took < LONGEST, "{took:?}");
    function.faults.set_outage(None);
    let old = function.stack.access().datadog_secret;
    function.rotate(&old, "rotated-datadog-secret").await;
    // The failure before caused a fetch less than a minute ago.
    assert!(matches!(function.receive("rotated-datadog-secret", 6).await.0, Err(Refusal::NotAuthentic)));
    assert!(function.receive("rotated-datadog-secret", 8).await.0.is_ok(), "it is verified with fresh credentials");
    function.stop().await;
}

#[tokio::test]
async fn a_silent_connection_is_left_for_a_new_one() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let url = format!("http://{}/queue", listener.local_addr().expect("an address"));
    // The client of DynamoDB is the one that uses connections; SQS is embedded without any.
    let client = OnceLock::new();
    let aws = stack.local().aws().clone().map(|service, config| {
        if service == AwsService::DynamoDb {
            client.get_or_init(|| config.http_client().expect("an HTTP client"));
        }
        config
    });
    let aws = aws.map(|_, config| {
        let config = config.into_builder().endpoint_url(&url);
        config.http_client(client.get().expect("it was noted").clone()).build()
    });
    let environment = Environment::of([("QUEUE_URL".to_owned(), url.clone())].into());
    let queue = Queue::new(&environment, &aws.limited()).expect("configured");
    let start = Instant::now();
    let sending = queue.send_sweep(IncidentId::first_at(clock::now()), Deadline::after(Duration::from_millis(850)));
    let mut connections = Vec::new();
    let sent = {
        let mut sending = pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => break sent,
                // It is accepted and held, and nothing is ever answered.
                connection = listener.accept() => connections.push(connection.expect("a connection")),
            }
        }
    };
    assert!(sent.is_err());
    assert!(connections.len() >= 2, "{} connections", connections.len());
    assert!(start.elapsed() < 2 * LONGEST, "{:?}", start.elapsed());
    stack.stop().await;
}
