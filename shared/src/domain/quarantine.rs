//! What was authentic but could not be read, kept where people find it.

use serde::{Deserialize, Serialize};

use super::{delivery::DeliveryId, id::EntryId, time::Time};

/// How much of a body an entry shows, in bytes: 200 entries stay below the 6 MB that a function may answer.
pub const SHOWN_BODY_BYTES: usize = 16 * 1024;

/// An entry of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// Identifies it; its time is `created_at`.
    pub id: EntryId,
    /// The vendor's name.
    pub vendor: String,
    /// Identifies the delivery.
    pub delivery_id: DeliveryId,
    /// Why it could not be read.
    pub reason: String,
    /// When we received it.
    pub received_at: Time,
    /// The body as text, up to [`SHOWN_BODY_BYTES`]; what is not UTF-8 is replaced.
    pub body: String,
    /// Whether the body is longer than what is shown.
    pub truncated: bool,
    /// How many bytes the body had.
    pub body_bytes: usize,
}
