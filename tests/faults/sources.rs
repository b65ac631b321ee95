//! What sources send in a scenario: few problems, so that deliveries meet.

use fastrand::Rng;
use shared::domain::{
    delivery::{Content, Delivery, DeliveryId, PackedBody},
    event::{AlertEvent, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    time::Time,
};

const SERVICES: [Option<&str>; 4] = [Some("cart"), Some("ledger"), Some("web"), None];
const ENVIRONMENTS: [&str; 2] = ["production", "staging"];
const SOURCES: [&str; 2] = ["datadog", "sentry"];
const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

/// How far apart the beginnings of problems are, in minutes: within each window of grouping and beyond.
const BEGINNINGS: [i64; 5] = [0, 2, 20, 45, 150];

/// A problem of which sources tell.
struct Problem {
    source: &'static str,
    dedup_key: String,
    group_key: String,
    service: Option<&'static str>,
    environment: &'static str,
    began_at: Time,
    /// How far apart its deliveries are at most, in minutes.
    pace: i64,
}

/// The deliveries of a scenario by the sources' clocks, each once. The last of them occur before `now`.
pub fn deliveries(random: &mut Rng, now: Time) -> Vec<Delivery> {
    let problems: Vec<Problem> = (0..random.u32(2..=8)).map(|number| problem(random, number, now)).collect();
    let mut deliveries = Vec::new();
    for problem in &problems {
        let mut at = problem.began_at;
        for _ in 0..random.u32(1..=14) {
            // No two deliveries of a problem are of the same moment.
            at = at.plus_millis(random.i64(1..=problem.pace * 60_000));
            let transition = if random.u8(..4) == 0 { Transition::Resolved } else { Transition::Firing };
            let content = Content::Event(Box::new(event(random, problem, transition, at)));
            deliveries.push(delivery(deliveries.len(), problem.source, now, content));
        }
    }
    for _ in 0..random.u32(..3) {
        let content = Content::Unreadable("the payload names no problem".to_owned());
        deliveries.push(delivery(deliveries.len(), "sentry", now, content));
    }
    deliveries
}

fn problem(random: &mut Rng, number: u32, now: Time) -> Problem {
    let environment = if random.u8(..4) == 0 { ENVIRONMENTS[1] } else { ENVIRONMENTS[0] };
    Problem {
        source: one(random, &SOURCES),
        dedup_key: format!("cycle:{number}"),
        // Some problems are of one group.
        group_key: format!("monitor:{}", random.u32(..=number)),
        service: one(random, &SERVICES),
        environment,
        began_at: now.plus_minutes(one(random, &BEGINNINGS) - 6 * 60),
        pace: one(random, &[1, 2, 15]),
    }
}

fn event(random: &mut Rng, problem: &Problem, transition: Transition, occurred_at: Time) -> AlertEvent {
    let severity = one(random, &SEVERITIES);
    AlertEvent {
        source: Source::named(problem.source),
        external_id: None,
        dedup_key: problem.dedup_key.clone(),
        group_key: problem.group_key.clone(),
        transition,
        occurred_at,
        title: format!("{} at {occurred_at}", problem.dedup_key),
        message: None,
        severity: Some(StatedSeverity { value: severity, matched: "P2".to_owned(), confidence: 1.0 }),
        service: problem.service.map(str::to_owned),
        environment: Some(problem.environment.to_owned()),
        team: None,
        tags: Vec::new(),
        link: None,
    }
}

fn delivery(number: usize, source: &str, received_at: Time, content: Content) -> Delivery {
    Delivery {
        delivery_id: DeliveryId::new(format!("{source}-1-{number}")),
        source: Source::named(source),
        received_at,
        content,
        // `{}`
        body: PackedBody { gzip: PACKED.to_vec(), length: 2, truncated: false },
        headers: std::collections::BTreeMap::new(),
        redrive_of: None,
    }
}

/// `{}`, packed with gzip.
const PACKED: [u8; 22] = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0];

pub fn one<T: Copy>(random: &mut Rng, values: &[T]) -> T {
    values[random.usize(..values.len())]
}
