//! Calls functions by their schedules, as Amazon does.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::json;
use tokio::{task::JoinSet, time::MissedTickBehavior};

use crate::{clock, lambda::Function};

/// A function and how often it is called.
pub struct Schedule {
    pub interval: Duration,
    pub function: Arc<Function>,
}

/// The running schedules.
pub struct Scheduler {
    tasks: JoinSet<()>,
    functions: Vec<Arc<Function>>,
}

impl Scheduler {
    /// Calls each function now, and then as often as its schedule says.
    #[must_use]
    pub fn start(schedules: Vec<Schedule>) -> Self {
        let functions = schedules.iter().map(|schedule| Arc::clone(&schedule.function)).collect();
        let mut tasks = JoinSet::new();
        for Schedule { interval, function } in schedules {
            tasks.spawn(async move {
                let mut ticks = tokio::time::interval(interval);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    call(&function).await;
                }
            });
        }
        Self { tasks, functions }
    }

    /// Calls each function once more, and waits for it.
    pub async fn run(&self) {
        join_all(self.functions.iter().map(|function| call(function))).await;
    }

    /// Begins no more calls.
    pub fn stop(mut self) {
        self.tasks.abort_all();
    }
}

async fn call(function: &Function) {
    let request_id = format!("{:016x}", fastrand::u64(..));
    let event = json!({
        "version": "0", "id": request_id, "detail-type": "Scheduled Event", "source": "aws.events",
        "time": clock::now().to_string(), "resources": [], "detail": {},
    });
    if let Err(error) = function.invoke(&event, &request_id).await {
        tracing::error!(request_id, %error, "a scheduled call failed");
    }
}
