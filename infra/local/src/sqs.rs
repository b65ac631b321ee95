//! An embedded SQS with the queues of the template.

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

use crate::template::{Resource, Scope, TemplateError};

/// The queues, and a bell for each that rings when a message comes in.
///
/// The emulator's own long polling looks every 100 ms, and a webhook would wait for that long. Nor does it
/// refuse a message that is too large, or of characters that SQS does not take.
#[derive(Default)]
pub struct Queues {
    emulated: SqsService,
    known: Known,
}

/// What is known of the queues, by their URLs.
pub type Known = Arc<Mutex<HashMap<String, Arc<Queue>>>>;

/// One queue.
#[derive(Debug)]
pub struct Queue {
    /// Rings when a message comes in.
    pub arrived: Notify,
    maximum_message_size: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: String,
    message_body: String,
}

impl Queues {
    /// The queues that are known, for those who wait for messages.
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
            && message.message_body.len() > queue.maximum_message_size
        {
            return too_long(queue.maximum_message_size);
        }
        if message.is_some_and(|message| !message.message_body.chars().all(is_taken)) {
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

/// The characters that SQS takes, by its API reference.
fn is_taken(character: char) -> bool {
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

/// Why a queue could not be made.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The template says something of it that is not known.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// An attribute that SQS does not know.
    #[error("template.yaml: {0}.{1} is not an attribute of a queue")]
    UnknownAttribute(String, String),
    /// SQS refused it.
    #[error("the queue {0} cannot be made: {1}")]
    Refused(String, String),
}

/// Makes a queue of the template and enters it in the scope. Its dead-letter queue has to run already.
///
/// # Errors
/// When the template says something of it that SQS does not know.
pub async fn create(
    resource: &Resource,
    scope: &mut Scope,
    sqs: &Client,
    known: &Known,
    visibility_timeout: Option<Duration>,
) -> Result<(), QueueError> {
    let name = &resource.logical_id;
    let refused = |reason: String| QueueError::Refused(name.clone(), reason);
    let mut attributes = HashMap::new();
    for property in resource.property_names() {
        let attribute = QueueAttributeName::from(property);
        if !QueueAttributeName::values().contains(&property) {
            return Err(QueueError::UnknownAttribute(name.clone(), property.to_owned()));
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
    // What SQS takes when nothing is said.
    let maximum_message_size = match attributes.get(&QueueAttributeName::MaximumMessageSize) {
        Some(size) => size.parse().map_err(|_| refused(format!("{size} is no size")))?,
        None => 1024 * 1024,
    };
    let created = sqs.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
    let url = created.map_err(|error| refused(DisplayErrorContext(error).to_string()))?.queue_url.unwrap_or_default();
    let described = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send();
    let described = described.await.map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
    let arn = described.attributes.unwrap_or_default().remove(&QueueAttributeName::QueueArn).unwrap_or_default();

    scope.runs(name, &url, &[("Arn", &arn), ("QueueName", name)]);
    let queue = Arc::new(Queue { arrived: Notify::new(), maximum_message_size });
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(url, queue);
    Ok(())
}
