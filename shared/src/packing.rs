//! Compresses and decompresses what is stored and sent. No other module does.

mod bundle;

use std::io::{self, BufReader, Read, Write};

use flate2::{
    Compression,
    read::{DeflateDecoder, GzDecoder},
    write::{DeflateEncoder, GzEncoder},
};
use serde::{Serialize, de::DeserializeOwned};

pub use bundle::{MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES};

use crate::domain::delivery::{Delivery, PackedBody};

/// The largest packed body that is kept whole. The rest of a row still fits: an item may have 400
/// KB (Amazon DynamoDB Developer Guide, "Quotas").
pub const MAX_PACKED_BYTES: usize = 256 * 1024;

/// The most bytes that a body may unpack to. A function may answer 6 MB (AWS Lambda Developer
/// Guide, "Lambda quotas").
const MAX_UNPACKED_BYTES: usize = 4 * 1024 * 1024;

/// Space for the suffix of a truncated body.
const SUFFIX_BYTES: usize = 64;

impl PackedBody {
    /// Compresses a body. If the result is larger than [`MAX_PACKED_BYTES`], the body is truncated
    /// and ends with a suffix that says so.
    #[must_use]
    pub fn pack(body: &[u8]) -> Self {
        let whole = gzip(body);
        if whole.len() <= MAX_PACKED_BYTES {
            return Self { gzip: whole, length: body.len(), truncated: false };
        }
        // gzip adds at most 0.1 % to bytes that it cannot compress.
        let mut beginning = body[..MAX_PACKED_BYTES - 1024].to_vec();
        beginning.extend(format!("…[truncated: {} bytes in all]", body.len()).into_bytes());
        Self { gzip: gzip(&beginning), length: body.len(), truncated: true }
    }

    /// Decompresses the body, as far as it was kept.
    ///
    /// # Errors
    /// [`io::Error`] if the packed bytes are broken.
    pub fn unpack(&self) -> io::Result<Vec<u8>> {
        self.beginning(self.length.saturating_add(SUFFIX_BYTES).min(MAX_UNPACKED_BYTES))
    }

    /// Decompresses the first `bytes` of the body.
    ///
    /// # Errors
    /// [`io::Error`] if the packed bytes are broken.
    pub fn beginning(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut beginning = Vec::new();
        // Reading stops here, so that a crafted body does not fill the memory.
        GzDecoder::new(self.gzip.as_slice()).take(bytes as u64).read_to_end(&mut beginning)?;
        Ok(beginning)
    }
}

impl Delivery {
    /// Packs the delivery for the quarantine: JSON, compressed with gzip.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        // This cannot fail: strings, numbers and lists always have a JSON form.
        gzip(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what [`Self::pack`] made.
    ///
    /// # Errors
    /// [`io::Error`] if the bytes are broken.
    pub fn unpack(packed: &[u8]) -> io::Result<Self> {
        Ok(serde_json::from_reader(BufReader::new(GzDecoder::new(packed)))?)
    }
}

/// Compresses bytes with gzip, for speed rather than size.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
#[expect(clippy::expect_used, reason = "writing to memory does not fail")]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// What the JSON of rows repeats, the most frequent last: packed rows refer to it. What was packed can only be unpacked
/// with the same text, so another text is another format of rows.
const VOCABULARY: &str = concat!(
    r#"{"source":"datadog","external_id":null,"dedup_key":"cycle:","key_scope":"problem_per_environment","group_key":""#,
    r#"","transition":"firing","states_firing":true,"occurred_at":"2026-","ordered_at":"2026-","is_timed":true,"#,
    r#""unknown_severity":null,"transition_severity":null,"is_test":false}{"decision":"opened","rule":"source_key","#,
    r#""note":"","kind":"within","kind":"before","kind":"late","kind":"no_service","kind":"same_service","#,
    r#""kind":"needed_by","service":"","kind":"two_apart","kind":"far","kind":"undeclared","evidence":"default","#,
    r#""evidence":"transition","evidence":"text","evidence":"rule","evidence":"history","confidence":0."#,
    r#"{"problem_key":"cycle:","title":{"value":"","by":{"at":"2026-01-01T00:00:00.000Z","delivery_id":"datadog-1-"}},"#,
    r#""external_id":{"value":"","by":{"at":""}},"message":{"value":"","by":{"at":""}},"tags":{"value":["env:production","#,
    r#""monitor","region:","service:","team:"],"by":{"at":""}},"link":{"value":"https://app.datadoghq.com/event/event?id="#,
    r#"","by":{"at":""}},"group":{"value":"service:","by":{"at":""}},"team":{"value":{"value":"","evidence":"stated","#,
    r#""matched":"","confidence":1.0},"by":{"at":""}},"service":{"value":{"value":null,"evidence":"default","#,
    r#""matched":null,"confidence":0.0},"by":{"at":""}},"environment":{"value":{"value":"production","#,
    r#""evidence":"stated","matched":"production","confidence":1.0},"by":{"at":""}},"key_scope":"problem","#,
    r#""grouping":{"decision":"joined","rule":"evidence","key":null,"evidence":{"usual_delay_seconds":0,"#,
    r#""spread_minutes":1.5,"needed":-2.0,"best":{"incident_id":"01","score":0.,"parts":[{"kind":"after","seconds":1,"#,
    r#""points":-0.},{"kind":"needs","service":"","points":0.75},{"kind":"together","service":"","together":1,"#,
    r#""outages":2,"points":1.}]},"runner_up":{"incident_id":"01","score":-3.}}}}"#,
);

/// Packs a small value as JSON for a row, with what rows usually repeat left out. Each KB of a row costs a write unit.
///
/// # Errors
/// [`io::Error`] if the value has no JSON form.
pub fn pack_json<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(VOCABULARY.as_bytes())?;
    // What follows begins at a byte of its own.
    encoder.flush()?;
    let vocabulary = encoder.get_ref().len();
    serde_json::to_writer(&mut encoder, value)?;
    Ok(encoder.finish()?.split_off(vocabulary))
}

/// Reads what [`pack_json`] made.
///
/// # Errors
/// [`io::Error`] if the bytes are broken or hold another type.
pub fn unpack_json<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    // A block that is not the last and not compressed: a byte, its length, and the complement of that (RFC 1951, 3.2.4).
    let length = u16::try_from(VOCABULARY.len()).map_err(io::Error::other)?;
    let [low, high] = length.to_le_bytes();
    let head = [0, low, high, !low, !high];
    let stream = head.as_slice().chain(VOCABULARY.as_bytes()).chain(packed);
    let mut json = Vec::new();
    DeflateDecoder::new(stream).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(json.get(VOCABULARY.len()..).unwrap_or_default())?)
}

/// Packs a large value as JSON, compressed for size rather than speed.
///
/// # Errors
/// [`io::Error`] if the value has no JSON form.
pub fn deflate_json<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    serde_json::to_writer(&mut encoder, value)?;
    encoder.finish()
}

/// Reads what [`deflate_json`] made.
///
/// # Errors
/// [`io::Error`] if the bytes are broken or hold another type.
pub fn inflate_json<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    // `serde_json` reads a slice much faster than the single bytes of a decoder.
    let mut json = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_json_is_unpacked_and_damage_is_an_error() {
        for text in ["", "a title", "{\"problem_key\":\"cycle:1\"}"] {
            let packed = pack_json(&text).unwrap();
            assert_eq!(unpack_json::<String>(&packed).unwrap(), text);
            assert!(unpack_json::<String>(&packed[..packed.len() - 2]).is_err());
            assert!(unpack_json::<u64>(&packed).is_err());
        }
        assert!(unpack_json::<String>(&[]).is_err());
    }

    #[test]
    fn what_was_packed_by_an_earlier_build_is_unpacked() {
        // If this fails, rows that are stored cannot be read any more.
        let stored = [195, 94, 204, 24, 42, 213, 2, 0];
        assert_eq!(unpack_json::<serde_json::Value>(&stored).unwrap(), serde_json::json!({ "problem_key": "cycle:1" }));
    }

    #[test]
    fn a_body_is_kept_whole_or_visibly_truncated() {
        let repetitive = vec![b'a'; 1024 * 1024];
        let whole = PackedBody::pack(&repetitive);
        assert_eq!((whole.unpack().unwrap(), whole.truncated), (repetitive, false));
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..1024 * 1024).map(|_| random.u8(..)).collect();
        let packed = PackedBody::pack(&noise);
        assert!(packed.truncated && packed.gzip.len() <= MAX_PACKED_BYTES && packed.length == noise.len());
        assert!(packed.unpack().unwrap().ends_with("…[truncated: 1048576 bytes in all]".as_bytes()));
    }
}
