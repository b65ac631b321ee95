//! The steps of a timeline: a webhook arrives, or a person changes the status of an incident.

use jiff::Timestamp;
use shared::domain::status::Status;

use crate::webhook::Webhook;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A webhook arrived. `number` counts the webhooks of the timeline from 0.
    Webhook {
        number: usize,
        webhook: Webhook,
    },
    StatusChange(StatusChange),
}

/// A person changed the status of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    pub at: Timestamp,
    /// The number of the webhook that opened the incident.
    pub opened_by: usize,
    pub to: Status,
    pub actor: &'static str,
    pub comment: String,
}
