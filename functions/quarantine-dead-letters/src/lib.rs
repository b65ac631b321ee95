//! Puts the messages of the dead-letter queue into the quarantine, and reports those that stay, alone.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use shared::{
    aws::Aws,
    clock,
    config::{Environment, MissingVariable},
    service::{quarantine_dead_letter::QuarantineDeadLetter, quarantine_gauge::QuarantineGauge},
};
use tracing::{error, warn};

/// The function.
#[derive(Debug)]
pub struct Function {
    dead_letters: QuarantineDeadLetter,
    gauge: QuarantineGauge,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let dead_letters = QuarantineDeadLetter::start(environment, aws, fastrand::u64(..))?;
        dead_letters.warm().await;
        Ok(Self { dead_letters, gauge: QuarantineGauge::start(environment, aws)? })
    }

    /// Puts a batch into the quarantine. What fails stays in the queue, whose alarm tells of it.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut kept = Vec::new();
        for message in event.payload.records {
            let message_id = message.message_id.unwrap_or_default();
            let body = message.body.unwrap_or_default();
            match self.dead_letters.put(&message_id, &body, clock::now()).await {
                Ok(Some(entry_id)) => {
                    warn!(message_id, %entry_id, "dead letter put into the quarantine");
                    kept.push(entry_id);
                }
                Ok(None) => {}
                Err(error) => {
                    error!(message_id, %error, "dead letter not put into the quarantine");
                    response.add_failure(message_id);
                }
            }
        }
        self.gauge.changed(&kept, &[], clock::now()).await;
        response
    }
}
