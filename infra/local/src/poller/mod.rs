//! Polls queues and calls functions with batches of messages, like Lambda's event source mapping.

mod batch;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::DisplayErrorContext,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::{lambda::Function, sqs::Queue, template::QueueTrigger};

/// Lambda starts with five concurrent batches per queue.
const MAX_POLLERS: usize = 5;

/// A message that becomes visible again sends no notification, so the queue is polled as well.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A queue and the function that processes its messages.
pub struct EventSource {
    pub trigger: QueueTrigger,
    /// The URL of the queue.
    pub url: String,
    pub queue: Arc<Queue>,
    pub sqs: Client,
    pub function: Arc<Function>,
}

/// The running pollers of all queues.
pub struct Pollers {
    polled: Vec<Polled>,
}

/// The running pollers of one queue.
struct Polled {
    tasks: JoinSet<()>,
    draining: watch::Sender<bool>,
    source: Arc<EventSource>,
}

impl Pollers {
    /// Starts polling.
    #[must_use]
    pub fn start(sources: Vec<EventSource>) -> Self {
        Self { polled: sources.into_iter().map(Polled::start).collect() }
    }

    /// Empties the queues, one after the other, and stops. Takes up to `limit` in total. Returns how
    /// many messages are left.
    pub async fn drain(mut self, limit: Duration) -> u32 {
        let drained = timeout(limit, async {
            for polled in &mut self.polled {
                polled.draining.send_replace(true);
                while polled.tasks.join_next().await.is_some() {}
            }
        });
        if drained.await.is_err() {
            self.polled.iter_mut().for_each(|polled| polled.tasks.abort_all());
        }
        let mut left = 0;
        for Polled { source, .. } in &self.polled {
            left += source.left().await;
        }
        left
    }
}

impl Polled {
    fn start(source: EventSource) -> Self {
        let (source, draining, mut tasks) = (Arc::new(source), watch::Sender::new(false), JoinSet::new());
        for _ in 0..source.trigger.maximum_concurrency().unwrap_or(MAX_POLLERS).min(MAX_POLLERS) {
            tasks.spawn(poll(Arc::clone(&source), draining.subscribe()));
        }
        Self { tasks, draining, source }
    }
}

/// Processes batches until the stack stops and the queue is empty.
async fn poll(source: Arc<EventSource>, mut draining: watch::Receiver<bool>) {
    // Lambda reads the attributes of a queue before it polls, and needs the permission.
    source.left().await;
    loop {
        let messages = source.receive().await;
        if !messages.is_empty() {
            for batch in batch::split(messages) {
                source.deliver(batch).await;
            }
        } else if *draining.borrow() {
            return;
        } else {
            tokio::select! {
                // A notification since the last poll is not lost: `Notify` keeps one.
                _ = timeout(POLL_INTERVAL, source.queue.arrived.notified()) => {}
                _ = draining.changed() => {}
            }
        }
    }
}

impl EventSource {
    async fn receive(&self) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(self.trigger.batch_size);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        match request.message_attribute_names("All").send().await {
            Ok(received) => received.messages.unwrap_or_default(),
            Err(error) => {
                tracing::error!(queue = self.url, error = %DisplayErrorContext(error), "could not receive messages");
                Vec::new()
            }
        }
    }

    /// Calls the function with a batch, and deletes the messages that did not fail.
    async fn deliver(&self, messages: Vec<Message>) {
        let request_id = format!("{:016x}", fastrand::u64(..));
        let answer = match self.function.invoke(&batch::event(&messages, &self.trigger.queue), &request_id).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(request_id, %error, messages = messages.len(), "batch failed: its messages will come back");
                return;
            }
        };
        let Some(failed) = batch::failed(&answer, &messages, self.trigger.failure_reports()) else {
            tracing::error!(request_id, %answer, "invalid answer to a batch: its messages will come back");
            return;
        };
        if !failed.is_empty() {
            tracing::warn!(
                request_id,
                failed = failed.len(),
                messages = messages.len(),
                "messages failed: they will come back"
            );
        }
        self.delete(messages.into_iter().filter(|message| !failed.contains(batch::id(message)))).await;
    }

    async fn delete(&self, messages: impl Iterator<Item = Message>) {
        let entries = messages.enumerate().map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle).build()
        });
        let entries = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) if entries.is_empty() => return,
            Ok(entries) => entries,
            Err(error) => return tracing::error!(%error, "could not delete messages: one has no receipt handle"),
        };
        let deleted = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        match deleted {
            Ok(deleted) if deleted.failed().is_empty() => {}
            Ok(deleted) => {
                tracing::warn!(failed = deleted.failed().len(), "could not delete messages: they will come back");
            }
            Err(error) => {
                tracing::warn!(error = %DisplayErrorContext(error), "could not delete messages: they will come back");
            }
        }
    }

    /// The number of messages in the queue, visible or not.
    async fn left(&self) -> u32 {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let counts = [Name::ApproximateNumberOfMessages, Name::ApproximateNumberOfMessagesNotVisible];
        let request = self.sqs.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(counts.to_vec()));
        let attributes = request.send().await.ok().and_then(|answer| answer.attributes).unwrap_or_default();
        counts.iter().filter_map(|name| attributes.get(name)?.parse::<u32>().ok()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::Mutex,
        time::{Duration, Instant},
    };

    use serde_json::json;
    use shared::aws::Aws;
    use tokio::time::sleep;

    use super::*;
    use crate::{
        embedded,
        lambda::InFlight,
        scripted::scripted,
        sqs::{self, Queues},
        template::{FunctionResource, Kind, Template},
    };

    const TEMPLATE: &str = "
        Resources:
          Dead: {Type: AWS::SQS::Queue}
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              VisibilityTimeout: 1
              MaximumMessageSize: 1048576
              RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              Events:
                Messages:
                  Type: SQS
                  Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 10, FunctionResponseTypes: [ReportBatchItemFailures]}";

    /// The bodies that the worker received, and when.
    type Seen = Arc<Mutex<Vec<(String, Instant)>>>;

    /// Polls a queue for a worker that fails on `bad` and panics on `worst`. Returns the URLs of
    /// the queue and of its dead-letter queue too.
    async fn running() -> (Pollers, Client, [String; 2], Seen) {
        let template = Template::parse(TEMPLATE).unwrap();
        let mut scope = template.scope();
        let queues = Queues::in_memory();
        let known = queues.known();
        let config = embedded::config(queues);
        let aws = Aws::at(config.clone(), config.clone(), config);
        sqs::create_all(&template, &mut scope, &aws.sqs(), &known, None).await.unwrap();
        let worker = template.resources(Kind::Function).next().unwrap();
        let worker = FunctionResource::read(worker, &template, &scope).unwrap();

        let seen = Seen::default();
        let saw = Arc::clone(&seen);
        let handler = scripted(move |event| {
            let mut failures = Vec::new();
            for record in event["Records"].as_array().unwrap() {
                let body = record["body"].as_str().unwrap();
                saw.lock().unwrap().push((body.to_owned(), Instant::now()));
                if body == "bad" {
                    failures.push(json!({ "itemIdentifier": record["messageId"] }));
                }
            }
            async move {
                assert!(event["Records"][0]["body"] != "worst", "as requested");
                json!({ "batchItemFailures": failures })
            }
        });
        let function = Arc::new(Function::new(&worker, handler, InFlight::default()));
        let [url, dead] = ["Queue", "Dead"].map(|id| scope.reference(id).unwrap().to_owned());
        let queue = sqs::queue(&known, &url).unwrap();
        let source =
            EventSource { trigger: worker.queues[0].clone(), url: url.clone(), queue, sqs: aws.sqs(), function };
        (Pollers::start(vec![source]), aws.sqs(), [url, dead], seen)
    }

    async fn send(sqs: &Client, url: &str, body: &str) {
        sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    }

    /// The next message of a queue.
    async fn arrives(sqs: &Client, url: &str) -> String {
        let received = sqs.receive_message().queue_url(url).wait_time_seconds(20).send().await.unwrap();
        received.messages()[0].body().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_message_is_delivered_at_once() {
        let (pollers, sqs, [url, _], seen) = running().await;
        for n in 0..10 {
            let sent = Instant::now();
            send(&sqs, &url, &n.to_string()).await;
            while seen.lock().unwrap().len() <= n {
                sleep(Duration::from_millis(1)).await;
            }
            let took = seen.lock().unwrap()[n].1 - sent;
            assert!(took < POLL_INTERVAL / 2, "{took:?}");
        }
        pollers.drain(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn a_stop_waits_until_the_queue_is_empty() {
        let (pollers, sqs, [url, _], seen) = running().await;
        for n in 0..200 {
            send(&sqs, &url, &n.to_string()).await;
        }
        pollers.drain(Duration::from_secs(30)).await;
        let seen: HashSet<_> = seen.lock().unwrap().iter().map(|(body, _)| body.clone()).collect();
        assert_eq!(seen.len(), 200);
    }

    #[tokio::test]
    async fn a_message_that_fails_comes_back_and_ends_in_the_dead_letter_queue() {
        let (pollers, sqs, [url, dead], seen) = running().await;
        send(&sqs, &url, "bad").await;
        send(&sqs, &url, "good").await;
        assert_eq!(arrives(&sqs, &dead).await, "bad");
        let count = |wanted: &str| seen.lock().unwrap().iter().filter(|(body, _)| body == wanted).count();
        assert_eq!((count("bad"), count("good")), (3, 1));
        pollers.drain(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn a_panic_fails_its_batch_and_nothing_else() {
        let (pollers, sqs, [url, dead], seen) = running().await;
        send(&sqs, &url, "worst").await;
        assert_eq!(arrives(&sqs, &dead).await, "worst");
        send(&sqs, &url, "good").await;
        pollers.drain(Duration::from_secs(5)).await;
        assert_eq!(seen.lock().unwrap().last().unwrap().0, "good");
    }

    #[tokio::test]
    async fn a_message_may_be_as_large_as_the_template_says_and_no_larger() {
        let (pollers, sqs, [url, _], seen) = running().await;
        send(&sqs, &url, &"a".repeat(1_048_576)).await;
        let refused = sqs.send_message().queue_url(&url).message_body("a".repeat(1_048_577)).send().await;
        assert!(refused.is_err());
        pollers.drain(Duration::from_secs(5)).await;
        assert_eq!(seen.lock().unwrap()[0].0.len(), 1_048_576);
    }
}
