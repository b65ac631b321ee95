//! Runs the scenarios of many seeds.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use tests::{faults::Fault, variable};
use tokio::{runtime, time::timeout};

use crate::scenario::{self, Outcome};

/// The number of scenarios, unless `FAULT_SEEDS` is set.
const SEEDS: u64 = 24;

/// The number of parallel scenarios. They mostly wait.
const AT_ONCE: usize = 6;

/// A scenario usually takes seconds, since its time is paused while nobody works.
const SCENARIO_TIMEOUT: Duration = Duration::from_mins(2);

/// The paused time goes on by itself to what somebody waits for. Nobody waits this long, unless all
/// wait for each other.
const DEADLOCK_TIMEOUT: Duration = Duration::from_hours(48);

#[test]
fn every_accepted_delivery_takes_effect_exactly_once_under_faults() {
    let number = |name: &str| variable(name).map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("FAULT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FAULT_SEEDS").unwrap_or(SEEDS),
    };
    let next = AtomicU64::new(seeds.start);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let outcome = outcome_of(seed);
                    outcomes.lock().expect("no thread panics while it has this").push((seed, outcome));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("no thread panics while it has this");
    let failed: String =
        outcomes.iter().filter(|(_, outcome)| !outcome.violations.0.is_empty()).map(report_of).collect();
    let tally = tally(&outcomes);
    assert!(failed.is_empty(), "{failed}{tally:?}");
    if outcomes.len() as u64 >= SEEDS {
        let missing: Vec<_> = tally.iter().filter(|(_, count)| **count == 0).collect();
        assert!(missing.is_empty(), "nothing was proven of {missing:?} in {tally:?}");
    }
    say(&format!("{} scenarios: {tally:?}", outcomes.len()));
}

/// Runs a scenario on its own thread and runtime, so that ids and pauses come from the seed too.
fn outcome_of(seed: u64) -> Outcome {
    fastrand::seed(seed);
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(async {
        let (start, mut scenario) = (Instant::now(), pin!(scenario::run(seed)));
        let scenario = poll_fn(|context| match scenario.as_mut().poll(context) {
            Poll::Pending if start.elapsed() > SCENARIO_TIMEOUT => Poll::Ready(None),
            poll => poll.map(Some),
        });
        let outcome = timeout(DEADLOCK_TIMEOUT, scenario).await;
        outcome.ok().flatten().unwrap_or_else(|| {
            let mut outcome = Outcome::default();
            outcome.violations.0.push(format!("the scenario does not end within {SCENARIO_TIMEOUT:?}"));
            outcome
        })
    })
}

fn report_of((seed, outcome): &(u64, Outcome)) -> String {
    format!("seed {seed}: FAULT_SEED={seed} cargo test -p tests --test faults every_accepted\n{}", outcome.violations)
}

/// The counts of all scenarios together.
fn tally(outcomes: &[(u64, Outcome)]) -> BTreeMap<String, u64> {
    let mut tally: BTreeMap<String, u64> = Fault::ALL.map(|fault| (format!("{fault:?}"), 0)).into();
    let mut add = |name: &str, count: u64| *tally.entry(name.to_owned()).or_default() += count;
    for (_, outcome) in outcomes {
        for (fault, count) in &outcome.injected {
            add(&format!("{fault:?}"), *count);
        }
        add("stopped workers", outcome.stopped);
        add("messages with two workers", outcome.lapses);
        add("dead letters", outcome.dead);
        add("deliveries", outcome.deliveries);
        add("status changes", outcome.changes);
    }
    tally
}

#[expect(clippy::print_stdout, reason = "people who run many seeds want to know what happened in them")]
fn say(what: &str) {
    println!("{what}");
}
