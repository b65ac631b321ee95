//! A delivery: one webhook, on its way through the queue.

use std::{fmt, io::Read};

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

use super::{event::AlertEvent, time::Time};

/// Identifies a delivery by its content: the same delivery sent twice has the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// An id as a vendor's module made it.
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
    /// The vendor's name.
    pub vendor: String,
    /// When we received it.
    pub received_at: Time,
    /// What it says.
    pub content: Content,
    /// The webhook's body.
    pub raw: Raw,
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

/// The bytes of a webhook's body, packed with gzip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// The packed bytes; base64 in JSON.
    #[serde(with = "base64_text")]
    pub gzip: Vec<u8>,
    /// How many bytes the body had. More than are packed if it was trimmed.
    pub length: usize,
    /// Whether the body was too large to be kept whole.
    pub trimmed: bool,
}

impl Raw {
    /// The first bytes of the body.
    ///
    /// # Errors
    /// [`std::io::Error`] if the packed bytes are broken.
    pub fn beginning(&self, bytes: usize) -> std::io::Result<Vec<u8>> {
        let mut beginning = Vec::new();
        // Reading no further than asked for, no body unpacks to more than that.
        GzDecoder::new(self.gzip.as_slice()).take(bytes as u64).read_to_end(&mut beginning)?;
        Ok(beginning)
    }
}

mod base64_text {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
