//! Groups the deliveries of the queue into incidents, in batches. Only the messages that failed go
//! back to the queue.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::{Deadline, OutOfTime},
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
    /// It was not tried, or it was tried and nobody knows whether it took effect. It can be tried
    /// again either way.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

impl MessageError {
    /// Whether other messages would fail in the same way: a table is in trouble or may not be used,
    /// or there is no time left.
    const fn is_for_all(&self) -> bool {
        match self {
            Self::Group(error) => error.is_external(),
            Self::Sweep(error) => error.is_external(),
            Self::OutOfTime(_) => true,
            Self::Unreadable(_) | Self::StillFiring(_) | Self::Panicked => false,
        }
    }
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
            let Err(error) = self.group(together, &mut measures, deadline).await else { continue };
            // If the cause has nothing to do with the data, single messages would fail in the same
            // way. Otherwise one of them may be the cause, and the rest succeed when tried alone.
            let mut for_all = error.is_for_all().then_some(error);
            for message in together {
                if let Some(error) = &for_all {
                    fail(&mut response, message.0.clone(), error);
                } else if let Err(error) = self.group(std::slice::from_ref(message), &mut measures, deadline).await {
                    self.note(&message.0, &error, deadline).await;
                    fail(&mut response, message.0.clone(), &error);
                    for_all = error.is_for_all().then_some(error);
                }
            }
        }
        // Deliveries come first: a sweep may take long, and may go on later.
        let mut for_all = None;
        for (message_id, incident_id) in sweeps {
            if let Some(error) = &for_all {
                fail(&mut response, message_id, error);
            } else if let Err(error) = self.sweep(incident_id, deadline).await {
                fail(&mut response, message_id, &error);
                for_all = error.is_for_all().then_some(error);
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
    async fn sweep(&self, incident_id: IncidentId, deadline: Deadline) -> Result<(), MessageError> {
        let sweep = AssertUnwindSafe(self.resolve_alerts.sweep(incident_id, clock::now(), deadline));
        match deadline.bound(sweep.catch_unwind()).await?.map_err(|_| MessageError::Panicked)?? {
            0 => Ok(()),
            left => Err(MessageError::StillFiring(left)),
        }
    }

    /// Records why a message failed when it was tried alone. If the message becomes a dead letter,
    /// its quarantine entry shows this reason.
    async fn note(&self, message_id: &str, error: &MessageError, deadline: Deadline) {
        if error.is_for_all() {
            return;
        }
        let reason = error.to_string();
        let noted = deadline.bound(self.group_alerts.note_failure(message_id, &reason, clock::now())).await;
        match noted {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(message_id, %error, "could not record why the message failed"),
            Err(late) => warn!(message_id, error = %late, "could not record why the message failed"),
        }
    }

    async fn group(
        &self,
        messages: &[(String, Delivery)],
        measures: &mut Measures,
        deadline: Deadline,
    ) -> Result<(), MessageError> {
        let deliveries: Vec<&Delivery> = messages.iter().map(|(_, delivery)| delivery).collect();
        let grouping = AssertUnwindSafe(self.group_alerts.group_together(&deliveries, clock::now(), deadline));
        let effects = deadline.bound(grouping.catch_unwind()).await?.map_err(|_| MessageError::Panicked)??;
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
            self.gauge.changed(&kept, &done, now, deadline).await;
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
