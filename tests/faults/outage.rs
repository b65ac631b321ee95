//! A law: after an outage of an hour, all that came in meanwhile takes effect by itself, exactly once.
//!
//! The functions, the SDK and the tables are real. The queue is simulated, with the settings that
//! `template.yaml` gives to SQS. Time is virtual: an hour passes in a moment, and stands still while a
//! table is at work.
//!
//! It is scaled down: of 50 alerts a second, which are 3,000 a minute, ten come at the beginning of each
//! minute. There are as many workers as on Lambda, and they have less to do. So each message is received
//! as often as its visibility timeout allows. One of 180,000 messages would be received less often.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::Arc,
    time::Duration,
};

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::join_all;
use group_alerts::Function;
use local::{Options, Stack};
use serde_json::Value as Json;
use shared::{
    clock,
    domain::{
        delivery::{Content, Delivery},
        event::{AlertEvent, Transition},
        source::Source,
        time::Time,
    },
    function::EventFunction,
};
use tests::faults::{Fault, FaultInjector, FaultRates, Outage};
use tokio::{
    runtime,
    time::{Instant, sleep_until},
};

use crate::{
    invariants::{self, History},
    queue::Message,
    sources,
    tables::Tables,
    workers,
};

const MINUTE: Duration = Duration::from_mins(1);

/// How many alerts come together at the beginning of each minute.
const BURST: usize = 10;

/// How many minutes alerts come in before the outage, while it lasts, and afterwards.
const BEFORE: u32 = 5;
const OUTAGE: u32 = 60;
const AFTERWARDS: u32 = 5;

/// `GroupingConcurrency` and `BatchSize` of template.yaml.
const WORKERS: usize = 10;
const BATCH: usize = 10;

/// The timeout of `group-alerts` in template.yaml.
const FUNCTION_TIMEOUT_MS: i64 = 30_000;

/// After so many failures of its own, a message is a dead letter. An outage takes more receives.
const FEW: u32 = 5;

/// What is wrong for a part of the hour.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Tables(Outage),
    /// Lambda does not run the function: messages use up receives, and nothing else happens.
    Function,
}

const fn all(fault: Fault) -> Trouble {
    Trouble::Tables(Outage { fault, operations: None })
}

/// What is wrong, each for the same time.
const TROUBLES: [Trouble; 6] = [
    all(Fault::Throttled),
    all(Fault::Hung),
    all(Fault::InternalError),
    // The function may read and note failures, but has no permission to write.
    Trouble::Tables(Outage { fault: Fault::Denied, operations: Some(&["TransactWriteItems"]) }),
    all(Fault::Unsent),
    Trouble::Function,
];

/// A message that is not deleted yet.
#[derive(Debug)]
struct Held {
    message: Message,
    visible_at: Instant,
    receives: u32,
}

/// A queue in virtual time.
struct Queue {
    visibility_timeout: Duration,
    max_receives: u32,
    held: RefCell<Vec<Held>>,
    given_up: RefCell<Vec<Message>>,
    most_receives: Cell<u32>,
}

impl Queue {
    /// A queue with the settings of the stack's queue, to which a burst of deliveries comes each minute.
    fn of(settings: &HashMap<QueueAttributeName, String>, deliveries: &[Delivery]) -> Self {
        let policy: Json = serde_json::from_str(&settings[&QueueAttributeName::RedrivePolicy]).expect("JSON");
        let seconds = settings[&QueueAttributeName::VisibilityTimeout].parse().expect("seconds");
        let held = |(number, delivery): (usize, &Delivery)| Held {
            message: Message { id: format!("message-{number}"), body: serde_json::to_string(delivery).expect("JSON") },
            visible_at: Instant::now() + MINUTE * u32::try_from(number / BURST).expect("few minutes"),
            receives: 0,
        };
        Self {
            visibility_timeout: Duration::from_secs(seconds),
            max_receives: policy["maxReceiveCount"].to_string().parse().expect("a number"),
            held: RefCell::new(deliveries.iter().enumerate().map(held).collect()),
            given_up: RefCell::default(),
            most_receives: Cell::new(0),
        }
    }

    /// Waits for a batch. `None` if no message is left.
    async fn receive(&self) -> Option<Vec<Message>> {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return Some(batch);
            }
            let next = self.held.borrow().iter().map(|held| held.visible_at).min()?;
            sleep_until(next).await;
        }
    }

    fn take(&self) -> Vec<Message> {
        let now = Instant::now();
        let mut held = self.held.borrow_mut();
        let spent = held.extract_if(.., |held| held.visible_at <= now && held.receives == self.max_receives);
        self.given_up.borrow_mut().extend(spent.map(|held| held.message));
        let mut batch = Vec::new();
        for held in held.iter_mut().filter(|held| held.visible_at <= now).take(BATCH) {
            held.receives += 1;
            held.visible_at = now + self.visibility_timeout;
            self.most_receives.set(self.most_receives.get().max(held.receives));
            batch.push(held.message.clone());
        }
        batch
    }

    fn delete(&self, message: &Message) {
        self.held.borrow_mut().retain(|held| held.message.id != message.id);
    }
}

/// Two reports of each of many problems, in five environments.
pub fn deliveries(now: Time) -> Vec<Delivery> {
    let delivery = |number: usize| {
        let problem = number / 2;
        let at = now.plus_minutes(-90).plus_millis(i64::try_from(number).expect("few") * 1000);
        let event = AlertEvent {
            group_key: format!("monitor:{problem}"),
            service: Some(format!("service-{}", problem % 7)),
            environment: Some(format!("environment-{}", problem % 5)),
            ..AlertEvent::bare(Source::named("datadog"), &format!("cycle:{problem}"), Transition::Firing, at)
        };
        sources::delivery(number, "datadog", now, Content::Event(Box::new(event)))
    };
    let minutes = usize::try_from(BEFORE + OUTAGE + AFTERWARDS).expect("few");
    (0..minutes * BURST).map(delivery).collect()
}

/// Processes batches until the queue is empty.
async fn work(stack: &Stack, faults: &Arc<FaultInjector>, queue: &Queue, runs: &Cell<bool>) {
    let aws = faults.connection().wrap(stack.aws().clone());
    let function = Function::start(stack.environment("GroupAlerts"), &aws).await.expect("the function starts");
    while let Some(batch) = queue.receive().await {
        if !runs.get() {
            continue;
        }
        let mut event = workers::event(&batch);
        let deadline = clock::now().plus_millis(FUNCTION_TIMEOUT_MS).as_millis();
        event.context.deadline = deadline.unsigned_abs();
        let failures = function.handle(event).await.batch_item_failures;
        for message in &batch {
            if failures.iter().all(|failure| failure.item_identifier != message.id) {
                queue.delete(message);
            }
        }
    }
}

/// One trouble after the other. Returns when the last one ends.
async fn troubles(faults: &FaultInjector, runs: &Cell<bool>) -> Instant {
    let mut next = Instant::now() + MINUTE * BEFORE;
    for trouble in TROUBLES {
        sleep_until(next).await;
        next += MINUTE * OUTAGE / u32::try_from(TROUBLES.len()).expect("few");
        faults.set_outage(match trouble {
            Trouble::Tables(outage) => Some(outage),
            Trouble::Function => None,
        });
        runs.set(!matches!(trouble, Trouble::Function));
    }
    sleep_until(next).await;
    runs.set(true);
    Instant::now()
}

#[test]
fn after_an_outage_of_an_hour_everything_takes_effect_by_itself_exactly_once() {
    fastrand::seed(1);
    let real = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let stack = real.block_on(Stack::start(Options::default())).expect("the stack starts");
    let url = stack.resource("AlertsQueue").expect("a queue");
    let settings = stack.aws().sqs().get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let settings = real.block_on(settings.send()).expect("the queue answers").attributes.expect("settings");
    let deliveries = deliveries(clock::now());
    let faults = FaultInjector::seeded(1, FaultRates::none());

    let paused = runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let (queue, took) = paused.block_on(async {
        let (queue, runs) = (Queue::of(&settings, &deliveries), Cell::new(true));
        let done = async {
            join_all((0..WORKERS).map(|_| work(&stack, &faults, &queue, &runs))).await;
            Instant::now()
        };
        let (healthy, done) = futures::join!(troubles(&faults, &runs), done);
        faults.wait_until_idle().await;
        (queue, done - healthy)
    });

    assert!(queue.most_receives.get() > FEW, "the outage was short: {} receives", queue.most_receives.get());
    assert!(queue.given_up.borrow().is_empty(), "given up: {:?}", queue.given_up.borrow());
    // The last alerts come within `AFTERWARDS`.
    let limit = MINUTE * AFTERWARDS + queue.visibility_timeout;
    assert!(took <= limit, "the queue was empty {took:?} after the outage");
    let tables = real.block_on(Tables::read(&stack));
    assert_eq!((&tables.quarantined, &tables.quarantined_messages), (&Vec::new(), &Vec::new()));
    let history = History { deliveries, ..History::default() };
    let violations = invariants::check(&tables, &history);
    assert!(violations.0.is_empty(), "{violations}");
    let injected = faults.injected();
    let expected = [Fault::Throttled, Fault::Hung, Fault::InternalError, Fault::Denied, Fault::Unsent];
    assert!(expected.iter().all(|fault| injected.contains_key(fault)), "{injected:?}");
    real.block_on(stack.stop());
}
