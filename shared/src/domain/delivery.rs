//! A delivery: one webhook, on its way through the queue.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{event::AlertEvent, id::EntryId, source::Source, time::Time};

/// How long a delivery is remembered, in days: longer than the 14 days that a message can live in the
/// queue and its dead-letter queue.
pub const MEMORY_DAYS: i64 = 18;

/// Identifies a delivery. The same bytes have the same id, unless they state no time: then each
/// receipt has an id of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// An id as a source's module made it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An authentic webhook that was accepted: what travels the queue, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Identifies it.
    pub delivery_id: DeliveryId,
    pub source: Source,
    /// When we received it.
    pub received_at: Time,
    /// What it says.
    pub content: Content,
    /// Tells the bytes of its body from others: 16 hexadecimal digits of their SHA-256.
    pub content_hash: String,
    /// The webhook's body.
    pub body: PackedBody,
    /// The headers without which the body could not be read anew; only of what could not be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The entry of the quarantine that this is a redrive of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_of: Option<EntryId>,
}

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// It was read.
    Event(Box<AlertEvent>),
    /// It is authentic but cannot be read; the reason is for people.
    Unreadable(String),
}

/// The body of a webhook, compressed with gzip.
#[serde_with::serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedBody {
    /// Base64 in JSON.
    #[serde_as(as = "serde_with::base64::Base64")]
    pub gzip: Vec<u8>,
    /// How many bytes the body had. More than are packed if it was truncated.
    pub length: usize,
    /// Whether the body was too large to be kept whole.
    pub truncated: bool,
}
