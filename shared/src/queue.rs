//! The queue between `receive-webhook` and `group-alerts`.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tracing::warn;

use crate::{
    aws::{self, Aws, warm},
    config::{Environment, InvalidVariable},
    domain::{delivery::Delivery, id::IncidentId},
};

/// SQS answers within milliseconds, and Sentry waits for one second in all.
const SEND_TIMEOUT: Duration = Duration::from_millis(500);

/// The queue does not take a delivery. It may have taken it all the same, if only its answer was lost.
#[derive(Debug, thiserror::Error)]
#[error("the queue does not take the delivery: {0}")]
pub struct QueueError(String);

/// A message that is no delivery: the alerts that still fire in a resolved incident are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    pub sweep_incident: IncidentId,
}

/// The queue that deliveries travel.
#[derive(Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue that the environment names. Makes no call.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `QUEUE_URL`.
    pub fn new(environment: &Environment, aws: &Aws) -> Result<Self, InvalidVariable> {
        Ok(Self { client: aws.sqs(), url: environment.queue_url()? })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        let asked = self.client.get_queue_attributes().queue_url(&self.url);
        let call = asked.attribute_names(QueueAttributeName::QueueArn).send();
        warm("SQS", async { call.await.map_err(|error| aws::reason(&error)) }).await;
    }

    /// Sends a delivery: one `SendMessage`. If that is not answered soon, another, on another connection; a delivery that
    /// is sent twice counts once.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn send(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.send_text(message(delivery).map_err(|error| QueueError(error.to_string()))?).await
    }

    /// Asks `group-alerts` to end the alerts that still fire in a resolved incident.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn send_sweep(&self, incident_id: IncidentId) -> Result<(), QueueError> {
        let message = serde_json::to_string(&Sweep { sweep_incident: incident_id });
        self.send_text(message.map_err(|error| QueueError(error.to_string()))?).await
    }

    async fn send_text(&self, message: String) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(&self.url).message_body(message);
        let sent = if let Ok(sent) = timeout(SEND_TIMEOUT, request.clone().send()).await {
            sent
        } else {
            warn!("the queue does not answer within {SEND_TIMEOUT:?}");
            request.send().await
        };
        sent.map(drop).map_err(|error| QueueError(aws::reason(&error)))
    }
}

/// A delivery as it travels: JSON without the two characters of Unicode's first plane that JSON may hold and SQS refuses.
/// They can stand in texts only, where they may be escaped.
///
/// AWS, Amazon SQS API Reference, `SendMessage`: `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`.
///
/// # Errors
/// None that are known: texts, numbers and lists always have a JSON form.
pub fn message(delivery: &Delivery) -> serde_json::Result<String> {
    let json = serde_json::to_string(delivery)?;
    let is_clean = !json.contains(['\u{fffe}', '\u{ffff}']);
    Ok(if is_clean { json } else { json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff") })
}
