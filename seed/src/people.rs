//! What people do about an outage, and what they write.

use jiff::SignedDuration;
use shared::domain::status::Status;

use crate::{
    Delivery,
    company::Stage,
    outage::{Care, Chance, Change, Outage},
};

/// The changes of an outage's incident, in order of time.
pub(crate) fn changes(outage: &Outage, deliveries: &[Delivery], chance: &mut Chance) -> Vec<Change> {
    let (Some(first), Some(last)) = (deliveries.first(), deliveries.last()) else {
        return Vec::new();
    };
    let taken_after = match outage.care {
        Care::Nobody => return Vec::new(),
        Care::Somebody => (3, 9),
        Care::Over { taken_after } => taken_after,
    };
    let people = outage.team().people();
    let mut shift = chance.0.usize(..people.len());
    let mut changes = vec![Change {
        at: first.at + chance.minutes(taken_after),
        to: Status::Investigating,
        actor: people[shift],
        comment: taken(outage, chance),
    }];
    if !outage.care.is_over() {
        return changes;
    }
    let resolved_at = changes[0].at.max(last.at) + chance.minutes((4, 22));
    if chance.percent(20) {
        // Somebody has taken over.
        shift = (shift + 1) % people.len();
    }
    changes.push(Change { at: resolved_at, to: Status::Resolved, actor: people[shift], comment: resolved(outage) });
    // Sometimes nobody gets round to the review.
    if chance.percent(92) {
        changes.push(Change {
            at: resolved_at + SignedDuration::from_hours(20) + chance.minutes((0, 600)),
            to: Status::Closed,
            actor: people[chance.0.usize(..people.len())],
            comment: closed(outage, chance),
        });
    }
    changes
}

fn taken(outage: &Outage, chance: &mut Chance) -> String {
    if outage.relapse {
        let said = chance.one_of(&[
            "It is back, with the same graphs as before. Picking up where we stopped.",
            "Again. We called it too early; reopening the bridge.",
            "Same signs as in the incident before this one. The fix did not hold.",
        ]);
        return said.to_owned();
    }
    let greeting = chance.one_of(&["", "", "", "On it. ", "Taking this. ", "Looking. "]);
    format!("{greeting}{}", outage.scenario.noticed)
}

fn resolved(outage: &Outage) -> String {
    if outage.relapse {
        return format!("This time for good, watched it for a quarter of an hour. {}", outage.scenario.resolved);
    }
    outage.scenario.resolved.to_owned()
}

fn closed(outage: &Outage, chance: &mut Chance) -> String {
    let ticket = format!("{}-{}", outage.team().tickets(), chance.0.u32(1100..4800));
    let is_small = outage.scenario.waves.len() == 1;
    if is_small || outage.stage == Stage::Staging {
        let said =
            chance.one_of(&["Nothing to follow up.", "Closing.", "Threshold looked at, stays as it is.", "Done."]);
        return said.to_owned();
    }
    match chance.0.u8(..5) {
        0 => format!("Reviewed in the weekly. Follow-up: {ticket}."),
        1 => {
            let day = outage.start.strftime("%Y-%m-%d");
            format!("Post-mortem: https://wiki.hafenmarkt.example/postmortems/{day}. Actions in {ticket}.")
        }
        2 => format!("Timeline checked with customer care, {} contacts. {ticket} for the fix.", chance.0.u32(4..180)),
        3 => format!("Runbook amended, {ticket} is done. Closing – merci à tous."),
        _ => "No follow-up beyond what is written above.".to_owned(),
    }
}
