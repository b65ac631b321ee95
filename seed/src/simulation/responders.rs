//! How people change the status of an outage's incident, and what they write.

use jiff::{SignedDuration, Timestamp};
use shared::domain::status::Status;

use super::outage::{Outage, ResponderBehaviour};
use crate::{
    company::{Bounds, Env, Phrases},
    random::Random,
};

/// The earliest review. Two outages of production are younger, so some incidents are resolved and
/// not yet closed, at any time of the day.
const REVIEWED_AFTER: SignedDuration = SignedDuration::from_hours(47);

/// A person changes the status of the incident.
#[derive(Debug)]
pub struct StatusChange {
    pub at: Timestamp,
    pub to: Status,
    pub actor: &'static str,
    pub comment: String,
}

/// The time between the first and the last webhook of an outage.
#[derive(Debug, Clone, Copy)]
pub struct AlertedPeriod {
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// The status changes of an outage's incident, in order of time.
pub fn status_changes(
    outage: &Outage,
    alerted: AlertedPeriod,
    phrases: &'static Phrases,
    random: &mut Random,
) -> Vec<StatusChange> {
    let acknowledged_after = match outage.behaviour {
        ResponderBehaviour::Absent => return Vec::new(),
        ResponderBehaviour::Investigating => Bounds::new(3, 9),
        ResponderBehaviour::Resolving { acknowledged_after_minutes } => acknowledged_after_minutes,
    };
    let people = &outage.scenario.first.team.people;
    let mut on_call = random.rng.usize(..people.len());
    let acknowledged_at = alerted.first_at + random.minutes(acknowledged_after);
    let mut changes = vec![StatusChange {
        at: acknowledged_at,
        to: Status::Investigating,
        actor: &people[on_call],
        comment: investigating(outage, phrases, random),
    }];
    if !outage.behaviour.resolves() {
        return changes;
    }
    let resolved_at = acknowledged_at.max(alerted.last_at) + random.minutes(Bounds::new(4, 22));
    if random.percent(20) {
        // The next person on call has taken over.
        on_call = (on_call + 1) % people.len();
    }
    changes.push(StatusChange {
        at: resolved_at,
        to: Status::Resolved,
        actor: &people[on_call],
        comment: resolved(outage, phrases),
    });
    // Some incidents are never reviewed.
    if random.percent(92) {
        changes.push(StatusChange {
            at: resolved_at + REVIEWED_AFTER + random.minutes(Bounds::new(0, 600)),
            to: Status::Closed,
            actor: &people[random.rng.usize(..people.len())],
            comment: closed(outage, phrases, random),
        });
    }
    changes
}

fn investigating(outage: &Outage, phrases: &Phrases, random: &mut Random) -> String {
    if outage.is_relapse {
        return random.one_of(&phrases.relapse_investigating).to_owned();
    }
    let greeting = random.one_of(&phrases.greetings);
    format!("{greeting}{}", outage.scenario.comments.investigating)
}

fn resolved(outage: &Outage, phrases: &Phrases) -> String {
    let resolved = &outage.scenario.comments.resolved;
    if outage.is_relapse { format!("{} {resolved}", phrases.relapse_resolved) } else { resolved.clone() }
}

fn closed(outage: &Outage, phrases: &Phrases, random: &mut Random) -> String {
    let scenario = outage.scenario;
    let ticket = format!("{}-{}", scenario.first.team.tickets, random.rng.u32(1100..4800));
    let is_small = scenario.waves.len() == 1;
    if is_small || outage.env == Env::Staging {
        return random.one_of(&phrases.closed_without_review).to_owned();
    }
    let review = random.one_of(&phrases.closed_after_review);
    let day = outage.starts_at.strftime("%Y-%m-%d").to_string();
    let contacts = random.rng.u32(4..180).to_string();
    review.replace("{ticket}", &ticket).replace("{day}", &day).replace("{contacts}", &contacts)
}
