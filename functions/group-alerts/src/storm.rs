//! A storm: many messages at once. They are grouped environment by environment, and one worker at a time groups those of
//! an environment. So an incident is written once for many alerts, and workers do not collide.

use std::{collections::VecDeque, time::Duration};

use shared::{
    clock, deadline::Deadline, domain::delivery::Delivery, queue::MAX_RECEIVED, service::group_alerts::Part,
    store::claims::Turn,
};
use tokio::time::{Instant, sleep};

use super::{
    Batch, Function,
    message::{self, MessageError, Received},
};

/// How many messages one call takes.
const MAX_MESSAGES: usize = 300;

/// How large they are together when no more are received. The last ten may have 10 MB more.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long a worker waits for the turns of others. Then it goes on without, and may collide.
const TURN_PATIENCE: Duration = Duration::from_secs(15);

/// When a worker takes its turn again, so that it does not end meanwhile.
const RENEW_AFTER: Duration = Duration::from_secs(1);

/// The longest pause after all environments that are left are those of others.
const MAX_PAUSE_MS: u64 = 40;

impl Function {
    /// If Lambda passed as many messages as it may, more wait: receives those that one call can take.
    pub(super) async fn receive_more(&self, messages: &mut Vec<Received<()>>, deadline: Deadline) {
        let mut bytes: usize = messages.iter().map(|message| message.body.len()).sum();
        while messages.len() >= MAX_RECEIVED && messages.len() + MAX_RECEIVED <= MAX_MESSAGES && bytes < MAX_BYTES {
            let received = deadline.bound(self.queue.receive()).await.unwrap_or_default();
            if received.is_empty() {
                return;
            }
            bytes += received.iter().map(|message| message.body.len()).sum::<usize>();
            messages.extend(received.into_iter().map(message::of_queue));
        }
    }

    /// Groups deliveries, each environment in its turn if they are many.
    pub(super) async fn group_all(&self, messages: &[Received<Delivery>], batch: &mut Batch, deadline: Deadline) {
        let deliveries: Vec<&Delivery> = messages.iter().map(|message| &message.content).collect();
        let parts = self.group_alerts.parts(&deliveries);
        let mut waiting: VecDeque<&[Part]> = parts.chunk_by(|one, next| one.environment == next.environment).collect();
        // Each worker begins elsewhere.
        waiting.rotate_left(fastrand::usize(..=waiting.len()) % waiting.len().max(1));
        let (worker, patience) = (fastrand::u64(..), deadline.within(TURN_PATIENCE));
        let mut for_all: Option<MessageError> = None;
        let mut turned_away = 0;
        while let Some(parts) = waiting.pop_front() {
            let environment = parts.first().and_then(|part| part.environment.as_deref());
            let turn = environment.filter(|_| for_all.is_none()).map(|environment| Turn { environment, worker });
            if let Some(turn) = turn
                && !patience.remaining().is_zero()
                && !self.group_alerts.take_turn(turn, clock::now(), deadline).await
            {
                waiting.push_back(parts);
                turned_away += 1;
                if turned_away >= waiting.len() {
                    turned_away = 0;
                    sleep(Duration::from_millis(fastrand::u64(1..=MAX_PAUSE_MS))).await;
                }
                continue;
            }
            turned_away = 0;
            let mut taken = Instant::now();
            for part in parts {
                if let Some(turn) = turn
                    && taken.elapsed() > RENEW_AFTER
                {
                    self.group_alerts.take_turn(turn, clock::now(), deadline).await;
                    taken = Instant::now();
                }
                let together = part.positions.iter().filter_map(|position| messages.get(*position));
                let together: Vec<&Received<Delivery>> = together.collect();
                match &for_all {
                    Some(error) => together.iter().for_each(|message| batch.goes_back(message, error)),
                    None => for_all = self.group_part(&together, batch, deadline).await,
                }
            }
            if let Some(turn) = turn {
                self.group_alerts.end_turn(turn, deadline).await;
            }
        }
    }

    /// Groups deliveries together, or one by one if that fails. Returns an error that others would meet, too.
    async fn group_part(
        &self,
        together: &[&Received<Delivery>],
        batch: &mut Batch,
        deadline: Deadline,
    ) -> Option<MessageError> {
        let error = self.group(together, &mut batch.measures, deadline).await.err()?;
        // If the cause has nothing to do with the data, single messages would fail in the same way. Otherwise one of them
        // may be the cause, and the rest succeed when tried alone.
        let mut for_all = error.is_for_all().then_some(error);
        for message in together {
            if let Some(error) = &for_all {
                batch.goes_back(message, error);
            } else if let Err(error) = self.group(&[message], &mut batch.measures, deadline).await {
                self.failed(batch, message, &error, deadline).await;
                for_all = error.is_for_all().then_some(error);
            }
        }
        for_all
    }
}
