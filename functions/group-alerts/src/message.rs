//! A message of a batch, and why it failed.

use shared::{
    deadline::OutOfTime,
    domain::delivery::Delivery,
    queue::{GroupPart, Message, Sweep},
    service::{group_alerts::GroupError, resolve_alerts::ResolveAlertError},
    store::transaction::TransactionError,
};

/// A message that SQS delivered, or one of several deliveries in it.
#[derive(Debug)]
pub struct Received<T> {
    /// The message, as SQS names it. It goes back as a whole.
    pub message_id: String,
    /// What failures of it are counted under.
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
    /// The quarantine cannot be changed.
    #[error("the quarantine was not changed: {0}")]
    Quarantine(#[from] TransactionError),
    /// The index does not show these alerts yet, so the sweep must run again.
    #[error("the index does not show {0} firing alerts of a resolved incident yet")]
    StillFiring(u64),
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
            Self::Unreadable(_) | Self::StillFiring(_) | Self::Panicked => false,
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
            Self::StillFiring(_) | Self::OutOfTime(_) => false,
        }
    }
}

/// The messages of a batch, by what is to be done with them.
#[derive(Debug, Default)]
pub struct Messages {
    pub deliveries: Vec<Received<Delivery>>,
    pub sweeps: Vec<Received<Sweep>>,
    pub unreadable: Vec<Received<MessageError>>,
}

impl Messages {
    /// Reads what SQS delivered.
    pub fn add(&mut self, message_id: Option<String>, body: Option<String>) {
        let (id, body) = (message_id.unwrap_or_default(), body.unwrap_or_default());
        match Message::read(&body) {
            Ok(Message::Delivery(delivery)) => self.deliveries.push(Received::whole(id, body, *delivery)),
            Ok(Message::Group(group)) => match group.parts(&id) {
                Ok(parts) => self.deliveries.extend(parts.into_iter().map(|part| Received::part(&id, part))),
                Err(error) => self.unreadable.push(Received::whole(id, body, error.into())),
            },
            Ok(Message::Sweep(sweep)) => self.sweeps.push(Received::whole(id, body, sweep)),
            Err(error) => self.unreadable.push(Received::whole(id, body, error.into())),
        }
    }
}

impl<T> Received<T> {
    fn whole(id: String, body: String, content: T) -> Self {
        Self { message_id: id.clone(), id, body, content }
    }
}

impl Received<Delivery> {
    fn part(message_id: &str, part: GroupPart) -> Self {
        Self { message_id: message_id.to_owned(), id: part.id, body: part.body, content: part.delivery }
    }
}
