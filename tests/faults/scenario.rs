//! A random scenario of a seed.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use fastrand::Rng;
use futures::future::join_all;
use local::{Options, Stack};
use shared::{clock, domain::delivery::Delivery, queue};
use tests::faults::{Fault, FaultInjector, FaultRates};

use crate::{
    invariants::{self, History, Violations},
    people,
    queue::Queue,
    sources,
    tables::Tables,
    workers,
};

/// The result of a scenario.
#[derive(Debug, Default)]
pub struct Outcome {
    pub violations: Violations,
    pub injected: BTreeMap<Fault, u64>,
    /// How often a worker was stopped, a message was with two workers at once, and a message became
    /// a dead letter.
    pub stopped: u64,
    pub lapses: u64,
    pub dead: u64,
    pub deliveries: u64,
    pub changes: u64,
}

/// Runs a scenario: sources send, workers group under faults and are stopped, people change
/// statuses. Then it checks the tables.
pub async fn run(seed: u64) -> Outcome {
    let random = RefCell::new(Rng::with_seed(seed));
    let rates = FaultRates::each(sources::one(&mut random.borrow_mut(), &[10, 30, 60]));
    let faults = FaultInjector::seeded(seed, rates);
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    tokio::time::pause();

    let deliveries = sources::deliveries(&mut random.borrow_mut(), clock::now());
    let poison: Vec<String> =
        (0..random.borrow_mut().u32(..3)).map(|number| format!("{{\"poison\":{number}}}")).collect();
    let queue = Queue::of(bodies(&mut random.borrow_mut(), &deliveries, &poison));
    let stopped = Cell::new(0);
    let count = random.borrow_mut().usize(2..=4);
    let workers = join_all((0..count).map(|_| workers::work(&stack, &queue, &faults, &random, &stopped)));
    let (asked, _) = futures::join!(people::review(&stack, &queue, &faults, &random), workers);
    faults.pause();
    faults.wait_until_idle().await;

    let tables = Tables::read(&stack).await.with_payloads(&stack).await;
    let mut outcome = Outcome {
        injected: faults.injected(),
        stopped: stopped.get(),
        lapses: queue.lapses(),
        dead: tables.quarantined_messages.len() as u64,
        deliveries: deliveries.len() as u64,
        changes: (asked.changes.len() + asked.resolutions.len()) as u64,
        ..Outcome::default()
    };
    let mut quarantined = tables.quarantined_messages.clone();
    quarantined.sort_unstable();
    if quarantined != poison {
        outcome.violations.0.push(format!("the quarantine holds {quarantined:?} instead of {poison:?}"));
    }
    let given_up = queue.dead();
    if !given_up.is_empty() {
        outcome.violations.0.push(format!("the queue gave up {given_up:?}"));
    }
    let people::Asked { changes, resolutions } = asked;
    let history = History { deliveries, changes, resolutions, ..History::default() };
    outcome.violations.0.extend(invariants::check(&tables, &history).0);
    tokio::time::resume();
    stack.stop().await;
    outcome
}

/// The messages: each delivery once or several times, late and out of order, alone or with others, with messages
/// that cannot be parsed.
fn bodies(random: &mut Rng, deliveries: &[Delivery], poison: &[String]) -> Vec<String> {
    let spread = sources::one(random, &[1, 4, 60]);
    let mut sent: Vec<(usize, &Delivery)> = Vec::new();
    for (position, delivery) in deliveries.iter().enumerate() {
        let times = if random.u8(..4) == 0 { random.usize(2..=3) } else { 1 };
        sent.extend((0..times).map(|_| (position + random.usize(..spread), delivery)));
    }
    sent.sort_by_key(|(position, _)| *position);
    let mut waiting: Vec<Delivery> = sent.into_iter().map(|(_, delivery)| delivery.clone()).collect();
    let mut messages = Vec::new();
    while !waiting.is_empty() {
        let together = if random.bool() { 1 } else { random.usize(1..=12).min(waiting.len()) };
        messages.extend(queue::messages(&waiting.drain(..together).collect::<Vec<_>>()).expect("JSON"));
    }
    for poison in poison {
        messages.insert(random.usize(..=messages.len()), poison.clone());
    }
    messages
}
