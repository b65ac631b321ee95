//! Puts the timelines of outages into one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::step::{Action, StatusChange};
use crate::{simulation, simulation::OutageTimeline, webhook::Webhook};

enum Event {
    Webhook { webhook: Webhook, opens: bool },
    StatusChange(simulation::StatusChange),
}

impl Event {
    const fn at(&self) -> Timestamp {
        match self {
            Self::Webhook { webhook, .. } => webhook.at,
            Self::StatusChange(change) => change.at,
        }
    }
}

/// Everything until now, in order of time. What happens at the same time stays in order of outage.
pub fn merge(outages: Vec<OutageTimeline>, now: Timestamp) -> Vec<Action> {
    let events = outages.into_iter().enumerate().flat_map(|(outage, timeline)| {
        let webhooks = timeline.webhooks.into_iter().enumerate();
        let webhooks = webhooks.map(|(place, webhook)| Event::Webhook { webhook, opens: place == 0 });
        let changes = timeline.status_changes.into_iter().map(Event::StatusChange);
        webhooks.chain(changes).map(move |event| (outage, event))
    });
    let mut events: Vec<_> = events.filter(|(_, event)| event.at() <= now).collect();
    events.sort_by_key(|(_, event)| event.at());

    let mut opened_by = BTreeMap::new();
    let mut numbers = 0..;
    let mut steps = Vec::new();
    for (outage, event) in events {
        let action = match event {
            Event::Webhook { webhook, opens } => {
                let number = numbers.next().unwrap_or_default();
                if opens {
                    opened_by.insert(outage, number);
                }
                Action::Webhook { number, webhook }
            }
            Event::StatusChange(simulation::StatusChange { at, to, actor, comment }) => {
                // Nothing is changed before it is opened.
                let Some(&opened_by) = opened_by.get(&outage) else { continue };
                Action::StatusChange(StatusChange { at, opened_by, to, actor, comment })
            }
        };
        steps.push(action);
    }
    steps
}
