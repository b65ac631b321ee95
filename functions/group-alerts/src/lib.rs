//! Groups the deliveries of the queue, in batches, and reports those that failed, alone.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use lambda_runtime::LambdaEvent;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    domain::delivery::Delivery,
    service::group::{GroupError, Grouper, StartError},
};
use tracing::error;

/// The function.
#[derive(Debug)]
pub struct Function {
    grouper: Grouper,
}

/// A message of the queue could not be grouped. It goes back, and to the dead-letter queue if that goes on.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error("the message is no delivery: {:?} error at line {}, column {}", .0.classify(), .0.line(), .0.column())]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("grouping panicked")]
    Panicked,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`StartError`]
    #[expect(clippy::unused_async, reason = "every function starts the same way")]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, StartError> {
        Ok(Self { grouper: Grouper::start(environment, aws, fastrand::u64(..))? })
    }

    /// Groups a batch, one delivery after the other: those of one batch would only collide.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
        let mut failures = SqsBatchResponse::default();
        for message in event.payload.records {
            let message_id = message.message_id.clone().unwrap_or_default();
            let grouped = AssertUnwindSafe(self.group(&message)).catch_unwind().await;
            if let Err(error) = grouped.unwrap_or(Err(MessageError::Panicked)) {
                error!(message_id, %error, "message not grouped");
                failures.add_failure(message_id);
            }
        }
        failures
    }

    async fn group(&self, message: &SqsMessage) -> Result<(), MessageError> {
        let delivery: Delivery = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        self.grouper.group(&delivery, clock::now()).await?;
        Ok(())
    }
}
