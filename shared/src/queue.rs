//! The queue of deliveries between `receive-webhook` and `group-alerts`.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    config::{Builder as ConfigBuilder, Config, timeout::TimeoutConfig},
    types::{DeleteMessageBatchRequestEntry, Message as SqsMessage, QueueAttributeName},
};
use futures::{StreamExt, TryStreamExt, future::join_all, stream};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    aws::{self, Aws, FailureKind, warm},
    config::{Environment, InvalidVariable},
    deadline::{Deadline, OutOfTime},
    domain::{
        delivery::Delivery,
        id::{EntryId, IncidentId},
    },
    retry::{Outlook, Retries, Retryable},
};

/// How much time must be left for sending, if other work comes first: SQS usually answers within
/// milliseconds, and a send that hangs is given up after 400 ms and sent again.
pub const MAX_SEND_TIME: Duration = Duration::from_millis(900);

/// The first connection of a process takes longer, because of the TLS handshake.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer with more messages is waited for. It is worth waiting: messages of an answer that nobody
/// reads are hidden for 3 minutes.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// How many deliveries a message holds at most. A message that fails is tried again as a whole.
pub const MAX_DELIVERIES_PER_MESSAGE: usize = 50;

/// The beginning of a message of several deliveries.
const GROUP_START: &str = r#"{"deliveries":"#;

/// How large a message of several deliveries may be, in bytes. SQS takes 1 MiB (Amazon SQS Developer
/// Guide, "Amazon SQS message quotas"); a smaller message is a smaller loss of work if it fails.
const MAX_GROUP_BYTES: usize = 240 * 1024;

/// How many messages of one webhook are on their way at a time.
const PARALLEL_SENDS: usize = 16;

/// A delivery could not be sent. SQS may have accepted it all the same, if only its answer was
/// lost.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("could not send the delivery to the queue: {reason}")]
    Refused { reason: String, kind: FailureKind },
    #[error("could not send the delivery to the queue: {0}")]
    OutOfTime(#[from] OutOfTime),
    /// None in practice: strings, numbers and lists always have a JSON form.
    #[error("could not format the delivery: {0}")]
    Format(#[from] serde_json::Error),
}

impl Retryable for QueueError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Refused { kind: FailureKind::Transient, .. } => Outlook::Troubled,
            Self::Refused { .. } | Self::OutOfTime(_) | Self::Format(_) => Outlook::Hopeless,
        }
    }
}

/// A message that is not a delivery: the alerts that still fire in a resolved incident are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    pub sweep_incident: IncidentId,
    /// The entry of the quarantine that this is a redrive of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_of: Option<EntryId>,
}

/// A message of the queue.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Delivery(Box<Delivery>),
    /// Events of one webhook.
    Group(DeliveryGroup),
    Sweep(Sweep),
}

impl Message {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// Why it is not a delivery, if it is not a sweep either.
    pub fn read(body: &str) -> serde_json::Result<Self> {
        if body.starts_with(GROUP_START) {
            return serde_json::from_str(body).map(Self::Group);
        }
        serde_json::from_str(body).map(Self::Delivery).or_else(|error| match serde_json::from_str(body) {
            Ok(sweep) => Ok(Self::Sweep(sweep)),
            Err(_) => Err(error),
        })
    }

    /// The entry of the quarantine that it is a redrive of.
    #[must_use]
    pub const fn redrive_of(&self) -> Option<EntryId> {
        match self {
            Self::Delivery(delivery) => delivery.redrive_of,
            // A redrive is always a message of its own.
            Self::Group(_) => None,
            Self::Sweep(sweep) => sweep.redrive_of,
        }
    }

    fn body(&self) -> serde_json::Result<String> {
        match self {
            Self::Delivery(delivery) => message(delivery),
            Self::Group(group) => {
                let texts = group.deliveries.iter().map(message).collect::<Result<Vec<_>, _>>()?;
                Ok(group_message(&texts.iter().map(String::as_str).collect::<Vec<_>>()))
            }
            Self::Sweep(sweep) => serde_json::to_string(sweep),
        }
    }
}

/// The most messages that SQS gives at once (Amazon SQS API Reference, `ReceiveMessage`), and deletes at once.
pub const MAX_RECEIVED: usize = 10;

/// A message that was received. It comes back unless it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    pub id: String,
    pub body: String,
    /// What deletes it.
    pub receipt: String,
}

/// The queue of deliveries.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// The configuration of a call that may take longer than sending.
fn limited_to(timeout: Duration) -> ConfigBuilder {
    let limits = TimeoutConfig::builder().operation_attempt_timeout(timeout).operation_timeout(timeout);
    Config::builder().timeout_config(limits.build())
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
        let call = asked.attribute_names(QueueAttributeName::QueueArn).customize();
        let call = call.config_override(limited_to(START_TIMEOUT));
        warm("SQS", async { call.send().await.map_err(|error| aws::reason(&error)) }).await;
    }

    /// Sends a delivery. If SQS does not answer within 400 ms, or is in trouble, it is sent again on
    /// another connection, until the deadline. A delivery that arrives twice takes effect once.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn send(&self, delivery: &Delivery, deadline: Deadline) -> Result<(), QueueError> {
        self.send_text(message(delivery)?, deadline).await
    }

    /// Sends deliveries in messages of several, side by side: all of them, or it fails.
    ///
    /// # Errors
    /// [`QueueError`]: some of them may have been sent.
    pub async fn send_all(&self, deliveries: &[Delivery], deadline: Deadline) -> Result<(), QueueError> {
        let sends = messages(deliveries)?.into_iter().map(|message| self.send_text(message, deadline));
        stream::iter(sends).buffer_unordered(PARALLEL_SENDS).try_collect().await
    }

    /// Asks `group-alerts` to end the alerts that still fire in a resolved incident.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn send_sweep(&self, incident_id: IncidentId, deadline: Deadline) -> Result<(), QueueError> {
        self.send_message(&Message::Sweep(Sweep { sweep_incident: incident_id, redrive_of: None }), deadline).await
    }

    /// Sends a message, as [`Self::send`] does.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn send_message(&self, message: &Message, deadline: Deadline) -> Result<(), QueueError> {
        self.send_text(message.body()?, deadline).await
    }

    /// Receives at most [`MAX_RECEIVED`] messages, without waiting for any. None if SQS is in trouble: they stay in the
    /// queue, or come back when they are visible again.
    pub async fn receive(&self) -> Vec<ReceivedMessage> {
        let most = i32::try_from(MAX_RECEIVED).unwrap_or(1);
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(most);
        let call = request.wait_time_seconds(0).customize();
        match call.config_override(limited_to(RECEIVE_TIMEOUT)).send().await {
            Ok(answer) => answer.messages.unwrap_or_default().into_iter().filter_map(received).collect(),
            Err(error) => {
                warn!(error = aws::reason(&error), "could not receive more messages");
                Vec::new()
            }
        }
    }

    /// Deletes messages that are done. One that cannot be deleted comes back, and then it changes nothing.
    pub async fn delete(&self, receipts: &[&str]) {
        let batches = receipts.chunks(MAX_RECEIVED).map(|receipts| async move {
            let entries = receipts.iter().zip(0_u8..).map(|(receipt, number)| {
                DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(*receipt).build()
            });
            // None fails: each has an id and a receipt.
            let entries = entries.filter_map(Result::ok).collect();
            let deleted =
                self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            match deleted {
                Ok(deleted) if deleted.failed().is_empty() => {}
                Ok(deleted) => {
                    warn!(messages = deleted.failed().len(), "could not delete messages: they will come back");
                }
                Err(error) => warn!(error = aws::reason(&error), "could not delete messages: they will come back"),
            }
        });
        join_all(batches).await;
    }

    async fn send_text(&self, message: String, deadline: Deadline) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(&self.url).message_body(message);
        let mut retries = Retries::of_person(deadline);
        loop {
            let sent = deadline.bound(request.clone().send()).await?;
            let Err(error) = sent else { return Ok(()) };
            let error = QueueError::Refused { reason: aws::reason(&error), kind: aws::failure_kind(&error) };
            if !retries.pause_after(&error).await {
                return Err(error);
            }
            warn!(%error, "sending the message again");
        }
    }
}

fn received(message: SqsMessage) -> Option<ReceivedMessage> {
    let SqsMessage { message_id, receipt_handle, body, .. } = message;
    Some(ReceivedMessage { id: message_id?, body: body?, receipt: receipt_handle? })
}

/// Several deliveries in one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryGroup {
    pub deliveries: Vec<Delivery>,
}

/// A delivery of a message of several, as if it had come in a message of its own. It fails, and goes to
/// the quarantine, by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPart {
    /// The id of the message, a slash, and the position in it.
    pub id: String,
    /// The body that a message of its own would have.
    pub body: String,
    pub delivery: Delivery,
}

impl DeliveryGroup {
    /// The deliveries of the message with this id.
    ///
    /// # Errors
    /// None in practice, as for [`message`].
    pub fn parts(self, message_id: &str) -> serde_json::Result<Vec<GroupPart>> {
        let parts = self.deliveries.into_iter().enumerate();
        parts
            .map(|(position, delivery)| {
                Ok(GroupPart { id: format!("{message_id}/{position}"), body: message(&delivery)?, delivery })
            })
            .collect()
    }
}

/// Formats deliveries as messages: each holds at most [`MAX_DELIVERIES_PER_MESSAGE`].
///
/// # Errors
/// None in practice, as for [`message`].
pub fn messages(deliveries: &[Delivery]) -> serde_json::Result<Vec<String>> {
    let texts: Vec<String> = deliveries.iter().map(message).collect::<Result<_, _>>()?;
    let mut messages = Vec::new();
    let (mut together, mut bytes): (Vec<&str>, usize) = (Vec::new(), 0);
    for text in &texts {
        let is_full = together.len() == MAX_DELIVERIES_PER_MESSAGE || bytes + text.len() > MAX_GROUP_BYTES;
        if is_full && !together.is_empty() {
            messages.push(group_message(&together));
            (together, bytes) = (Vec::new(), 0);
        }
        bytes += text.len() + 1;
        together.push(text);
    }
    if !together.is_empty() {
        messages.push(group_message(&together));
    }
    Ok(messages)
}

fn group_message(deliveries: &[&str]) -> String {
    match deliveries {
        [one] => (*one).to_owned(),
        several => format!("{GROUP_START}[{}]}}", several.join(",")),
    }
}

/// Formats a delivery as a message: JSON in which U+FFFE and U+FFFF are escaped. SQS refuses these
/// two characters, and JSON can contain them in strings only.
///
/// SQS accepts `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF` (Amazon
/// SQS API Reference, `SendMessage`).
///
/// # Errors
/// None in practice: strings, numbers and lists always have a JSON form.
pub fn message(delivery: &Delivery) -> serde_json::Result<String> {
    let json = serde_json::to_string(delivery)?;
    let is_clean = !json.contains(['\u{fffe}', '\u{ffff}']);
    Ok(if is_clean { json } else { json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff") })
}
