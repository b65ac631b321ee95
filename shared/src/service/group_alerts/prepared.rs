//! A delivery, prepared for grouping by what needs no table.

use super::{GroupAlerts, GroupError};
use crate::{
    classification::classify,
    domain::{
        classification::Classification,
        delivery::{Content, Delivery},
        event::{AlertEvent, Transition},
        quarantine::{EntryKind, FIRST_LINES_BYTES, QuarantineEntry, lines},
        time::Time,
    },
    keys,
    store::claims::ClaimKeys,
};

/// A delivery of a batch.
pub struct PreparedDelivery<'group> {
    pub delivery: &'group Delivery,
    /// The key of the claim that it takes effect.
    pub claim: String,
    pub parsed: Parsed<'group>,
}

/// What a delivery says.
pub enum Parsed<'group> {
    Event {
        event: &'group AlertEvent,
        classification: Classification,
        keys: ClaimKeys,
    },
    /// It cannot be read and goes to the quarantine.
    Unreadable(QuarantineEntry),
}

impl<'group> PreparedDelivery<'group> {
    /// Classifies a delivery, or makes the quarantine entry of one that cannot be read.
    pub fn of(group_alerts: &GroupAlerts, delivery: &'group Delivery, now: Time) -> Result<Self, GroupError> {
        let parsed = match &delivery.content {
            Content::Event(event) => {
                let classification = classify(event, &group_alerts.rules);
                let service = classification.service.value.as_deref();
                let keys = ClaimKeys::of(event, service, &classification.environment.value);
                Parsed::Event { event, classification, keys }
            }
            Content::Unreadable(reason) => {
                let first_lines = delivery.body.beginning(FIRST_LINES_BYTES)?;
                Parsed::Unreadable(QuarantineEntry {
                    first_lines: lines(&first_lines),
                    ..QuarantineEntry::of(group_alerts.ids.next(now), EntryKind::Unreadable, delivery, reason)
                })
            }
        };
        Ok(Self { delivery, claim: keys::delivery_claim(&delivery.delivery_id), parsed })
    }

    /// The event, if it fires.
    pub fn firing_event(&self) -> Option<&AlertEvent> {
        match &self.parsed {
            Parsed::Event { event, .. } if event.transition == Transition::Firing => Some(event),
            Parsed::Event { .. } | Parsed::Unreadable(_) => None,
        }
    }

    /// The keys of the claims that it touches.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let keys = match &self.parsed {
            Parsed::Event { keys, .. } => Some(keys),
            Parsed::Unreadable(_) => None,
        };
        std::iter::once(self.claim.as_str()).chain(keys.into_iter().flat_map(ClaimKeys::all))
    }
}
