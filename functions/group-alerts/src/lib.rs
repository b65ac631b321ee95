//! Groups the deliveries of the queue into incidents, in batches. Only the messages that failed go
//! back to the queue.

mod message;

use std::{panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use message::{MessageError, Received};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery},
        id::EntryId,
        time::Time,
    },
    function::{Error, EventFunction},
    queue::{Message, Sweep},
    service::{
        end_redrive::EndRedrive,
        group_alerts::{Effect, GroupAlerts, MAX_DELIVERIES},
        quarantine_dead_letter::{FailedMessage, QuarantineDeadLetter},
        quarantine_gauge::QuarantineGauge,
        resolve_alerts::ResolveAlerts,
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
    end_redrive: EndRedrive,
    quarantine_dead_letter: QuarantineDeadLetter,
    metrics: Metrics,
    gauge: QuarantineGauge,
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
            end_redrive: EndRedrive::new(&tables)?,
            quarantine_dead_letter: QuarantineDeadLetter::new(&tables, fastrand::u64(..))?,
            gauge: QuarantineGauge::new(&tables, metrics.clone())?,
            metrics,
        })
    }

    /// Groups a batch. The answer names the messages that go back to the queue.
    async fn answer(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let last_try = deadline.leaving(MAX_TRY);
        let mut batch = Batch::default();
        let (mut deliveries, mut sweeps) = (Vec::new(), Vec::new());
        for message in event.records {
            let Received { id, body, content } = message::read(message.message_id, message.body);
            match content {
                Ok(Message::Delivery(delivery)) => deliveries.push(Received { id, body, content: *delivery }),
                Ok(Message::Sweep(sweep)) => sweeps.push(Received { id, body, content: sweep }),
                Err(error) => self.failed(&mut batch, &Received { id, body, content: () }, &error).await,
            }
        }
        for together in deliveries.chunks(MAX_DELIVERIES) {
            let Err(error) = self.group(together, &mut batch.measures).await else { continue };
            // If the cause has nothing to do with the data, single messages would fail in the same
            // way. Otherwise one of them may be the cause, and the rest succeed when tried alone.
            let is_for_all = error.is_external();
            for message in together {
                let alone = std::slice::from_ref(message);
                if is_for_all {
                    batch.goes_back(message, &error);
                } else if last_try.remaining().is_zero() {
                    batch.goes_back(message, &MessageError::OutOfTime);
                } else if let Err(error) = self.group(alone, &mut batch.measures).await {
                    self.failed(&mut batch, message, &error).await;
                }
            }
        }
        // Deliveries come first: a sweep may take long, and may go on later.
        for message in &sweeps {
            let is_late = last_try.remaining().is_zero();
            let swept = if is_late { Err(MessageError::OutOfTime) } else { self.sweep(message.content).await };
            if let Err(error) = swept {
                self.failed(&mut batch, message, &error).await;
            }
        }
        if !batch.quarantined.is_empty() {
            self.gauge.changed(&batch.quarantined, &[], clock::now()).await;
        }
        self.metrics.write(&batch.measures, clock::now());
        batch.response
    }
}

/// What became of the messages of a batch.
#[derive(Default)]
struct Batch {
    response: SqsBatchResponse,
    measures: Measures,
    /// The entries of those that are dead letters.
    quarantined: Vec<EntryId>,
}

impl Batch {
    fn goes_back<T>(&mut self, message: &Received<T>, error: &MessageError) {
        error!(message_id = message.id, %error, "the message failed and goes back to the queue");
        self.response.add_failure(message.id.clone());
        self.measures.count("Failed");
    }
}

impl Function {
    /// Decides what becomes of a message that failed when it was tried alone. It goes back to the queue,
    /// unless it has failed too often for a reason of its own.
    async fn failed<T>(&self, batch: &mut Batch, message: &Received<T>, error: &MessageError) {
        if !error.is_permanent() {
            return batch.goes_back(message, error);
        }
        let reason = error.to_string();
        match self.quarantine_dead_letter.failed(&message.id, &message.body, &reason, clock::now()).await {
            Ok(FailedMessage::GoesBack) => batch.goes_back(message, error),
            Ok(FailedMessage::Dead(entry_id)) => {
                let entry_id = entry_id.inspect(|id| batch.quarantined.push(*id));
                error!(message_id = message.id, entry_id = entry_id.map(display), %error, "the message is a dead letter");
                batch.measures.count("Failed");
            }
            Err(failure) => {
                warn!(message_id = message.id, error = %failure, "could not record why the message failed");
                batch.goes_back(message, error);
            }
        }
    }

    /// Ends the alerts that still fire in an incident that a person resolved.
    async fn sweep(&self, sweep: Sweep) -> Result<(), MessageError> {
        let swept = AssertUnwindSafe(self.resolve_alerts.sweep(sweep.sweep_incident, clock::now()));
        match swept.catch_unwind().await.map_err(|_| MessageError::Panicked)?? {
            0 => {}
            left => return Err(MessageError::StillFiring(left)),
        }
        if let Some(id) = sweep.redrive_of {
            self.end_redrive.end(id, clock::now()).await?;
            self.gauge.changed(&[], &[id], clock::now()).await;
        }
        Ok(())
    }

    async fn group(&self, messages: &[Received<Delivery>], measures: &mut Measures) -> Result<(), MessageError> {
        let deliveries: Vec<&Delivery> = messages.iter().map(|message| &message.content).collect();
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
