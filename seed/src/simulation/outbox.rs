//! Sends the webhooks of an outage: when they arrive, in which encoding, and how often.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{random::Random, sentry::Encoding, webhook::Webhook};

/// Whether a webhook may be late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    Prompt,
    PerhapsLate,
}

/// The moment at which something happens, and how its webhook arrives.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    pub at: Timestamp,
    pub arrival: Arrival,
}

impl Sending {
    pub const fn prompt(at: Timestamp) -> Self {
        Self { at, arrival: Arrival::Prompt }
    }

    pub const fn perhaps_late(at: Timestamp) -> Self {
        Self { at, arrival: Arrival::PerhapsLate }
    }
}

/// The webhooks of one outage.
#[derive(Debug)]
pub struct Outbox<'random> {
    pub random: &'random mut Random,
    /// From this time on Sentry writes UTF-8.
    sentry_utf8_since: Timestamp,
    sent: Vec<Webhook>,
}

impl<'random> Outbox<'random> {
    pub const fn new(random: &'random mut Random, sentry_utf8_since: Timestamp) -> Self {
        Self { random, sentry_utf8_since, sent: Vec::new() }
    }

    pub fn send_datadog(&mut self, sending: Sending, body: String) {
        let arrives_at = self.arrives_at(sending);
        self.send(Webhook::of_datadog(arrives_at, body));
    }

    pub fn send_alertmanager(&mut self, sending: Sending, body: String) {
        let arrives_at = self.arrives_at(sending);
        self.send(Webhook::of_alertmanager(arrives_at, body));
    }

    pub fn send_cloudwatch(&mut self, sending: Sending, body: String) {
        let arrives_at = self.arrives_at(sending);
        self.send(Webhook::of_cloudwatch(arrives_at, body));
    }

    pub fn send_sentry(&mut self, sending: Sending, resource: &str, body: &Value) {
        let encoding = if sending.at < self.sentry_utf8_since { Encoding::Escaped } else { Encoding::Utf8 };
        let arrives_at = self.arrives_at(sending);
        let request_id = self.random.hex();
        self.send(Webhook::of_sentry(arrives_at, resource, request_id, encoding.write(body)));
    }

    pub fn in_order_of_arrival(mut self) -> Vec<Webhook> {
        self.sent.sort_by_key(|webhook| webhook.at);
        self.sent
    }

    /// Some seconds later; minutes later for some of those that may be late.
    fn arrives_at(&mut self, sending: Sending) -> Timestamp {
        let is_late = sending.arrival == Arrival::PerhapsLate && self.random.percent(3);
        sending.at
            + if is_late {
                self.random.seconds(60..=240)
            } else {
                SignedDuration::from_millis(self.random.rng.i64(800..4000))
            }
    }

    /// Some webhooks arrive twice.
    fn send(&mut self, webhook: Webhook) {
        if self.random.percent(2) {
            let request_id = self.random.hex();
            let copy = webhook.again(webhook.at + self.random.seconds(1..=45), request_id);
            self.sent.push(copy);
        }
        self.sent.push(webhook);
    }
}
