//! A delivery: one webhook, on its way through the queue.

use std::{
    collections::BTreeMap,
    fmt,
    io::{Read, Write as _},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

use super::{event::AlertEvent, id::EntryId, time::Time};

/// How long a delivery is remembered, in days: as long as a message can live in the queue and its
/// dead-letter queue.
pub const MEMORY_DAYS: i64 = 18;

/// Identifies a delivery by its content: the same delivery sent twice has the same id.
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
    /// The source's name.
    pub source: String,
    /// When we received it.
    pub received_at: Time,
    /// What it says.
    pub content: Content,
    /// The webhook's body.
    pub raw: Raw,
    /// The headers without which the body could not be read anew; only of what could not be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The entry of the quarantine that this is a redrive of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_of: Option<EntryId>,
}

impl Delivery {
    /// The delivery whole, packed with gzip: what the quarantine keeps.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        // Texts, numbers and lists always have a JSON form.
        gzip(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// A delivery that was packed.
    ///
    /// # Errors
    /// [`std::io::Error`] if the bytes are broken.
    pub fn unpack(packed: &[u8]) -> std::io::Result<Self> {
        Ok(serde_json::from_reader(std::io::BufReader::new(GzDecoder::new(packed)))?)
    }
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
    /// How many bytes the body had. More than are packed if it was truncated.
    pub length: usize,
    /// Whether the body was too large to be kept whole.
    pub truncated: bool,
}

/// The largest packed body that is kept whole, in bytes: with the rest of a row it stays below DynamoDB's 400 KB.
const MAX_PACKED_BYTES: usize = 256 * 1024;

/// No body is larger, unpacked: a function may answer 6 MB.
const MAX_UNPACKED_BYTES: usize = 4 * 1024 * 1024;

impl Raw {
    /// Packs a body; one that is too large even so is truncated, with a visible mark.
    #[must_use]
    pub fn pack(body: &[u8]) -> Self {
        let whole = gzip(body);
        if whole.len() <= MAX_PACKED_BYTES {
            return Self { gzip: whole, length: body.len(), truncated: false };
        }
        // gzip adds at most 0.1 % to what it cannot pack.
        let mut beginning = body[..MAX_PACKED_BYTES - 1024].to_vec();
        beginning.extend(format!("…[truncated: {} bytes in all]", body.len()).into_bytes());
        Self { gzip: gzip(&beginning), length: body.len(), truncated: true }
    }

    /// The body, as far as it is kept.
    ///
    /// # Errors
    /// [`std::io::Error`] if the packed bytes are broken.
    pub fn body(&self) -> std::io::Result<Vec<u8>> {
        // What is truncated is shorter than the body was, but for its mark.
        self.beginning(self.length.saturating_add(64).min(MAX_UNPACKED_BYTES))
    }

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

#[expect(clippy::expect_used, reason = "writing to memory does not fail")]
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_whole_or_visibly_trimmed() {
        let repetitive = vec![b'a'; 1024 * 1024];
        let whole = Raw::pack(&repetitive);
        assert_eq!((whole.body().unwrap(), whole.truncated), (repetitive, false));
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..1024 * 1024).map(|_| random.u8(..)).collect();
        let packed = Raw::pack(&noise);
        assert!(packed.truncated && packed.gzip.len() <= MAX_PACKED_BYTES && packed.length == noise.len());
        assert!(packed.body().unwrap().ends_with("…[truncated: 1048576 bytes in all]".as_bytes()));
    }
}
