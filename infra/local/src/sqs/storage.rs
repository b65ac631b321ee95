//! Where the embedded SQS keeps queues and messages: in memory, and messages on disk too if there is
//! a data directory.
//!
//! Queues are not on disk, since the template declares them at each start. A queue that is created
//! gets the messages back that it had.

use std::{
    collections::{BTreeSet, HashMap},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use winterbaume_sqs::{
    SendMessageOutput, SqsBackend, SqsState, SqsStateView, StateViewError,
    state::{QueueState, SqsError},
    types::{Message, MessageAttribute, MessageMoveTask, Queue},
};

use super::journal::{Change, Journal, KeptMessage};

/// The emulator's answer, which is a future because other storages may wait.
type Answer<T> = Pin<Box<dyn Future<Output = Result<T, SqsError>> + Send>>;

/// The queues and messages of one account in one region.
#[derive(Default)]
pub struct Storage {
    state: Arc<Mutex<SqsState>>,
    journal: Option<Journal>,
    /// Messages of an earlier run whose queues are not created yet.
    kept: Mutex<Vec<KeptMessage>>,
}

/// A message attribute as the journal holds it.
#[derive(Serialize, Deserialize)]
struct KeptAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<Vec<u8>>,
}

impl Storage {
    /// A storage that begins with the messages of an earlier run.
    pub fn on_disk(journal: Journal, kept: Vec<KeptMessage>) -> Self {
        Self { state: Arc::default(), journal: Some(journal), kept: Mutex::new(kept) }
    }

    fn state(&self) -> MutexGuard<'_, SqsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: Change) {
        if let Some(journal) = &self.journal {
            journal.note(change);
        }
    }

    /// Gives a new queue the messages back that it had.
    fn restore_messages(&self, state: &mut SqsState, name: &str) {
        let Some(queue) = state.queues.get_mut(name) else { return };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        queue.messages.extend(kept.extract_if(.., |message| message.queue == name).map(restored));
    }
}

/// A message of an earlier run. Whoever received it died with the process, so it is visible at once.
fn restored(kept: KeptMessage) -> Message {
    let attributes: HashMap<String, KeptAttribute> = serde_json::from_str(&kept.attributes).unwrap_or_default();
    Message {
        message_id: kept.id,
        body: kept.body,
        body_md5: kept.body_md5,
        receipt_handle: None,
        all_receipt_handles: Vec::new(),
        sender_id: "local".to_owned(),
        sent_timestamp: kept.sent_at,
        approximate_first_receive_timestamp: kept.first_received_at,
        approximate_receive_count: kept.receives,
        visible_at: if kept.receives > 0 { 0 } else { kept.visible_at },
        message_attributes: attributes.into_iter().map(|(name, kept)| (name, attribute(kept))).collect(),
    }
}

fn attribute(kept: KeptAttribute) -> MessageAttribute {
    let KeptAttribute { data_type, string_value, binary_value } = kept;
    MessageAttribute { data_type, string_value, binary_value }
}

fn kept(queue: &str, message: &Message) -> KeptMessage {
    let attributes: HashMap<&String, KeptAttribute> = message
        .message_attributes
        .iter()
        .map(|(name, attribute)| {
            let MessageAttribute { data_type, string_value, binary_value } = attribute.clone();
            (name, KeptAttribute { data_type, string_value, binary_value })
        })
        .collect();
    KeptMessage {
        id: message.message_id.clone(),
        queue: queue.to_owned(),
        body: message.body.clone(),
        body_md5: message.body_md5.clone(),
        // Texts and bytes always have a JSON form.
        attributes: serde_json::to_string(&attributes).unwrap_or_default(),
        sent_at: message.sent_timestamp,
        first_received_at: message.approximate_first_receive_timestamp,
        receives: message.approximate_receive_count,
        visible_at: message.visible_at,
    }
}

fn received(message: &Message) -> Change {
    Change::Received {
        id: message.message_id.clone(),
        first_received_at: message.approximate_first_receive_timestamp,
        receives: message.approximate_receive_count,
        visible_at: message.visible_at,
    }
}

fn with_handle<'queue>(state: &'queue SqsState, queue: &str, receipt_handle: &str) -> Option<&'queue Message> {
    let messages = &state.queues.get(queue)?.messages;
    messages.iter().find(|message| message.all_receipt_handles.iter().any(|handle| handle == receipt_handle))
}

fn ready<T: Send + 'static>(result: Result<T, SqsError>) -> Answer<T> {
    Box::pin(std::future::ready(result))
}

/// Operations that change nothing on disk.
macro_rules! in_memory {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty = |$state:ident| $result:expr;)*) => {
        $(fn $name(&self, _: String, _: String, $($argument: $type),*) -> Answer<$answer> {
            let $state = &mut *self.state();
            ready($result)
        })*
    };
}

impl SqsBackend for Storage {
    fn create_queue(
        &self,
        account: String,
        region: String,
        name: String,
        attributes: HashMap<String, String>,
        tags: Option<HashMap<String, String>>,
    ) -> Answer<Queue> {
        let state = &mut *self.state();
        let created = state.create_queue(&name, &region, &account, &attributes, tags.as_ref()).cloned();
        if created.is_ok() {
            self.restore_messages(state, &name);
        }
        ready(created)
    }

    /// Answers when the message is on disk.
    fn send_message(
        &self,
        _: String,
        _: String,
        queue: String,
        body: String,
        delay_seconds: Option<u32>,
        attributes: HashMap<String, MessageAttribute>,
        group_id: Option<String>,
        deduplication_id: Option<String>,
    ) -> Answer<SendMessageOutput> {
        let state = &mut *self.state();
        let (group_id, deduplication_id) = (group_id.as_deref(), deduplication_id.as_deref());
        let sent = match state.send_message(&queue, &body, delay_seconds, attributes, group_id, deduplication_id) {
            Ok(sent) => SendMessageOutput { message_id: sent.message_id, body_md5: sent.body_md5 },
            Err(error) => return ready(Err(error)),
        };
        // A FIFO queue adds no message if it has seen it before.
        let added = state.queues.get(&queue).and_then(|queue| queue.messages.last());
        let added = added.filter(|message| message.message_id == sent.message_id);
        let (Some(journal), Some(message)) = (&self.journal, added) else { return ready(Ok(sent)) };
        let written = journal.commit(Change::Sent(kept(&queue, message)));
        Box::pin(async move {
            written.await.map_err(|error| SqsError::InternalError(error.to_string()))?;
            Ok(sent)
        })
    }

    fn receive_messages(
        &self,
        _: String,
        _: String,
        queue: String,
        max: usize,
        visibility_timeout: Option<u32>,
    ) -> Answer<Vec<Message>> {
        let state = &mut *self.state();
        let others = state.queues.iter().filter(|(name, _)| **name != queue);
        let before: HashMap<String, usize> = others.map(|(name, other)| (name.clone(), other.messages.len())).collect();
        let messages = match state.receive_message(&queue, max, visibility_timeout) {
            Ok(messages) => messages,
            Err(error) => return ready(Err(error)),
        };
        for message in &messages {
            self.note(received(message));
        }
        // Messages that were received too often are in the dead-letter queue now.
        for (name, count) in before {
            for moved in &state.queues[&name].messages[count..] {
                let (id, visible_at) = (moved.message_id.clone(), moved.visible_at);
                self.note(Change::Moved { id, queue: name.clone(), visible_at });
            }
        }
        ready(Ok(messages))
    }

    fn delete_message(&self, _: String, _: String, queue: String, receipt_handle: String) -> Answer<()> {
        let state = &mut *self.state();
        let id = with_handle(state, &queue, &receipt_handle).map(|message| message.message_id.clone());
        let deleted = state.delete_message(&queue, &receipt_handle);
        if let (Ok(()), Some(id)) = (&deleted, id) {
            self.note(Change::Deleted { id });
        }
        ready(deleted)
    }

    fn purge_queue(&self, _: String, _: String, queue: String) -> Answer<()> {
        let purged = self.state().purge_queue(&queue);
        if purged.is_ok() {
            self.note(Change::Purged { queue });
        }
        ready(purged)
    }

    fn change_message_visibility(
        &self,
        _: String,
        _: String,
        queue: String,
        receipt_handle: String,
        visibility_timeout: u32,
    ) -> Answer<()> {
        let state = &mut *self.state();
        let changed = state.change_message_visibility(&queue, &receipt_handle, visibility_timeout);
        if let Some(message) = with_handle(state, &queue, &receipt_handle).filter(|_| changed.is_ok()) {
            self.note(received(message));
        }
        ready(changed)
    }

    fn change_message_visibility_batch(
        &self,
        _: String,
        _: String,
        queue: String,
        entries: Vec<(String, String, u32)>,
    ) -> Answer<Vec<String>> {
        let state = &mut *self.state();
        let changed = state.change_message_visibility_batch(&queue, &entries);
        for (_, receipt_handle, _) in &entries {
            if let Some(message) = with_handle(state, &queue, receipt_handle) {
                self.note(received(message));
            }
        }
        ready(changed)
    }

    in_memory! {
        delete_queue(queue: String) -> () = |state| state.delete_queue(&queue);
        get_queue_url(queue: String) -> String = |state| state.get_queue_url(&queue).map(str::to_owned);
        get_queue_attributes(queue: String) -> HashMap<String, String> = |state| state.get_queue_attributes(&queue);
        set_queue_attributes(queue: String, attributes: HashMap<String, String>) -> () =
            |state| state.set_queue_attributes(&queue, &attributes);
        list_queues(prefix: Option<String>) -> Vec<Queue> =
            |state| Ok(state.list_queues(prefix.as_deref()).into_iter().cloned().collect());
        list_queue_tags(queue: String) -> HashMap<String, String> = |state| state.list_queue_tags(&queue);
        tag_queue(queue: String, tags: HashMap<String, String>) -> () = |state| state.tag_queue(&queue, &tags);
        untag_queue(queue: String, keys: Vec<String>) -> () = |state| state.untag_queue(&queue, &keys);
        add_permission(queue: String, label: String, accounts: Vec<String>, actions: Vec<String>) -> () =
            |state| state.add_permission(&queue, &label, accounts, actions);
        remove_permission(queue: String, label: String) -> () = |state| state.remove_permission(&queue, &label);
        list_dead_letter_source_queues(queue: String) -> Vec<String> =
            |state| state.list_dead_letter_source_queues(&queue);
        start_message_move_task(source: String, destination: Option<String>, rate: Option<i32>) -> String =
            |state| state.start_message_move_task(&source, destination.as_deref(), rate);
        cancel_message_move_task(task: String) -> i64 = |state| state.cancel_message_move_task(&task);
        list_message_move_tasks(source: String) -> Vec<MessageMoveTask> =
            |state| Ok(state.list_message_move_tasks(&source).into_iter().cloned().collect());
    }

    fn scopes_with_state(&self) -> Vec<(String, String)> {
        let state = self.state();
        let scopes = state.queues.values().map(|queue| (queue.queue.account_id.clone(), queue.queue.region.clone()));
        scopes.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn snapshot(&self, _: String, _: String) -> Pin<Box<dyn Future<Output = SqsStateView> + Send>> {
        Box::pin(std::future::ready(SqsStateView::from(&*self.state())))
    }

    fn restore(
        &self,
        _: String,
        _: String,
        view: SqsStateView,
    ) -> Pin<Box<dyn Future<Output = Result<(), StateViewError>> + Send>> {
        *self.state() = SqsState::from(view);
        Box::pin(std::future::ready(Ok(())))
    }

    fn merge(
        &self,
        _: String,
        _: String,
        view: SqsStateView,
    ) -> Pin<Box<dyn Future<Output = Result<(), StateViewError>> + Send>> {
        let queues = view.queues.into_iter().map(|(name, queue)| (name, QueueState::from(queue)));
        self.state().queues.extend(queues);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use aws_sdk_sqs::{
        Client,
        types::{MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName},
    };
    use shared::aws::Aws;

    use super::*;
    use crate::{embedded, sqs::Queues};

    const RECEIVES: &str = "2";

    /// A client of an SQS with two queues, and their URLs. The second is the dead-letter queue.
    async fn running(directory: &Path) -> (Client, Journal, [String; 2]) {
        let (journal, kept) = Journal::open(&directory.join("queues.sqlite")).unwrap();
        let config = embedded::config(Queues::on_disk(journal.clone(), kept));
        let sqs = Aws::at(config.clone(), config.clone(), config).sqs();
        let dead = sqs.create_queue().queue_name("Dead").send().await.unwrap().queue_url.unwrap();
        let arn =
            sqs.get_queue_attributes().queue_url(&dead).attribute_names(QueueAttributeName::QueueArn).send().await;
        let arn = arn.unwrap().attributes.unwrap().remove(&QueueAttributeName::QueueArn).unwrap();
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{RECEIVES}}}"#);
        let queue = sqs.create_queue().queue_name("Queue").attributes(QueueAttributeName::RedrivePolicy, policy);
        let queue = queue.attributes(QueueAttributeName::VisibilityTimeout, "600").send().await.unwrap();
        (sqs, journal, [queue.queue_url.unwrap(), dead])
    }

    /// The messages that can be received: their bodies, ids, and how often they were received.
    async fn receive(sqs: &Client, url: &str) -> Vec<[String; 3]> {
        let request = sqs.receive_message().queue_url(url).max_number_of_messages(10).message_attribute_names("All");
        let request = request.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let messages = request.send().await.unwrap().messages.unwrap_or_default().into_iter();
        let of = |message: aws_sdk_sqs::types::Message| {
            let count = &message.attributes.unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
            let kind = message.message_attributes.as_ref().map(|attributes| attributes["kind"].string_value.clone());
            assert_eq!(kind, Some(Some("a test".to_owned())));
            [message.body.unwrap(), message.message_id.unwrap(), count.clone()]
        };
        messages.map(of).collect()
    }

    #[tokio::test]
    async fn messages_come_back_with_their_ids_counts_and_attributes() {
        let directory = tempfile::tempdir().unwrap();
        let (sqs, journal, [queue, dead]) = running(directory.path()).await;
        let kind = MessageAttributeValue::builder().data_type("String").string_value("a test").build().unwrap();
        for (body, delay) in [("soon", 0), ("late", 900)] {
            let message = sqs.send_message().queue_url(&queue).message_body(body).delay_seconds(delay);
            message.message_attributes("kind", kind.clone()).send().await.unwrap();
        }
        let first = receive(&sqs, &queue).await;
        assert_eq!((first.len(), &first[0][0], &first[0][2]), (1, &"soon".to_owned(), &"1".to_owned()));
        assert!(receive(&sqs, &queue).await.is_empty(), "a message that somebody has is invisible");
        journal.flush().await.unwrap();

        // Whoever had it is gone, so it is visible at once. A delay goes on.
        let (sqs, journal, [queue, _]) = running(directory.path()).await;
        let [body, id, _] = first[0].clone();
        assert_eq!(receive(&sqs, &queue).await, [[body.clone(), id.clone(), "2".to_owned()]]);
        journal.flush().await.unwrap();

        // That was its last receive.
        let (sqs, journal, [queue, dead_again]) = running(directory.path()).await;
        assert_eq!(dead_again, dead);
        assert!(receive(&sqs, &queue).await.is_empty());
        journal.flush().await.unwrap();
        let (sqs, journal, [_, dead]) = running(directory.path()).await;
        assert_eq!(receive(&sqs, &dead).await, [[body, id, "1".to_owned()]]);
        journal.flush().await.unwrap();
    }
}
