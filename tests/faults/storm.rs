//! In a storm a worker takes what waits in the queue, and gives back only what failed.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use group_alerts::Function;
use local::{Options, Stack};
use shared::{clock, function::EventFunction};

use crate::{
    invariants::{self, History},
    outage,
    queue::Message,
    tables::Tables,
    workers,
};

/// As many as one call takes, and some more.
const WAITING: usize = 330;

/// The most messages that one call takes.
const TAKEN: usize = 300;

async fn send(stack: &Stack, url: &str, body: String) {
    stack.aws().sqs().send_message().queue_url(url).message_body(body).send().await.expect("sent");
}

/// A batch as Lambda receives it.
async fn receive(stack: &Stack, url: &str) -> Vec<Message> {
    let received = stack.aws().sqs().receive_message().queue_url(url).max_number_of_messages(10).send().await;
    let messages = received.expect("received").messages.unwrap_or_default().into_iter();
    messages
        .map(|message| Message { id: message.message_id.expect("an id"), body: message.body.expect("a body") })
        .collect()
}

/// How many messages are visible, and how many are hidden.
async fn waiting(stack: &Stack, url: &str) -> (usize, usize) {
    let names = [Attribute::ApproximateNumberOfMessages, Attribute::ApproximateNumberOfMessagesNotVisible];
    let asked = stack.aws().sqs().get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
    let counts = asked.send().await.expect("the queue answers").attributes.expect("counts");
    let count = |name: &Attribute| counts[name].parse().expect("a number");
    (count(&names[0]), count(&names[1]))
}

#[tokio::test]
async fn one_call_takes_what_waits_and_gives_back_what_failed() {
    // Nobody else polls the queue.
    let parameters = [("Grouping".to_owned(), "paused".to_owned())].into();
    let stack = Stack::start(Options { parameters, ..Options::default() }).await.expect("the stack starts");
    let url = stack.resource("AlertsQueue").expect("a queue").to_owned();
    let function = Function::start(stack.environment("GroupAlerts"), stack.aws()).await.expect("the function starts");

    let deliveries = outage::deliveries(clock::now());
    let (first, deliveries) = (&deliveries[..2], &deliveries[2..WAITING]);
    for delivery in first {
        send(&stack, &url, serde_json::to_string(delivery).expect("JSON")).await;
    }
    let few = receive(&stack, &url).await;
    assert!(function.handle(workers::event(&few)).await.expect("it answers").batch_item_failures.is_empty());
    assert_eq!(waiting(&stack, &url).await, (0, 2), "Lambda deletes what it received");

    send(&stack, &url, "no delivery".to_owned()).await;
    for delivery in deliveries {
        send(&stack, &url, serde_json::to_string(delivery).expect("JSON")).await;
    }
    let batch = receive(&stack, &url).await;
    assert_eq!(batch.len(), 10);
    let failures = function.handle(workers::event(&batch)).await.expect("it answers").batch_item_failures;
    let failed: Vec<&str> = failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    let bad: Vec<&str> =
        batch.iter().filter(|message| message.body == "no delivery").map(|message| message.id.as_str()).collect();
    assert_eq!(failed, bad, "only the messages of Lambda are reported to it");
    let (visible, hidden) = waiting(&stack, &url).await;
    assert_eq!(visible, WAITING - 2 + 1 - TAKEN, "it takes so many, and no more");
    // Those of Lambda, and the one that failed if the function received it itself.
    assert_eq!(hidden, 2 + batch.len() + usize::from(bad.is_empty()));

    loop {
        let batch = receive(&stack, &url).await;
        if batch.is_empty() {
            break;
        }
        function.handle(workers::event(&batch)).await.expect("it answers");
    }
    let tables = Tables::read(&stack).await.with_payloads(&stack).await;
    let deliveries = first.iter().chain(deliveries).cloned().collect();
    let violations = invariants::check(&tables, &History { deliveries, ..History::default() });
    assert!(violations.0.is_empty(), "{violations}");
    stack.stop().await;
}
