//! Evidence in sentences.

use std::fmt::Write;

use super::{Fact, GroupingDecision, ScoredIncident, Weighing};

/// What the evidence says: `40 s after its last problem (−0.67), needs payment (+0.75).`
pub(super) fn sentence(decision: GroupingDecision, weighing: &Weighing) -> String {
    let mut text = match (&weighing.best, decision) {
        (Some(best), GroupingDecision::Joined) => format!("Joined: {}. {}.", facts(best), score(best, weighing)),
        (Some(best), _) => {
            format!(
                "The evidence is too weak. Best: {} ({}). {}.",
                best.incident_id,
                facts(best),
                score(best, weighing)
            )
        }
        (None, _) => "No other incident of its environment is active.".to_owned(),
    };
    if let Some(other) = &weighing.runner_up {
        let _ = write!(text, " Next best: {} with {}.", other.incident_id, signed(other.score));
    }
    let delay = duration(weighing.usual_delay_seconds.into());
    let late = match weighing.supposed_from {
        _ if weighing.usual_delay_seconds == 0 => return text,
        None => format!("is usually {delay} late"),
        Some(1) => format!("may be {delay} late, as the only time before"),
        Some(times) => format!("may be {delay} late, as in some of {times} times before"),
    };
    let _ = write!(text, " Its monitor {late}: the problem began so long before.");
    if weighing.supposed_from.is_some() {
        text.push_str(" By its own time it would join nothing.");
    }
    text
}

fn score(of: &ScoredIncident, weighing: &Weighing) -> String {
    format!("Score {}, needed {}", signed(of.score), signed(weighing.needed))
}

fn facts(of: &ScoredIncident) -> String {
    let facts: Vec<String> =
        of.parts.iter().map(|part| format!("{} ({})", fact(&part.fact), signed(part.points))).collect();
    facts.join(", ")
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Within => "while its problems began".to_owned(),
        Fact::Before { seconds } => format!("{} before its first problem", duration(*seconds)),
        Fact::After { seconds } => format!("{} after its last problem", duration(*seconds)),
        Fact::Late { seconds } => format!("{} later than outages spread", duration(*seconds)),
        Fact::NoService => "no service to compare".to_owned(),
        Fact::SameService => "the same service".to_owned(),
        Fact::Needs { service } => format!("needs {service}"),
        Fact::NeededBy { service } => format!("is needed by {service}"),
        Fact::TwoApart { service } => format!("two dependencies from {service}"),
        Fact::Far => "depends on none of its services".to_owned(),
        Fact::Undeclared => "no declared dependency".to_owned(),
        Fact::Together { service, together, outages } => {
            format!("with {service} in {together} of its {outages} outages")
        }
    }
}

/// A time that people grasp: seconds up to two minutes, then minutes.
#[must_use]
pub fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

/// With a sign, and without zeros at the end.
fn signed(points: f64) -> String {
    let digits = format!("{:.2}", points.abs());
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let sign = if points < 0.0 {
        "−"
    } else if points > 0.0 {
        "+"
    } else {
        ""
    };
    format!("{sign}{digits}")
}
