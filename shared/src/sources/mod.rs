//! Monitoring sources: what makes their webhooks authentic and what their payloads say. Pure.
//!
//! A source is one module behind [`Source`] and one line in [`SOURCES`].

mod datadog;
mod field;
mod json;
mod sentry;
pub mod signature;

use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use json::{InvalidJson, parse};

use crate::domain::{delivery::DeliveryId, event::AlertEvent, time::Time};
use signature::Secret;

/// Every source whose webhooks are accepted.
pub static SOURCES: &[&dyn WebhookSource] = &[&datadog::Datadog, &sentry::Sentry];

/// The source of that name, as in the path `/webhooks/{source}`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn WebhookSource> {
    SOURCES.iter().find(|source| source.name() == name).copied()
}

/// How a source proves who it is and how its payloads are read.
pub trait WebhookSource: Sync {
    /// The name in paths, in JSON and in the secret: lower case.
    fn name(&self) -> &'static str;

    /// Whether the request proves the knowledge of one of the secrets. Fails closed: without a secret,
    /// or with a proof that is absent or malformed, it is not authentic.
    fn is_authentic(&self, secrets: &[Secret], headers: &HeaderMap, body: &[u8]) -> bool;

    /// The headers that [`Source::read`] looks at, in lower case: kept with what cannot be read.
    fn reading_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// What an authentic webhook says.
    ///
    /// # Errors
    /// [`Unreadable`] if it cannot be mapped to an event.
    fn read(&self, headers: &HeaderMap, payload: &Value, received_at: Time) -> Result<Reading, Unreadable>;
}

/// What an authentic webhook says.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Something about a problem.
    Event {
        /// What it says.
        event: Box<AlertEvent>,
        /// What identifies the delivery, where the payload itself does: `None` means all of its bytes.
        identity: Option<String>,
    },
    /// Nothing that matters here.
    Ignored {
        /// Why it does not matter.
        reason: String,
    },
}

/// An authentic payload that cannot be mapped; the text says why, without quoting the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// The id of a delivery that cannot be read: another than it would have if it could, so that the same body is grouped
/// when it comes again and can be.
#[must_use]
pub fn unreadable_delivery_id(source: &str, body: &[u8]) -> DeliveryId {
    hashed_id(source, "unreadable\0", body)
}

/// The id of a delivery, made from its content.
///
/// The digit is the version of the way it is made, so that it may change.
#[must_use]
pub fn delivery_id(source: &str, identity: Option<&str>, body: &[u8]) -> DeliveryId {
    match identity {
        Some(identity) => hashed_id(source, "identity\0", identity.as_bytes()),
        None => hashed_id(source, "body\0", body),
    }
}

fn hashed_id(source: &str, kind: &str, content: &[u8]) -> DeliveryId {
    let digest = Sha256::new().chain_update(kind).chain_update(content).finalize();
    DeliveryId::new(format!("{source}-1-{}", hex::encode(&digest[..16])))
}
