//! A delivery, prepared for grouping by what needs no table.

use super::{GroupAlerts, GroupError};
use crate::{
    classification::classify,
    domain::{
        classification::Classification,
        delivery::{Content, Delivery},
        episode::{EventKey, Firing},
        event::{AlertEvent, EventKind, KeyScope, Transition},
        problem::News,
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
    Event(ParsedEvent<'group>),
    /// It cannot be read and goes to the quarantine.
    Unreadable(QuarantineEntry),
}

/// An event, classified, and the keys of the claims that it touches.
pub struct ParsedEvent<'group> {
    event: &'group AlertEvent,
    classification: Classification,
    keys: ClaimKeys,
}

/// An event on its way through the batch.
#[derive(Clone, Copy)]
pub struct Incoming<'group> {
    pub delivery: &'group Delivery,
    pub event: &'group AlertEvent,
    pub classification: &'group Classification,
    pub keys: &'group ClaimKeys,
}

impl<'group> Incoming<'group> {
    /// A delivery with what its event says.
    pub const fn new(delivery: &'group Delivery, parsed: &'group ParsedEvent<'group>) -> Self {
        let ParsedEvent { event, classification, keys } = parsed;
        Self { delivery, event, classification, keys }
    }

    /// Where it stands among the deliveries of its problem.
    pub fn key(&self) -> EventKey {
        EventKey { at: self.event.ordered_at, delivery_id: self.delivery.delivery_id.clone() }
    }

    /// Whether a key is of this delivery. Its time may have been moved behind a person's resolution.
    pub fn is_key(&self, key: &EventKey) -> bool {
        key.delivery_id == self.delivery.delivery_id
    }

    /// Whether resolutions of the problem may state no time.
    fn is_ordered_by_receipt(&self) -> bool {
        !self.event.is_timed || self.event.key_scope == KeyScope::ProblemPerEnvironment
    }

    /// What tells a firing delivery from a repetition of the one before it. A report is one as long as
    /// its severity is the same: it is sent again without a change, and with other numbers in its text.
    fn content(&self) -> Option<String> {
        match self.event.kind {
            EventKind::Report => Some(format!("report:{}", self.classification.severity.value)),
            EventKind::Change => (!self.event.is_timed).then(|| self.delivery.content_hash.clone()),
        }
    }

    /// The event, as far as it decides what it means.
    pub fn news(&self) -> News<'group> {
        let firing = Firing {
            key: self.key(),
            occurred_at: self.event.occurred_at,
            severity: self.classification.severity.value,
            evidence: self.classification.severity.evidence,
            content: self.content(),
            received_at: self.is_ordered_by_receipt().then_some(self.delivery.received_at),
        };
        News {
            transition: self.event.transition,
            firing,
            ended_at: self.event.ended_at,
            received_at: self.delivery.received_at,
            key_scope: self.event.key_scope,
            environment: self.event.environment.as_deref(),
        }
    }
}

impl<'group> PreparedDelivery<'group> {
    /// Classifies a delivery, or makes the quarantine entry of one that cannot be read.
    pub fn of(group_alerts: &GroupAlerts, delivery: &'group Delivery, now: Time) -> Result<Self, GroupError> {
        let parsed = match &delivery.content {
            Content::Event(event) => {
                let classification = classify(event, &group_alerts.rules);
                let service = classification.service.value.as_deref();
                let keys = ClaimKeys::of(event, service, &classification.environment.value);
                Parsed::Event(ParsedEvent { event, classification, keys })
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
            Parsed::Event(ParsedEvent { event, .. }) if event.transition == Transition::Firing => Some(event),
            Parsed::Event(_) | Parsed::Unreadable(_) => None,
        }
    }

    /// The keys of the claims that its event touches.
    pub const fn keys(&self) -> Option<&ClaimKeys> {
        match &self.parsed {
            Parsed::Event(event) => Some(&event.keys),
            Parsed::Unreadable(_) => None,
        }
    }

    /// The keys of all claims that it touches.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.claim.as_str()).chain(self.keys().into_iter().flat_map(ClaimKeys::all))
    }
}
