//! A delivery, made ready for grouping by what needs no table.

use super::{GroupAlerts, GroupError};
use crate::{
    classification::classify,
    domain::{
        alert::Classification,
        delivery::{Content, Delivery},
        event::{AlertEvent, Transition},
        quarantine::{EntryKind, FIRST_LINES_BYTES, QuarantineEntry, lines},
        time::Time,
    },
    keys,
    store::claims::ClaimKeys,
};

/// A delivery of a batch.
pub struct Entry<'group> {
    pub delivery: &'group Delivery,
    /// The key of the claim that it takes effect.
    pub claim: String,
    pub said: Said<'group>,
}

/// What a delivery says.
pub enum Said<'group> {
    Event {
        event: &'group AlertEvent,
        classification: Classification,
        keys: ClaimKeys,
    },
    /// Nothing that can be read: it goes to the quarantine.
    Nothing(QuarantineEntry),
}

impl<'group> Entry<'group> {
    /// Classifies a delivery, or unpacks what cannot be read.
    pub fn of(grouper: &GroupAlerts, delivery: &'group Delivery, now: Time) -> Result<Self, GroupError> {
        let said = match &delivery.content {
            Content::Event(event) => {
                let classification = classify(event, &grouper.rules);
                let service = classification.service.value.as_deref();
                let keys = ClaimKeys::of(event, service, &classification.environment.value);
                Said::Event { event, classification, keys }
            }
            Content::Unreadable(reason) => {
                let first_lines = delivery.raw.beginning(FIRST_LINES_BYTES)?;
                Said::Nothing(QuarantineEntry {
                    first_lines: lines(&first_lines),
                    ..QuarantineEntry::of(grouper.ids.next(now), EntryKind::Unreadable, delivery, reason)
                })
            }
        };
        Ok(Self { delivery, claim: keys::delivery_claim(&delivery.delivery_id), said })
    }

    /// What it says, if it fires.
    pub fn firing_event(&self) -> Option<&AlertEvent> {
        match &self.said {
            Said::Event { event, .. } if event.transition == Transition::Firing => Some(event),
            Said::Event { .. } | Said::Nothing(_) => None,
        }
    }

    /// The claims that it touches.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let keys = match &self.said {
            Said::Event { keys, .. } => Some(keys),
            Said::Nothing(_) => None,
        };
        std::iter::once(self.claim.as_str()).chain(keys.into_iter().flat_map(ClaimKeys::all))
    }
}
