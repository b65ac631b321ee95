//! What sources send in a scenario: few problems, so that deliveries share alerts and incidents.

use fastrand::Rng;
use shared::domain::{
    delivery::{Content, Delivery, DeliveryId, PackedBody},
    event::{AlertEvent, EventKind, KeyScope, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    time::Time,
};

const SERVICES: [Option<&str>; 4] = [Some("cart"), Some("ledger"), Some("web"), None];
const ENVIRONMENTS: [&str; 2] = ["production", "staging"];
const SOURCES: [&str; 2] = ["datadog", "sentry"];
const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

/// The minutes between the beginnings of problems: within each window of grouping and beyond.
const BEGINNINGS: [i64; 5] = [0, 2, 20, 45, 150];

/// A problem that a source reports.
struct Problem {
    source: &'static str,
    dedup_key: String,
    group_key: String,
    kind: ProblemKind,
    service: Option<&'static str>,
    environment: &'static str,
    began_at: Time,
    /// The longest time between two events, in minutes.
    pace: i64,
}

/// How a source reports a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProblemKind {
    /// Each event states its time.
    Timed,
    /// No event states its time, and the same bytes may come again.
    Untimed,
    /// The same problem in two environments is two. Some events name no environment.
    PerEnvironment,
    /// Reports: no event has an identity, receipt orders them, and the same is said again and again.
    Reported,
}

/// Whether a delivery is a report: it may repeat another, and then it has no claim.
pub fn is_report(delivery: &Delivery) -> bool {
    matches!(&delivery.content, Content::Event(event) if event.kind == EventKind::Report)
}

/// The deliveries of a scenario, in the order of each problem's events. All occur before `now`.
pub fn deliveries(random: &mut Rng, now: Time) -> Vec<Delivery> {
    let problems: Vec<Problem> = (0..random.u32(2..=8)).map(|number| problem(random, number, now)).collect();
    let mut deliveries: Vec<Delivery> = Vec::new();
    for problem in &problems {
        let mut at = problem.began_at;
        let mut last: Option<(AlertEvent, String)> = None;
        for _ in 0..random.u32(1..=14) {
            // Two events of a problem never have the same time.
            at = at.plus_millis(random.i64(1..=problem.pace * 60_000));
            let transition = if random.u8(..4) == 0 { Transition::Resolved } else { Transition::Firing };
            let is_untimed = matches!(problem.kind, ProblemKind::Untimed | ProblemKind::Reported);
            let again = last.take().filter(|_| is_untimed && random.u8(..3) == 0);
            let hash = format!("{:016x}", random.u64(..));
            let (event, hash) = again.unwrap_or_else(|| (event(random, problem, transition, at), hash));
            let event = AlertEvent { occurred_at: at, ordered_at: at, ..event };
            let received_at = if is_untimed { at } else { now };
            last = Some((event.clone(), hash.clone()));
            let content = Content::Event(Box::new(event));
            let number = deliveries.len();
            deliveries.push(Delivery { content_hash: hash, ..delivery(number, problem.source, received_at, content) });
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
    let kinds = [
        ProblemKind::Timed,
        ProblemKind::Timed,
        ProblemKind::Untimed,
        ProblemKind::PerEnvironment,
        ProblemKind::Reported,
        ProblemKind::Reported,
    ];
    let kind = one(random, &kinds);
    Problem {
        source: if kind == ProblemKind::Reported { "alertmanager" } else { one(random, &SOURCES) },
        dedup_key: format!("cycle:{number}"),
        // Some problems share a group.
        group_key: format!("monitor:{}", random.u32(..=number)),
        kind,
        service: one(random, &SERVICES),
        environment,
        began_at: now.plus_minutes(one(random, &BEGINNINGS) - 6 * 60),
        pace: one(random, &[1, 2, 15]),
    }
}

fn event(random: &mut Rng, problem: &Problem, transition: Transition, at: Time) -> AlertEvent {
    let severity = one(random, &SEVERITIES);
    let stated = StatedSeverity { value: severity, matched: "P2".to_owned(), confidence: 1.0 };
    let environment = match (problem.kind, transition) {
        (ProblemKind::PerEnvironment, Transition::Resolved) => None,
        (ProblemKind::PerEnvironment, Transition::Firing) => one(random, &[None, Some("production"), Some("staging")]),
        // The labels of a report tell its problem, so they are the same each time.
        _ if problem.kind == ProblemKind::Reported => Some(problem.environment),
        // What is stated beats what is assumed.
        _ => Some(problem.environment).filter(|_| random.u8(..8) > 0),
    };
    let source = Source::named(problem.source);
    AlertEvent {
        kind: if problem.kind == ProblemKind::Reported { EventKind::Report } else { EventKind::Change },
        group_key: problem.group_key.clone(),
        key_scope: match problem.kind {
            ProblemKind::PerEnvironment => KeyScope::ProblemPerEnvironment,
            ProblemKind::Timed | ProblemKind::Untimed | ProblemKind::Reported => KeyScope::Problem,
        },
        is_timed: !matches!(problem.kind, ProblemKind::Untimed | ProblemKind::Reported),
        title: format!("{} at {at}", problem.dedup_key),
        // Without a stated one, a severity is guessed.
        severity: Some(stated).filter(|_| random.u8(..4) > 0),
        service: problem.service.map(str::to_owned),
        environment: environment.map(str::to_owned),
        ..AlertEvent::bare(source, &problem.dedup_key, transition, at)
    }
}

/// The delivery with this number.
pub fn delivery(number: usize, source: &str, received_at: Time, content: Content) -> Delivery {
    Delivery {
        delivery_id: DeliveryId::new(format!("{source}-1-{number}")),
        source: Source::named(source),
        received_at,
        content,
        content_hash: "0".repeat(16),
        body: PackedBody::pack(format!("{{\"number\":{number}}}").as_bytes()),
        headers: std::collections::BTreeMap::new(),
        redrive_of: None,
    }
}

pub fn one<T: Copy>(random: &mut Rng, values: &[T]) -> T {
    values[random.usize(..values.len())]
}
