//! An embedded SQS with the queues of the template.

pub mod journal;
mod storage;

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::QueueAttributeName};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use winterbaume_core::{MockRequest, MockResponse, MockService};
use winterbaume_sqs::SqsService;

use self::{
    journal::{Journal, KeptMessage},
    storage::Storage,
};
use crate::template::{Kind, Resource, Scope, Template, TemplateError};

/// The limit of SQS for queues that declare none.
const DEFAULT_MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// SQS, with a notification for each message that arrives.
///
/// The emulator's long polling looks for messages every 100 ms, which would delay each webhook. It
/// also accepts messages that are too large or have characters that SQS refuses.
pub struct Queues {
    emulated: SqsService,
    known: Known,
}

/// The queues by their URLs.
pub type Known = Arc<Mutex<HashMap<String, Arc<Queue>>>>;

/// A queue that was created.
#[derive(Debug)]
pub struct Queue {
    /// Notified when a message arrives.
    pub arrived: Notify,
    max_message_bytes: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: String,
    message_body: String,
}

impl Queues {
    /// Queues whose messages are in memory only.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::of(Storage::default())
    }

    /// Queues whose messages are on disk too. They begin with those of an earlier run.
    #[must_use]
    pub fn on_disk(journal: Journal, kept: Vec<KeptMessage>) -> Self {
        Self::of(Storage::on_disk(journal, kept))
    }

    fn of(storage: Storage) -> Self {
        Self { emulated: SqsService::with_backend(Arc::new(storage)), known: Known::default() }
    }

    /// The queues that were created, to wait for messages.
    #[must_use]
    pub fn known(&self) -> Known {
        Arc::clone(&self.known)
    }

    async fn answer(&self, request: MockRequest) -> MockResponse {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        if target != Some("AmazonSQS.SendMessage") {
            return self.emulated.handle(request).await;
        }
        let message = serde_json::from_slice::<SendMessage>(&request.body).ok();
        let queue = message.as_ref().and_then(|message| queue(&self.known, &message.queue_url));
        if let (Some(message), Some(queue)) = (&message, &queue)
            && message.message_body.len() > queue.max_message_bytes
        {
            return too_long(queue.max_message_bytes);
        }
        if message.is_some_and(|message| !message.message_body.chars().all(is_accepted)) {
            return invalid_contents();
        }
        let response = self.emulated.handle(request).await;
        if let Some(queue) = queue {
            queue.arrived.notify_one();
        }
        response
    }
}

impl MockService for Queues {
    fn service_name(&self) -> &str {
        self.emulated.service_name()
    }

    fn url_patterns(&self) -> Vec<&str> {
        self.emulated.url_patterns()
    }

    fn handle(&self, request: MockRequest) -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>> {
        Box::pin(self.answer(request))
    }
}

/// The queue with this URL.
#[must_use]
pub fn queue(known: &Known, url: &str) -> Option<Arc<Queue>> {
    known.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
}

/// The characters that SQS accepts, according to its API reference.
fn is_accepted(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

fn invalid_contents() -> MockResponse {
    let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to \
        #xFFFD | #x10000 to #x10FFFF";
    MockResponse::json(400, json!({ "__type": "InvalidMessageContents", "message": message }).to_string())
}

fn too_long(limit: usize) -> MockResponse {
    let message = format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.");
    MockResponse::json(400, json!({ "__type": "InvalidParameterValue", "message": message }).to_string())
}

/// Why a queue could not be created.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("template.yaml: SQS does not know the attribute {name}.{attribute}")]
    UnknownAttribute { name: String, attribute: String },
    #[error("cannot create the queue {name}: {reason}")]
    Refused { name: String, reason: String },
}

/// Whether a queue of the template moves messages to a dead-letter queue.
pub fn has_dead_letter_queue(queue: &Resource) -> bool {
    queue.property_names().any(|name| name == "RedrivePolicy")
}

/// Creates the queues of the template and adds them to the scope.
///
/// # Errors
/// If a queue has a property that SQS does not know.
pub async fn create_all(
    template: &Template,
    scope: &mut Scope,
    sqs: &Client,
    known: &Known,
    visibility_timeout: Option<Duration>,
) -> Result<(), QueueError> {
    let mut queues: Vec<_> = template.resources(Kind::Queue).collect();
    // A queue refers to its dead-letter queue, so that one is created first.
    queues.sort_by_key(|queue| has_dead_letter_queue(queue));
    for queue in queues {
        create(queue, scope, sqs, known, visibility_timeout).await?;
    }
    Ok(())
}

async fn create(
    resource: &Resource,
    scope: &mut Scope,
    sqs: &Client,
    known: &Known,
    visibility_timeout: Option<Duration>,
) -> Result<(), QueueError> {
    let name = &resource.logical_id;
    let refused = |reason: String| QueueError::Refused { name: name.clone(), reason };
    let mut attributes = HashMap::new();
    for property in resource.property_names() {
        let attribute = QueueAttributeName::from(property);
        if !QueueAttributeName::values().contains(&property) {
            return Err(QueueError::UnknownAttribute { name: name.clone(), attribute: property.to_owned() });
        }
        let value = match (resource.property(property, scope)?.unwrap_or_default(), visibility_timeout) {
            (_, Some(timeout)) if attribute == QueueAttributeName::VisibilityTimeout => {
                timeout.as_secs().max(1).to_string()
            }
            (Json::String(value), _) => value,
            (value, _) => value.to_string(),
        };
        attributes.insert(attribute, value);
    }
    let max_message_bytes = match attributes.get(&QueueAttributeName::MaximumMessageSize) {
        Some(size) => size.parse().map_err(|_| refused(format!("the size {size} is not a number")))?,
        None => DEFAULT_MAX_MESSAGE_BYTES,
    };
    let created = sqs.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
    let url = created.map_err(|error| refused(DisplayErrorContext(error).to_string()))?.queue_url.unwrap_or_default();
    let described = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send();
    let described = described.await.map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
    let arn = described.attributes.unwrap_or_default().remove(&QueueAttributeName::QueueArn).unwrap_or_default();

    scope.runs(name, &url, &[("Arn", &arn), ("QueueName", name)]);
    let queue = Arc::new(Queue { arrived: Notify::new(), max_message_bytes });
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(url, queue);
    Ok(())
}
