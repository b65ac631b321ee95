//! Groups the deliveries of the queue into incidents, in batches. Only the messages that failed go
//! back to the queue.

mod message;
mod storm;

use std::{collections::HashSet, panic::AssertUnwindSafe};

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
    queue::{Message, Queue, Sweep},
    service::{
        end_redrive::EndRedrive,
        group_alerts::{Effect, GroupAlerts},
        quarantine_dead_letter::{FailedMessage, QuarantineDeadLetter},
        quarantine_gauge::QuarantineGauge,
        sweep_incident::SweepIncident,
    },
    store::Tables,
    telemetry::metrics::{Measures, Metrics},
};
use tracing::{error, warn};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    group_alerts: GroupAlerts,
    sweep_incident: SweepIncident,
    end_redrive: EndRedrive,
    quarantine_dead_letter: QuarantineDeadLetter,
    metrics: Metrics,
    gauge: QuarantineGauge,
    queue: Queue,
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
            sweep_incident: SweepIncident::new(&tables)?,
            end_redrive: EndRedrive::new(&tables)?,
            quarantine_dead_letter: QuarantineDeadLetter::new(&tables, fastrand::u64(..))?,
            gauge: QuarantineGauge::new(&tables, metrics.clone())?,
            queue: Queue::new(environment, aws)?,
            metrics,
        })
    }

    /// Groups a batch, and more of the queue if there are many. The answer names the messages that go back to the queue.
    async fn answer(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let mut batch = Batch::default();
        let (mut deliveries, mut sweeps, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        let mut messages: Vec<Received<()>> = event.records.into_iter().map(message::of_lambda).collect();
        self.receive_more(&mut messages, deadline).await;
        let receipts: Vec<(String, String)> =
            messages.iter().filter_map(|message| Some((message.id.clone(), message.receipt.clone()?))).collect();
        for message in messages {
            match Message::read(&message.body) {
                Ok(Message::Delivery(delivery)) => deliveries.push(message.saying(*delivery)),
                Ok(Message::Sweep(sweep)) => sweeps.push(message.saying(sweep)),
                Err(error) => unreadable.push(message.saying(MessageError::from(error))),
            }
        }
        self.group_all(&deliveries, &mut batch, deadline).await;
        // Deliveries come first: a sweep may take long, and may go on later.
        let mut for_all = None;
        for message in &sweeps {
            if let Some(error) = &for_all {
                batch.goes_back(message, error);
            } else if let Err(error) = self.sweep(message.content, deadline).await {
                self.failed(&mut batch, message, &error, deadline).await;
                for_all = error.is_for_all().then_some(error);
            }
        }
        for message in &unreadable {
            self.failed(&mut batch, message, &message.content, deadline).await;
        }
        if !batch.quarantined.is_empty() {
            self.gauge.changed(&batch.quarantined, &[], clock::now(), deadline).await;
        }
        self.metrics.write(&batch.measures, clock::now());
        let done = receipts.iter().filter(|(id, _)| !batch.kept.contains(id)).map(|(_, receipt)| receipt.as_str());
        self.queue.delete(&done.collect::<Vec<_>>()).await;
        batch.response
    }
}

/// What became of the messages of a batch.
#[derive(Default)]
struct Batch {
    /// Names the messages of Lambda that go back to the queue.
    response: SqsBatchResponse,
    /// The messages that the function received itself and that go back.
    kept: HashSet<String>,
    measures: Measures,
    /// The entries of those that are dead letters.
    quarantined: Vec<EntryId>,
}

impl Batch {
    fn goes_back<T>(&mut self, message: &Received<T>, error: &MessageError) {
        error!(message_id = message.id, %error, "the message failed and goes back to the queue");
        if message.receipt.is_some() {
            self.kept.insert(message.id.clone());
        } else {
            self.response.add_failure(message.id.clone());
        }
        self.measures.count("Failed");
    }
}

impl Function {
    /// Decides what becomes of a message that failed when it was tried alone. It goes back to the queue,
    /// unless it has failed too often for a reason of its own.
    async fn failed<T>(&self, batch: &mut Batch, message: &Received<T>, error: &MessageError, deadline: Deadline) {
        if !error.is_permanent() {
            return batch.goes_back(message, error);
        }
        let reason = error.to_string();
        let now = clock::now();
        let noted = self.quarantine_dead_letter.failed(&message.id, &message.body, &reason, now, deadline);
        match deadline.bound(noted).await.map_err(MessageError::from).and_then(|noted| Ok(noted?)) {
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

    /// Moves the alerts that are left in an incident that was merged, or ends those that still fire in one that was
    /// resolved.
    async fn sweep(&self, sweep: Sweep, deadline: Deadline) -> Result<(), MessageError> {
        let swept = AssertUnwindSafe(self.sweep_incident.sweep(sweep.sweep_incident, clock::now(), deadline));
        match deadline.bound(swept.catch_unwind()).await?.map_err(|_| MessageError::Panicked)?? {
            0 => {}
            left => return Err(MessageError::StillLeft(left)),
        }
        if let Some(id) = sweep.redrive_of {
            deadline.bound(self.end_redrive.end(id, clock::now(), deadline)).await??;
            self.gauge.changed(&[], &[id], clock::now(), deadline).await;
        }
        Ok(())
    }

    async fn group(
        &self,
        messages: &[&Received<Delivery>],
        measures: &mut Measures,
        deadline: Deadline,
    ) -> Result<(), MessageError> {
        let deliveries: Vec<&Delivery> = messages.iter().map(|message| &message.content).collect();
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
