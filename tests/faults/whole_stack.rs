//! The whole embedded stack under faults: webhooks over HTTP, the emulated queue, the pollers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use fastrand::Rng;
use futures::future::join_all;
use local::Wire;
use rstest::rstest;
use shared::aws::AwsService;
use tests::{
    Api, Sandbox, TestStack, WAIT_TIMEOUT, WebhookRequest,
    datadog::Notification,
    eventually,
    faults::{Fault, FaultInjector, FaultRates, Outage},
};

use crate::{
    invariants::{self, History},
    kill,
    tables::Tables,
};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn accepted_webhooks_take_effect_exactly_once_under_faults(#[values(0, 1)] seed: u64) {
    let faults = FaultInjector::seeded(seed, FaultRates::each(20).with_rare_silence().with(Fault::AnswerLost, 60));
    let options = local::Options {
        wire: Some(faults.wire()),
        visibility_timeout: Some(Duration::from_secs(1)),
        ..TestStack::options()
    };
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let mut notifications = notifications(&sandbox, &mut Rng::with_seed(seed));
    let accepted = join_all(notifications.iter().map(|notification| is_accepted(&sandbox, notification))).await;
    // A refused webhook may have been queued or not. It is sent until it is accepted.
    let refused = accepted.iter().filter(|accepted| !**accepted).count();
    for (notification, accepted) in notifications.iter().zip(accepted) {
        if !accepted {
            eventually(WAIT_TIMEOUT, async || {
                if is_accepted(&sandbox, notification).await { Ok(()) } else { Err("refused again") }
            })
            .await;
        }
    }

    let mut history = History::default();
    history.deliveries.extend(notifications.drain(..).map(|notification| kill::delivery(&notification)));
    let expected = history.deliveries.len();
    let dead_letters = stack.resource("AlertsDeadLetterQueue");
    let sqs = stack.local().aws().sqs();
    let tables = eventually(4 * WAIT_TIMEOUT, async || {
        let received = sqs.receive_message().queue_url(dead_letters).max_number_of_messages(10).send().await;
        let bodies = received.expect("the queue answers").messages.unwrap_or_default().into_iter();
        let dead = bodies
            .filter_map(|message| serde_json::from_str::<shared::domain::delivery::Delivery>(&message.body?).ok());
        history.dead.extend(dead.map(|delivery| delivery.delivery_id.to_string()));
        let tables = Tables::read(stack.local()).await;
        let found = tables.claims.deliveries.len();
        let settled = history.deliveries.iter().all(|delivery| {
            let id = delivery.delivery_id.as_str();
            history.dead.contains(id) || tables.claims.deliveries.iter().any(|claimed| claimed == id)
        });
        if settled { Ok(()) } else { Err(format!("{found} of {expected} took effect")) }
    });
    tables.await;
    faults.pause();
    faults.wait_until_idle().await;
    let violations = invariants::check(&Tables::read(stack.local()).await, &history);
    assert!(violations.0.is_empty(), "{refused} refused:\n{violations}");
    let injected = faults.injected();
    assert!(injected.get(&Fault::AnswerLost).is_some_and(|count| *count > 0), "{injected:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_sent_again_and_counted_once() {
    let faults = FaultInjector::seeded(0, FaultRates::none());
    let options = local::Options { wire: Some(faults.wire()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let monitor = sandbox.monitor();
    // It is sent again, so there are two messages.
    faults.plan("SendMessage", [Fault::AnswerLost]);
    sandbox.send(&monitor).await;
    assert_eq!(faults.injected()[&Fault::AnswerLost], 1);
    // Time runs out and the source is refused, although there are several messages. The source sends
    // it again.
    let again = monitor.again().at(sandbox.minute(1));
    faults.set_outage(Some(Outage { fault: Fault::AnswerLost, operations: Some(&["SendMessage"]) }));
    assert!(!is_accepted(&sandbox, &again).await);
    assert!(faults.injected()[&Fault::AnswerLost] >= 3, "{:?}", faults.injected());
    faults.set_outage(None);
    assert!(is_accepted(&sandbox, &again).await);

    let alerts = sandbox.alerts_when("two occurrences", |alerts| alerts.iter().any(|alert| alert["occurrences"] == 2));
    assert_eq!(alerts.await.len(), 1);
    sandbox.wait_until_processed().await;
    assert_eq!(sandbox.alerts().await[0]["occurrences"], 2);
    stack.stop().await;
}

/// Leaves the first request that sends a message without an answer.
#[derive(Debug)]
struct UnansweredSend {
    connector: SharedHttpConnector,
    unanswered: Arc<AtomicBool>,
}

impl HttpConnector for UnansweredSend {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_message = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".SendMessage"));
        if is_message && self.unanswered.swap(false, Ordering::SeqCst) {
            return HttpConnectorFuture::new(std::future::pending());
        }
        self.connector.call(request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_answer_is_asked_again_while_the_source_waits() {
    let unanswered = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&unanswered);
    let wire = Wire(Arc::new(move |aws| {
        aws.map(|service, config| {
            let (AwsService::Sqs, Some(inner)) = (service, config.http_client()) else { return config };
            let unanswered = Arc::clone(&flag);
            let client = http_client_fn(move |settings, components| {
                let connector = inner.http_connector(settings, components);
                SharedHttpConnector::new(UnansweredSend { connector, unanswered: Arc::clone(&unanswered) })
            });
            config.to_builder().http_client(client).build()
        })
    }));
    let options = local::Options { wire: Some(wire), ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    sandbox.deliver(&sandbox.monitor()).await;
    assert!(!unanswered.load(Ordering::SeqCst), "nothing was sent");
    stack.stop().await;
}

async fn is_accepted(sandbox: &Sandbox, notification: &Notification) -> bool {
    sandbox.api.deliver(WebhookRequest::from(notification)).await.status == 202
}

/// Notifications of eight monitors, in the order of time.
fn notifications(sandbox: &Sandbox, random: &mut Rng) -> Vec<Notification> {
    let monitors: Vec<Notification> =
        (0..8).map(|number| sandbox.monitor().service(&format!("{}-{}", sandbox.service, number % 2))).collect();
    (0..80_i64)
        .map(|number| {
            let monitor = &monitors[random.usize(..monitors.len())];
            let notification = if random.u8(..4) == 0 { monitor.resolved() } else { monitor.again() };
            notification.at(sandbox.time + jiff::SignedDuration::from_secs(number * 20))
        })
        .collect()
}
