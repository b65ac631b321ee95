//! A random scenario of a seed.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use fastrand::Rng;
use futures::future::join_all;
use local::{Options, Stack};
use shared::{clock, domain::delivery::Delivery};
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
/// statuses. Then it checks the tables, sends the dead letters again, and checks once more.
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

    let dead = queue.dead();
    let mut outcome = Outcome {
        injected: faults.injected(),
        stopped: stopped.get(),
        lapses: queue.lapses(),
        dead: dead.len() as u64,
        deliveries: deliveries.len() as u64,
        changes: (asked.changes.len() + asked.resolutions.len()) as u64,
        ..Outcome::default()
    };
    let missing = poison.iter().filter(|poison| dead.iter().all(|dead| dead.body != **poison));
    outcome.violations.0.extend(missing.map(|poison| format!("the poison {poison} is not among the dead letters")));
    let ids = dead.iter().filter_map(|dead| serde_json::from_str::<Delivery>(&dead.body).ok());
    let ids: BTreeSet<String> = ids.map(|delivery| delivery.delivery_id.to_string()).collect();
    let people::Asked { changes, resolutions } = asked;
    let mut history = History { deliveries, dead: ids, changes, resolutions };
    outcome.violations.0.extend(invariants::check(&Tables::read(&stack).await, &history).0);

    let again = Queue::of(dead.into_iter().map(|dead| dead.body).filter(|body| !poison.contains(body)));
    let nobody = Cell::new(0);
    workers::work(&stack, &again, &faults, &random, &nobody).await;
    faults.wait_until_idle().await;
    history.dead.clear();
    let after = invariants::check(&Tables::read(&stack).await, &history);
    tokio::time::resume();
    outcome.violations.0.extend(after.0.into_iter().map(|violation| format!("after the redrive: {violation}")));
    stack.stop().await;
    outcome
}

/// The messages: each delivery once or several times, late and out of order, with messages that
/// cannot be parsed.
fn bodies(random: &mut Rng, deliveries: &[Delivery], poison: &[String]) -> Vec<String> {
    let spread = sources::one(random, &[1, 4, 60]);
    let mut sent: Vec<(usize, String)> = Vec::new();
    for (position, delivery) in deliveries.iter().enumerate() {
        let body = serde_json::to_string(delivery).expect("JSON");
        let times = if random.u8(..4) == 0 { random.usize(2..=3) } else { 1 };
        sent.extend((0..times).map(|_| (position + random.usize(..spread), body.clone())));
    }
    sent.extend(poison.iter().map(|poison| (random.usize(..deliveries.len()), poison.clone())));
    sent.sort_by_key(|(position, _)| *position);
    sent.into_iter().map(|(_, body)| body).collect()
}
