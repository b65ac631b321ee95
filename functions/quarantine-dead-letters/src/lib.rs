//! Moves the messages of the dead-letter queue into the quarantine.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::{Deadline, OutOfTime},
    domain::id::EntryId,
    function::{Error, EventFunction},
    service::{quarantine_dead_letter::QuarantineDeadLetter, quarantine_gauge::QuarantineGauge},
    store::{Tables, transaction::TransactionError},
    telemetry::metrics::Metrics,
};
use tracing::{error, warn};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    quarantine_dead_letter: QuarantineDeadLetter,
    gauge: QuarantineGauge,
}

/// Why a message stays in the dead-letter queue.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

impl MessageError {
    /// Whether other messages would fail in the same way: a table is in trouble or may not be used,
    /// or there is no time left.
    const fn is_for_all(&self) -> bool {
        match self {
            Self::Transaction(error) => error.is_external(),
            Self::OutOfTime(_) => true,
        }
    }
}

impl EventFunction for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        tables.claims()?.warm().await;
        Ok(Self {
            quarantine_dead_letter: QuarantineDeadLetter::new(&tables, fastrand::u64(..))?,
            gauge: QuarantineGauge::new(&tables, Metrics::new(environment)?)?,
        })
    }

    /// Quarantines a batch. A message that fails stays in the dead-letter queue, which has an
    /// alarm.
    async fn answer(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut quarantined = Vec::new();
        let mut for_all = None;
        for message in event.records {
            let message_id = message.message_id.unwrap_or_default();
            let body = message.body.unwrap_or_default();
            if let Some(error) = &for_all {
                fail(&mut response, message_id, error);
                continue;
            }
            match self.put(&message_id, &body, deadline).await {
                Ok(entries) => {
                    for entry_id in &entries {
                        warn!(message_id, %entry_id, "dead letter quarantined");
                    }
                    quarantined.extend(entries);
                }
                Err(error) => {
                    fail(&mut response, message_id, &error);
                    for_all = error.is_for_all().then_some(error);
                }
            }
        }
        self.gauge.changed(&quarantined, &[], clock::now(), deadline).await;
        response
    }
}

impl Function {
    async fn put(&self, message_id: &str, body: &str, deadline: Deadline) -> Result<Vec<EntryId>, MessageError> {
        let put = self.quarantine_dead_letter.put(message_id, body, clock::now(), deadline);
        Ok(deadline.bound(put).await??)
    }
}

fn fail(response: &mut SqsBatchResponse, message_id: String, error: &MessageError) {
    error!(message_id, %error, "could not quarantine the dead letter");
    response.add_failure(message_id);
}
