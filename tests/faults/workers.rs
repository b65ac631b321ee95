//! Workers that process batches of the queue. Some are stopped at an await point.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use aws_lambda_events::sqs::SqsEvent;
use fastrand::Rng;
use group_alerts::Function;
use lambda_runtime::{Context, LambdaEvent};
use local::Stack;
use serde_json::json;
use shared::function::EventFunction;
use tests::faults::{FaultInjector, FaultyConnection};

use crate::queue::{Message, Queue};

/// How many of a hundred batches are stopped.
const STOPPED: u8 = 20;

/// When a batch is stopped.
#[derive(Debug, Clone, Copy)]
pub enum Stop {
    /// Never.
    Never,
    /// After so many polls.
    Polls(u32),
    /// While this request is executed.
    Request(u64),
}

impl Stop {
    /// A random stop, mostly never.
    pub fn draw(random: &mut Rng) -> Self {
        match random.u8(..100) {
            drawn if drawn >= STOPPED => Self::Never,
            drawn if drawn % 2 == 0 => Self::Polls(random.u32(1..40)),
            _ => Self::Request(random.u64(1..6)),
        }
    }

    /// Runs until the work is done or stopped.
    pub async fn or_done<T>(self, work: impl Future<Output = T>, connection: &FaultyConnection) -> Option<T> {
        match self {
            Self::Never => Some(work.await),
            Self::Polls(polls) => {
                let mut work = pin!(work);
                let mut left = polls;
                poll_fn(|context| {
                    if left == 0 {
                        return Poll::Ready(None);
                    }
                    left -= 1;
                    work.as_mut().poll(context).map(Some)
                })
                .await
            }
            Self::Request(request) => {
                let last = connection.requests() + request;
                tokio::select! {
                    biased;
                    done = work => Some(done),
                    () = connection.sent(last) => None,
                }
            }
        }
    }
}

/// Processes batches until the queue is empty.
pub async fn work(
    stack: &Stack,
    queue: &Queue,
    faults: &Arc<FaultInjector>,
    random: &RefCell<Rng>,
    stopped: &Cell<u64>,
) {
    let mut random = Rng::with_seed(random.borrow_mut().u64(..));
    let mut worker = Worker::start(stack, faults).await;
    while let Some(batch) = queue.receive(&mut random).await {
        let stop = Stop::draw(&mut random);
        let failed = stop.or_done(worker.function.handle(event(&batch)), &worker.connection).await.map(|response| {
            let failures = response.expect("it answers").batch_item_failures.into_iter();
            failures.map(|failure| failure.item_identifier).collect::<Vec<_>>()
        });
        for message in &batch {
            if failed.as_ref().is_some_and(|failed| !failed.contains(&message.id)) {
                queue.delete(&message.id);
            } else {
                queue.give_back(&message.id, &mut random);
            }
        }
        if failed.is_none() {
            stopped.set(stopped.get() + 1);
            worker = Worker::start(stack, faults).await;
        }
    }
}

struct Worker {
    function: Function,
    connection: Arc<FaultyConnection>,
}

impl Worker {
    async fn start(stack: &Stack, faults: &Arc<FaultInjector>) -> Self {
        let connection = faults.connection();
        let aws = connection.wrap(stack.aws().clone());
        let function = Function::start(stack.environment("GroupAlerts"), &aws).await.expect("the function starts");
        Self { function, connection }
    }
}

/// The event that Lambda passes for a batch.
pub fn event(batch: &[Message]) -> LambdaEvent<SqsEvent> {
    let record = |message: &Message| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.id,
            "body": message.body,
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:AlertsQueue",
            "awsRegion": "us-east-1",
        })
    };
    let event = json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() });
    LambdaEvent::new(serde_json::from_value(event).expect("an event"), Context::default())
}
