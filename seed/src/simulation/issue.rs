//! What Sentry sends while an issue's events come in.

use jiff::Timestamp;

use super::{
    issue_tracker::{IssueTracker, Occurrence},
    outbox::{Outbox, Sending},
    running::RunningOutage,
    schedule::ScheduledSignal,
};
use crate::{
    company::{Env, IssueDefinition},
    sentry::{Actor, Comment, Event, EventResource, Issue, IssueAction},
};

/// Runs the issues of outages.
#[derive(Debug)]
pub struct IssueRunner {
    pub tracker: IssueTracker,
    /// Texts of comments on issues.
    pub comments: &'static [String],
}

impl IssueRunner {
    /// Sends everything from the first event to the resolution, if there is one.
    pub fn run(
        &mut self,
        outbox: &mut Outbox,
        outage: RunningOutage,
        scheduled: &ScheduledSignal,
        definition: &'static IssueDefinition,
    ) {
        let RunningOutage { env, behaviour, ends_at } = outage;
        let ScheduledSignal { at, arrival, signal, .. } = *scheduled;
        let Occurrence { issue, came_back } = self.tracker.occur(signal.service, definition, env, at, outbox.random);
        let first = Sending { at, arrival };
        // The webhook of an issue names no environment and counts as production.
        if env == Env::Production && outbox.random.percent(45) {
            let action = if came_back { IssueAction::Unresolved } else { IssueAction::Created };
            outbox.send_sentry(first, "issue", &issue.body(action, Actor::SENTRY));
        } else {
            let resource = if outbox.random.percent(25) { EventResource::Error } else { EventResource::EventAlert };
            send_event(outbox, &issue, env, resource, first);
        }
        let again_at = at + outbox.random.seconds(180..=1200);
        if again_at < ends_at && outbox.random.percent(12) {
            send_event(outbox, &issue, env, EventResource::EventAlert, Sending::prompt(again_at));
        }
        let person = Actor::person(outbox.random.one_of(&signal.team.people));
        if outbox.random.percent(7) {
            let assigned_at = at + outbox.random.seconds(200..=560);
            outbox.send_sentry(Sending::prompt(assigned_at), "issue", &issue.body(IssueAction::Assigned, person));
        }
        if outbox.random.percent(4) {
            self.send_comment(outbox, &issue, person, at);
        }
        if behaviour.resolves() && outbox.random.percent(42) {
            let action = match outbox.random.rng.u8(..10) {
                0..7 => IssueAction::Resolved,
                7..9 => IssueAction::Archived,
                _ => IssueAction::Ignored,
            };
            let at = ends_at + outbox.random.seconds(60..=600);
            outbox.send_sentry(Sending::prompt(at), "issue", &issue.body(action, person));
            self.tracker.resolve(definition, env);
        }
    }

    /// A comment says nothing about alerts: the product ignores it.
    fn send_comment(&self, outbox: &mut Outbox, issue: &Issue, author: Actor<'_>, first_at: Timestamp) {
        let at = first_at + outbox.random.seconds(240..=580);
        let comment = Comment {
            text: outbox.random.one_of(self.comments),
            id: outbox.random.rng.u64(1_000_000..9_999_999),
            author,
            at,
        };
        outbox.send_sentry(Sending::prompt(at), "comment", &comment.body(issue));
    }
}

fn send_event(outbox: &mut Outbox, issue: &Issue, env: Env, resource: EventResource, sending: Sending) {
    let name = &issue.service.name;
    let random = &mut *outbox.random;
    let event = Event {
        issue,
        env,
        at: sending.at,
        id: random.hex(),
        release: format!("{name}@14.{}.{}", random.rng.u8(0..4), random.rng.u8(0..12)),
        server: format!("{name}-{:09x}", random.rng.u32(..)),
    };
    outbox.send_sentry(sending, resource.name(), &event.body(resource));
}
