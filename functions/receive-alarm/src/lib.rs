//! Receives alarms of CloudWatch from EventBridge.

use serde_json::Value;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    function::{Error, EventFunction},
    queue::QueueError,
    service::receive_alarm::{AlarmReceipt, ReceiveAlarm},
    telemetry::metrics::{Measures, Metrics},
};
use tracing::{error, info};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    receive_alarm: ReceiveAlarm,
    metrics: Metrics,
}

impl EventFunction for Function {
    type Event = Value;
    type Answer = ();

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        Ok(Self { receive_alarm: ReceiveAlarm::new(environment, aws)?, metrics: Metrics::new(environment)? })
    }

    async fn answer(&self, event: Value, deadline: Deadline) {
        if let Err(error) = self.receive(&event, deadline).await {
            error!(%error, "the alarm was not accepted");
        }
    }

    /// A call that fails is tried again: by Lambda twice, then it goes to the dead-letter queue.
    async fn try_answer(&self, event: Value, deadline: Deadline) -> Result<(), Error> {
        Ok(self.receive(&event, deadline).await?)
    }
}

impl Function {
    async fn receive(&self, event: &Value, deadline: Deadline) -> Result<(), QueueError> {
        let now = clock::now();
        let received = self.receive_alarm.receive(event, now, deadline).await;
        let mut measures = Measures::default();
        measures.count(match &received {
            Ok(AlarmReceipt::Accepted(_)) => "Accepted",
            Ok(AlarmReceipt::Ignored(_)) => "Ignored",
            Ok(AlarmReceipt::Quarantined(_)) => "Quarantined",
            Err(_) => "RefusedUnavailable",
        });
        self.metrics.write(&measures, now);
        match received? {
            AlarmReceipt::Accepted(delivery_id) => info!(%delivery_id, "alarm accepted"),
            AlarmReceipt::Ignored(reason) => info!(reason, "alarm ignored"),
            AlarmReceipt::Quarantined(reason) => info!(reason, "alarm quarantined"),
        }
        Ok(())
    }
}
