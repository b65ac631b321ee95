//! Compresses and decompresses what is stored and sent. No other module does.

use std::io::{self, BufReader, Read, Write};

use flate2::{
    Compression,
    read::{DeflateDecoder, GzDecoder},
    write::{DeflateEncoder, GzEncoder},
};
use serde::{Serialize, de::DeserializeOwned};

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

/// Packs a value as JSON, compressed for size rather than speed. Each KB of a row costs a write
/// unit.
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
