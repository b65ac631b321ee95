//! A message of a batch, and why it failed.

use aws_lambda_events::sqs::SqsMessage;
use shared::{
    deadline::OutOfTime,
    queue::ReceivedMessage,
    service::{group_alerts::GroupError, resolve_alerts::ResolveAlertError},
    store::transaction::TransactionError,
};

/// A message of the queue.
#[derive(Debug)]
pub struct Received<T> {
    pub id: String,
    pub body: String,
    /// What deletes a message that the function received itself. Lambda deletes the others.
    pub receipt: Option<String>,
    /// What it says.
    pub content: T,
}

/// Why a message failed. It goes back to the queue, or to the quarantine.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("the message is not a delivery: {:?} error at line {}, column {}", .0.classify(), .0.line(), .0.column())]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error(transparent)]
    Sweep(#[from] ResolveAlertError),
    /// The quarantine cannot be changed.
    #[error("the quarantine was not changed: {0}")]
    Quarantine(#[from] TransactionError),
    /// The index does not show these alerts yet, so the sweep must run again.
    #[error("the index does not show {0} alerts of a merged or resolved incident yet")]
    StillLeft(u64),
    #[error("the function panicked on the message")]
    Panicked,
    /// It was not tried, or it was tried and nobody knows whether it took effect. It can be tried
    /// again either way.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

impl MessageError {
    /// Whether other messages would fail in the same way: a table is in trouble or may not be used,
    /// or there is no time left.
    pub const fn is_for_all(&self) -> bool {
        match self {
            Self::Group(error) => error.is_external(),
            Self::Sweep(error) => error.is_external(),
            Self::Quarantine(error) => error.is_external(),
            Self::OutOfTime(_) => true,
            Self::Unreadable(_) | Self::StillLeft(_) | Self::Panicked => false,
        }
    }

    /// Whether the message or the product is the cause, so that trying again without end would not
    /// help. It is false if a table is in trouble, if other writers were faster, or if time ran out.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Panicked => true,
            Self::Group(error) => error.is_permanent(),
            Self::Sweep(error) => error.is_permanent(),
            Self::Quarantine(error) => error.is_permanent(),
            Self::StillLeft(_) | Self::OutOfTime(_) => false,
        }
    }
}

/// A message that Lambda received.
pub fn of_lambda(message: SqsMessage) -> Received<()> {
    Received {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receipt: None,
        content: (),
    }
}

/// A message that the function received itself.
pub fn of_queue(message: ReceivedMessage) -> Received<()> {
    let ReceivedMessage { id, body, receipt } = message;
    Received { id, body, receipt: Some(receipt), content: () }
}

impl<T> Received<T> {
    /// The same message, with what it says.
    pub fn saying<U>(self, content: U) -> Received<U> {
        let Self { id, body, receipt, .. } = self;
        Received { id, body, receipt, content }
    }
}
