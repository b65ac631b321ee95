//! Receives an alarm of CloudWatch by EventBridge. IAM proves it: only the rule of the stack may call
//! the function.

use serde_json::Value;

use super::read_webhook::{self, Received, Webhook};
use crate::{
    aws::Aws,
    config::{Environment, InvalidVariable},
    deadline::Deadline,
    domain::{
        delivery::{Content, DeliveryId},
        time::Time,
    },
    queue::{Queue, QueueError},
    sources::{self, Headers},
};

/// The source of these alarms, as of those that come by SNS: both are the same alert.
const SOURCE: &str = "cloudwatch";

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmReceipt {
    /// It is on its way.
    Accepted(DeliveryId),
    /// It says nothing that matters here. The text says why.
    Ignored(String),
    /// It cannot be read and is on its way to where people find it. The text says why.
    Quarantined(String),
}

/// The use case.
#[derive(Debug)]
pub struct ReceiveAlarm {
    queue: Queue,
}

impl ReceiveAlarm {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(environment: &Environment, aws: &Aws) -> Result<Self, InvalidVariable> {
        Ok(Self { queue: Queue::new(environment, aws)? })
    }

    /// Receives one event of EventBridge.
    ///
    /// # Errors
    /// [`QueueError`]: EventBridge is to send it again. It takes effect once.
    pub async fn receive(&self, event: &Value, now: Time, deadline: Deadline) -> Result<AlarmReceipt, QueueError> {
        let Some(source) = sources::find(SOURCE) else {
            return Ok(AlarmReceipt::Ignored(format!("there is no source {SOURCE}")));
        };
        let (headers, body) = (Headers::default(), event.to_string());
        let receipt = format!("{:016x}", fastrand::u64(..));
        let received =
            Received { source, headers: &headers, body: body.as_bytes(), received_at: now, receipt: &receipt };
        let delivery = match read_webhook::read(received) {
            Webhook::Delivery(delivery) => delivery,
            Webhook::Ignored { reason } => return Ok(AlarmReceipt::Ignored(reason)),
            Webhook::Group(_) | Webhook::Confirmation(_) => {
                return Ok(AlarmReceipt::Ignored("it is no event of EventBridge".to_owned()));
            }
        };
        self.queue.send(&delivery, deadline).await?;
        Ok(match delivery.content {
            Content::Event(_) => AlarmReceipt::Accepted(delivery.delivery_id),
            Content::Unreadable(reason) => AlarmReceipt::Quarantined(reason),
        })
    }
}
