//! A simulated queue: it delivers at least once and in any order, and gives a message up after as many
//! attempts as SQS does. A seed decides when a message comes back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tokio::sync::Notify;

/// The attempts before a message is given up, as in template.yaml.
const RECEPTIONS: u32 = 1000;

/// The largest batch. Lambda passes 10 messages; a worker that receives more itself has as many, and more.
const BATCH: usize = 30;

/// How many of a hundred receptions take a message that another worker still has, because its
/// visibility timeout passed.
const LAPSES: u8 = 8;

/// A message that a worker receives.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub body: String,
}

#[derive(Debug)]
struct Held {
    message: Message,
    receptions: u32,
    /// The number of workers that have it.
    workers: u32,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    messages: Mutex<Vec<Held>>,
    dead: Mutex<Vec<Message>>,
    lapses: Mutex<u64>,
    changed: Notify,
}

impl Queue {
    /// A queue with these messages.
    pub fn of(bodies: impl IntoIterator<Item = String>) -> Self {
        let held = |(number, body)| Held {
            message: Message { id: format!("message-{number}"), body },
            receptions: 0,
            workers: 0,
        };
        Self { messages: Mutex::new(bodies.into_iter().enumerate().map(held).collect()), ..Self::default() }
    }

    /// Waits for a batch. `None` if the queue is empty.
    pub async fn receive(&self, random: &mut Rng) -> Option<Vec<Message>> {
        loop {
            let changed = self.changed.notified();
            let batch = self.take(random);
            if !batch.is_empty() {
                return Some(batch);
            }
            if locked(&self.messages).is_empty() {
                return None;
            }
            changed.await;
        }
    }

    fn take(&self, random: &mut Rng) -> Vec<Message> {
        let mut messages = locked(&self.messages);
        let (spent, mut rest): (Vec<Held>, Vec<Held>) =
            messages.drain(..).partition(|held| held.workers == 0 && held.receptions == RECEPTIONS);
        if !spent.is_empty() {
            locked(&self.dead).extend(spent.into_iter().map(|held| held.message));
            self.changed.notify_waiters();
        }
        // Small batches are more frequent, so that there are more requests.
        let largest = random.usize(1..=BATCH);
        let most = random.usize(1..=largest);
        let mut batch = Vec::new();
        for held in &mut rest {
            let lapses = held.workers > 0 && random.u8(..100) < LAPSES;
            if batch.len() < most && held.receptions < RECEPTIONS && (held.workers == 0 || lapses) {
                *locked(&self.lapses) += u64::from(lapses);
                held.receptions += 1;
                held.workers += 1;
                batch.push(held.message.clone());
            }
        }
        *messages = rest;
        batch
    }

    /// Deletes a message that a worker processed.
    pub fn delete(&self, id: &str) {
        locked(&self.messages).retain(|held| held.message.id != id);
        self.changed.notify_waiters();
    }

    /// Makes a message visible again, at a random position, after a worker failed or was stopped.
    pub fn give_back(&self, id: &str, random: &mut Rng) {
        let mut messages = locked(&self.messages);
        if let Some(position) = messages.iter().position(|held| held.message.id == id) {
            let mut held = messages.remove(position);
            held.workers -= 1;
            let anywhere = random.usize(..=messages.len());
            messages.insert(anywhere, held);
        }
        self.changed.notify_waiters();
    }

    /// Waits until a message is deleted or given back. `false` if the queue is empty.
    pub async fn moves(&self) -> bool {
        let changed = self.changed.notified();
        if locked(&self.messages).is_empty() {
            return false;
        }
        changed.await;
        true
    }

    /// The dead letters.
    pub fn dead(&self) -> Vec<Message> {
        locked(&self.dead).clone()
    }

    /// How often a message was with two workers at once.
    pub fn lapses(&self) -> u64 {
        *locked(&self.lapses)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
