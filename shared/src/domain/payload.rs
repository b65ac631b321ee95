//! The raw payload of an alert: the body of the webhook that began it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{delivery::PackedBody, id::AlertId, time::Time};

/// What is kept of the payload of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredPayload {
    Kept(KeptPayload),
    /// A person deleted it. Who did is remembered for as long as the alert may be.
    Deleted(PayloadDeletion),
}

/// A payload that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPayload {
    pub body: PackedBody,
    /// When we received it.
    pub received_at: Time,
    /// When it expires.
    pub expires_at: Time,
}

/// The payloads of alerts that one transaction wrote. Those of a storm are alike, so together they pack into little.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayloadBundle(pub BTreeMap<AlertId, BundledPayload>);

/// A payload in a bundle. It is never truncated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledPayload {
    pub body: Vec<u8>,
    /// When we received the webhook with this body.
    pub received_at: Time,
    /// When it expires, in whole seconds.
    pub expires_at: Time,
}

/// That a person deleted a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadDeletion {
    #[serde(rename = "deleted_at")]
    pub at: Time,
    /// The name of the API token.
    #[serde(rename = "deleted_by")]
    pub actor: String,
}
