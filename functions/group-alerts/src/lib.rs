//! Groups the deliveries of the queue into incidents, in batches. Only the messages that failed go
//! back to the queue.

use std::{panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery},
        id::IncidentId,
        time::Time,
    },
    function::{Error, EventFunction},
    queue::Sweep,
    service::{
        group_alerts::{Effect, GroupAlerts, GroupError, MAX_DELIVERIES},
        quarantine_gauge::QuarantineGauge,
        resolve_alerts::{ResolveAlertError, ResolveAlerts},
    },
    store::Tables,
    telemetry::metrics::{Measures, Metrics},
};
use tracing::{error, warn};

/// A message is tried alone, and a sweep begins, only if this much time is left before the function ends. The pauses
/// between its attempts take 7 s on average, see `shared::service::retry`.
const MAX_TRY: Duration = Duration::from_secs(12);

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    group_alerts: GroupAlerts,
    resolve_alerts: ResolveAlerts,
    metrics: Metrics,
    gauge: QuarantineGauge,
}

/// Why a message failed. It goes back to the queue. After `maxReceiveCount` attempts,
/// SQS moves it to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error("the message is not a delivery: {:?} error at line {}, column {}", .0.classify(), .0.line(), .0.column())]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error(transparent)]
    Sweep(#[from] ResolveAlertError),
    /// The index does not show these alerts yet, so the sweep must run again.
    #[error("the index does not show {0} firing alerts of a resolved incident yet")]
    StillFiring(u64),
    #[error("the function panicked on the message")]
    Panicked,
    #[error("no time was left for the message")]
    OutOfTime,
}

impl EventFunction for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let metrics = Metrics::new(environment)?;
        let group_alerts = GroupAlerts::new(&tables, fastrand::u64(..))?;
        group_alerts.warm().await;
        Ok(Self {
            group_alerts,
            resolve_alerts: ResolveAlerts::new(&tables)?,
            gauge: QuarantineGauge::new(&tables, metrics.clone())?,
            metrics,
        })
    }

    /// Groups a batch. The answer names the messages that go back to the queue.
    async fn answer(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let last_try = deadline.leaving(MAX_TRY);
        let mut response = SqsBatchResponse::default();
        let mut measures = Measures::default();
        let (mut readable, mut sweeps) = (Vec::new(), Vec::new());
        for message in event.records {
            let message_id = message.message_id.unwrap_or_default();
            let body = message.body.as_deref().unwrap_or_default();
            match serde_json::from_str::<Delivery>(body) {
                Ok(delivery) => readable.push((message_id, delivery)),
                Err(error) => match serde_json::from_str::<Sweep>(body) {
                    Ok(Sweep { sweep_incident }) => sweeps.push((message_id, sweep_incident)),
                    Err(_) => fail(&mut response, message_id, &MessageError::Unreadable(error)),
                },
            }
        }
        for together in readable.chunks(MAX_DELIVERIES) {
            let Err(error) = self.group(together, &mut measures).await else { continue };
            // If the cause has nothing to do with the data, single messages would fail in the same
            // way. Otherwise one of them may be the cause, and the rest succeed when tried alone.
            let is_for_all = matches!(&error, MessageError::Group(error) if error.is_external());
            for message in together {
                let alone = std::slice::from_ref(message);
                if is_for_all {
                    fail(&mut response, message.0.clone(), &error);
                } else if last_try.remaining().is_zero() {
                    fail(&mut response, message.0.clone(), &MessageError::OutOfTime);
                } else if let Err(error) = self.group(alone, &mut measures).await {
                    self.note(&message.0, &error).await;
                    fail(&mut response, message.0.clone(), &error);
                }
            }
        }
        // Deliveries come first: a sweep may take long, and may go on later.
        for (message_id, incident_id) in sweeps {
            let is_late = last_try.remaining().is_zero();
            let swept = if is_late { Err(MessageError::OutOfTime) } else { self.sweep(incident_id).await };
            if let Err(error) = swept {
                fail(&mut response, message_id, &error);
            }
        }
        for _ in &response.batch_item_failures {
            measures.count("Failed");
        }
        self.metrics.write(&measures, clock::now());
        response
    }
}

impl Function {
    /// Ends the alerts that still fire in an incident that a person resolved.
    async fn sweep(&self, incident_id: IncidentId) -> Result<(), MessageError> {
        let sweep = AssertUnwindSafe(self.resolve_alerts.sweep(incident_id, clock::now()));
        match sweep.catch_unwind().await.map_err(|_| MessageError::Panicked)?? {
            0 => Ok(()),
            left => Err(MessageError::StillFiring(left)),
        }
    }

    /// Records why a message failed when it was tried alone. If the message becomes a dead letter,
    /// its quarantine entry shows this reason.
    async fn note(&self, message_id: &str, error: &MessageError) {
        if matches!(error, MessageError::Group(error) if error.is_external()) {
            return;
        }
        let noted = self.group_alerts.note_failure(message_id, &error.to_string(), clock::now()).await;
        if let Err(error) = noted {
            warn!(message_id, %error, "could not record why the message failed");
        }
    }

    async fn group(&self, messages: &[(String, Delivery)], measures: &mut Measures) -> Result<(), MessageError> {
        let deliveries: Vec<&Delivery> = messages.iter().map(|(_, delivery)| delivery).collect();
        let grouping = AssertUnwindSafe(self.group_alerts.group_together(&deliveries, clock::now()));
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
    error!(message_id, %error, "the message failed and goes back to the queue");
    response.add_failure(message_id);
}
