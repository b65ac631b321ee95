//! Groups the deliveries of the queue, in batches, and reports those that failed, alone.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use lambda_runtime::{Context, LambdaEvent};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    domain::{
        delivery::{Content, Delivery},
        time::Time,
    },
    service::{
        group_alerts::{Effect, GroupAlerts, GroupError, MAX_DELIVERIES, StartError},
        quarantine_gauge::QuarantineGauge,
    },
    telemetry::metrics::{Measures, Metrics},
};
use tracing::{error, warn};

/// How long a message may be tried alone, with room to spare: see the pauses of `retry`.
const MAX_TRY_MS: i64 = 12_000;

/// The function.
#[derive(Debug)]
pub struct Function {
    grouper: GroupAlerts,
    metrics: Metrics,
    gauge: QuarantineGauge,
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
    #[error("no time was left to group it alone")]
    OutOfTime,
}

impl Function {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, StartError> {
        let grouper = GroupAlerts::start(environment, aws, fastrand::u64(..))?;
        grouper.warm().await;
        Ok(Self { grouper, gauge: QuarantineGauge::start(environment, aws)?, metrics: Metrics::start(environment)? })
    }

    /// Groups a batch.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
        let last_try = last_try(&event.context);
        let mut response = SqsBatchResponse::default();
        let mut measures = Measures::default();
        let mut readable = Vec::new();
        for message in event.payload.records {
            let message_id = message.message_id.unwrap_or_default();
            match serde_json::from_str::<Delivery>(message.body.as_deref().unwrap_or_default()) {
                Ok(delivery) => readable.push((message_id, delivery)),
                Err(error) => fail(&mut response, message_id, &MessageError::Unreadable(error)),
            }
        }
        for together in readable.chunks(MAX_DELIVERIES) {
            let Err(error) = self.group(together, &mut measures).await else { continue };
            // What fails for all alike need not be tried for each. Else one may be the cause: it fails alone.
            let is_for_all = matches!(&error, MessageError::Group(error) if error.is_external());
            for message in together {
                let alone = std::slice::from_ref(message);
                if is_for_all {
                    fail(&mut response, message.0.clone(), &error);
                } else if clock::now() > last_try {
                    fail(&mut response, message.0.clone(), &MessageError::OutOfTime);
                } else if let Err(error) = self.group(alone, &mut measures).await {
                    self.note(&message.0, &error).await;
                    fail(&mut response, message.0.clone(), &error);
                }
            }
        }
        for _ in &response.batch_item_failures {
            measures.count("Failed");
        }
        self.metrics.write(&measures, clock::now());
        response
    }

    /// Notes why a message fails alone, at best effort: that is what the quarantine says of it if it becomes a dead
    /// letter.
    async fn note(&self, message_id: &str, error: &MessageError) {
        if matches!(error, MessageError::Group(error) if error.is_external()) {
            return;
        }
        let noted = self.grouper.note_failure(message_id, &error.to_string(), clock::now()).await;
        if let Err(error) = noted {
            warn!(message_id, %error, "failure not noted");
        }
    }

    async fn group(&self, messages: &[(String, Delivery)], measures: &mut Measures) -> Result<(), MessageError> {
        let deliveries: Vec<&Delivery> = messages.iter().map(|(_, delivery)| delivery).collect();
        let grouping = AssertUnwindSafe(self.grouper.group_together(&deliveries, clock::now()));
        let effects = grouping.catch_unwind().await.map_err(|_| MessageError::Panicked)??;
        let now = clock::now();
        let (mut kept, mut done) = (Vec::new(), Vec::new());
        let mut concerns_quarantine = false;
        for (delivery, effect) in deliveries.into_iter().zip(effects) {
            measure(measures, delivery, effect, now);
            concerns_quarantine |= delivery.redrive_of.is_some() || matches!(delivery.content, Content::Unreadable(_));
            match effect {
                Effect::Quarantined(id) => kept.push(id),
                Effect::Duplicate => {}
                _ => done.extend(delivery.redrive_of),
            }
        }
        if concerns_quarantine {
            self.gauge.changed(&kept, &done, now).await;
        }
        Ok(())
    }
}

/// The latest time at which a message is tried alone, so that what is done is reported: a batch that runs out of time is
/// delivered again as a whole.
fn last_try(context: &Context) -> Time {
    let deadline = i64::try_from(context.deadline).ok().filter(|deadline| *deadline > 0).and_then(Time::from_millis);
    deadline.map_or(Time::LATEST, |deadline| deadline.plus_millis(-MAX_TRY_MS))
}

fn measure(measures: &mut Measures, delivery: &Delivery, effect: Effect, done: Time) {
    if effect == Effect::Duplicate {
        return measures.count("Duplicates");
    }
    measures.count("Grouped");
    match effect {
        Effect::Opened(..) => measures.count("Opened"),
        Effect::Joined(..) => measures.count("Joined"),
        _ => return,
    }
    measures.took("ReceiptToIncident", delivery.received_at, done);
}

fn fail(response: &mut SqsBatchResponse, message_id: String, error: &MessageError) {
    error!(message_id, %error, "message not grouped");
    response.add_failure(message_id);
}
