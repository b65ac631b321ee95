//! The event source mapping: takes messages from a queue to a function, as Lambda does.

mod batch;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::DisplayErrorContext,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::{lambda::Function, sqs::Queue, template::QueueTrigger};

/// Lambda begins with five batches at a time.
const POLLERS: usize = 5;

/// A message comes back when its visibility timeout ends, and no bell rings then.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is polled, and for whom.
pub struct Source {
    /// What the template says of it.
    pub trigger: QueueTrigger,
    /// The URL of the queue.
    pub url: String,
    /// Its bell.
    pub queue: Arc<Queue>,
    /// A client.
    pub sqs: Client,
    /// The function.
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
    source: Arc<Source>,
}

impl Pollers {
    /// Starts to poll.
    #[must_use]
    pub fn start(sources: Vec<Source>) -> Self {
        Self { polled: sources.into_iter().map(Polled::start).collect() }
    }

    /// Takes what is left in the queues, one after the other, all for as long as `patience`, and stops.
    pub async fn drain(mut self, patience: Duration) {
        let drained = timeout(patience, async {
            for polled in &mut self.polled {
                polled.draining.send_replace(true);
                while polled.tasks.join_next().await.is_some() {}
            }
        });
        if drained.await.is_err() {
            self.polled.iter_mut().for_each(|polled| polled.tasks.abort_all());
        }
        for Polled { source, .. } in &self.polled {
            let left = source.left().await;
            if left > 0 {
                tracing::warn!(
                    left,
                    queue = source.url,
                    "messages are lost: they failed, or there was no time for them"
                );
            }
        }
    }
}

impl Polled {
    fn start(source: Source) -> Self {
        let (source, draining, mut tasks) = (Arc::new(source), watch::Sender::new(false), JoinSet::new());
        for _ in 0..source.trigger.maximum_concurrency().unwrap_or(POLLERS).min(POLLERS) {
            tasks.spawn(poll(Arc::clone(&source), draining.subscribe()));
        }
        Self { tasks, draining, source }
    }
}

/// Takes batches until the stack stops and the queue is empty.
async fn poll(source: Arc<Source>, mut draining: watch::Receiver<bool>) {
    loop {
        let messages = source.receive().await;
        if !messages.is_empty() {
            source.deliver(messages).await;
        } else if *draining.borrow() {
            return;
        } else {
            tokio::select! {
                // A bell that rang since the look is heard all the same.
                _ = timeout(LOOK_EVERY, source.queue.arrived.notified()) => {}
                _ = draining.changed() => {}
            }
        }
    }
}

impl Source {
    async fn receive(&self) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(self.trigger.batch_size);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        match request.message_attribute_names("All").send().await {
            Ok(received) => received.messages.unwrap_or_default(),
            Err(error) => {
                tracing::error!(queue = self.url, error = %DisplayErrorContext(error), "the queue cannot be read");
                Vec::new()
            }
        }
    }

    /// Calls the function with a batch, and deletes what it is done with. What is left comes back.
    async fn deliver(&self, messages: Vec<Message>) {
        let request_id = format!("{:016x}", fastrand::u64(..));
        let answer = match self.function.invoke(&batch::event(&messages, &self.trigger.queue), &request_id).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(request_id, %error, messages = messages.len(), "a batch failed and will come back");
                return;
            }
        };
        let Some(failed) = batch::failed(&answer, &messages, self.trigger.reports_failures()) else {
            tracing::error!(request_id, %answer, "a batch is answered by nonsense and will come back whole");
            return;
        };
        if !failed.is_empty() {
            tracing::warn!(
                request_id,
                failed = failed.len(),
                messages = messages.len(),
                "messages failed and will come back"
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
            Err(error) => return tracing::error!(%error, "a message without a receipt handle"),
        };
        let deleted = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        match deleted {
            Ok(deleted) if deleted.failed().is_empty() => {}
            Ok(deleted) => {
                tracing::warn!(failed = deleted.failed().len(), "messages are not deleted and will come back");
            }
            Err(error) => {
                tracing::warn!(error = %DisplayErrorContext(error), "messages are not deleted and will come back");
            }
        }
    }

    /// How many messages are in the queue, visible or not.
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

    use lambda_runtime::LambdaEvent;
    use serde_json::{Value as Json, json};
    use shared::aws::Aws;
    use tokio::time::sleep;

    use super::*;
    use crate::{
        lambda::{self, InFlight},
        sqs::{self, Queues},
        template::{FunctionResource, Kind, Scope, Template},
        wiring,
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

    /// What the worker saw: bodies and when.
    type Seen = Arc<Mutex<Vec<(String, Instant)>>>;

    /// Polls a queue for a worker that fails on `bad` and panics on `worst`. The clients, and the URLs of the
    /// queue and of its dead-letter queue.
    async fn running() -> (Pollers, Client, [String; 2], Seen) {
        let template = Template::parse(TEMPLATE).unwrap();
        let mut scope = Scope::new(&template.parameters);
        let queues = Queues::default();
        let known = queues.known();
        let config = wiring::embedded(queues);
        let aws = Aws::at(config.clone(), config.clone(), config);
        wiring::start_queues(&template, &mut scope, &aws, &known, None).await.unwrap();
        let worker = template.resources(Kind::Function).next().unwrap();
        let worker = FunctionResource::read(worker, &template, &scope).unwrap();

        let seen = Seen::default();
        let saw = Arc::clone(&seen);
        let handler = lambda::event(move |event: LambdaEvent<Json>| {
            let mut failures = Vec::new();
            for record in event.payload["Records"].as_array().unwrap() {
                let body = record["body"].as_str().unwrap();
                saw.lock().unwrap().push((body.to_owned(), Instant::now()));
                if body == "bad" {
                    failures.push(json!({ "itemIdentifier": record["messageId"] }));
                }
            }
            async move {
                assert!(event.payload["Records"][0]["body"] != "worst", "as it was told");
                json!({ "batchItemFailures": failures })
            }
        });
        let function = Arc::new(Function::new(&worker, handler, InFlight::default()));
        let [url, dead] = ["Queue", "Dead"].map(|id| scope.reference(id).unwrap().to_owned());
        let queue = sqs::queue(&known, &url).unwrap();
        let source = Source { trigger: worker.queues[0].clone(), url: url.clone(), queue, sqs: aws.sqs(), function };
        (Pollers::start(vec![source]), aws.sqs(), [url, dead], seen)
    }

    async fn send(sqs: &Client, url: &str, body: &str) {
        sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    }

    /// The one message that arrives in a queue.
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
            assert!(took < LOOK_EVERY / 2, "{took:?}");
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
