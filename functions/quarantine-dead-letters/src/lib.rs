//! Moves the messages of the dead-letter queue into the quarantine.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    function::{Error, EventFunction},
    service::{quarantine_dead_letter::QuarantineDeadLetter, quarantine_gauge::QuarantineGauge},
    store::Tables,
    telemetry::metrics::Metrics,
};
use tracing::{error, warn};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    quarantine_dead_letter: QuarantineDeadLetter,
    gauge: QuarantineGauge,
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
    async fn answer(&self, event: SqsEvent, _deadline: Deadline) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut quarantined = Vec::new();
        for message in event.records {
            let message_id = message.message_id.unwrap_or_default();
            let body = message.body.unwrap_or_default();
            match self.quarantine_dead_letter.put(&message_id, &body, clock::now()).await {
                Ok(Some(entry_id)) => {
                    warn!(message_id, %entry_id, "dead letter quarantined");
                    quarantined.push(entry_id);
                }
                Ok(None) => {}
                Err(error) => {
                    error!(message_id, %error, "could not quarantine the dead letter");
                    response.add_failure(message_id);
                }
            }
        }
        self.gauge.changed(&quarantined, &[], clock::now()).await;
        response
    }
}
