//! A message of a batch, and why it failed.

use shared::{
    queue::Message,
    service::{group_alerts::GroupError, resolve_alerts::ResolveAlertError},
    store::transaction::TransactionError,
};

/// A message that SQS delivered.
#[derive(Debug)]
pub struct Received<T> {
    pub id: String,
    pub body: String,
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
    /// The sweep was done, but the entry of the quarantine that it is a redrive of does not know yet.
    #[error("the redrive was not recorded: {0}")]
    Redrive(#[from] TransactionError),
    /// The index does not show these alerts yet, so the sweep must run again.
    #[error("the index does not show {0} firing alerts of a resolved incident yet")]
    StillFiring(u64),
    #[error("the function panicked on the message")]
    Panicked,
    #[error("no time was left for the message")]
    OutOfTime,
}

impl MessageError {
    /// Whether the cause has nothing to do with the message. Then others would fail in the same way.
    pub const fn is_external(&self) -> bool {
        matches!(self, Self::Group(error) if error.is_external())
    }

    /// Whether the message or the product is the cause, so that trying again without end would not
    /// help. It is false if a table is in trouble, if other writers were faster, or if time ran out.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Panicked => true,
            Self::Group(error) => error.is_permanent(),
            Self::Sweep(error) => error.is_permanent(),
            Self::Redrive(error) => error.is_permanent(),
            Self::StillFiring(_) | Self::OutOfTime => false,
        }
    }
}

/// Reads what SQS delivered.
pub fn read(id: Option<String>, body: Option<String>) -> Received<Result<Message, MessageError>> {
    let (id, body) = (id.unwrap_or_default(), body.unwrap_or_default());
    let content = Message::read(&body).map_err(MessageError::from);
    Received { id, body, content }
}
