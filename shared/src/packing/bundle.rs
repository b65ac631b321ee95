//! Packs the payloads of several alerts together. A window of deflate is 32 KB (RFC 1951), so what they have in common
//! is stored once.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::AlertId,
    payload::{BundledPayload, PayloadBundle},
    time::Time,
};

/// The largest body that goes into a bundle, unpacked. The next one must still find what it repeats in the window.
pub const MAX_BUNDLED_BYTES: usize = 16 * 1024;

/// The most bytes of bodies that a bundle holds, unpacked: whoever wants one of them reads all. Even if none of
/// them can be compressed, the row is far below the 400 KB of an item.
pub const MAX_BUNDLE_BYTES: usize = 128 * 1024;

/// The most bytes that are unpacked, so that a damaged row does not fill the memory.
const MAX_UNPACKED_BYTES: u64 = 1024 * 1024;

/// What comes first, as JSON in one line; then the bodies come in the same order. Times of a storm are near to each
/// other, so few digits say how far each is from the first one.
#[derive(Serialize, Deserialize)]
struct Head {
    received_at: Time,
    expires_at: Time,
    payloads: Vec<Place>,
}

/// What is known of a payload: its alert, the bytes of its body, and how many milliseconds later than the first one
/// it was received and expires.
#[derive(Serialize, Deserialize)]
struct Place(AlertId, usize, i64, i64);

impl PayloadBundle {
    /// Compresses the payloads.
    ///
    /// # Errors
    /// [`io::Error`] never occurs: writing to memory does not fail.
    pub fn pack(&self) -> io::Result<Vec<u8>> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        if let Some(BundledPayload { received_at, expires_at, .. }) = self.0.values().next() {
            let place = |(alert_id, payload): (&AlertId, &BundledPayload)| {
                let received_ms = payload.received_at.as_millis() - received_at.as_millis();
                Place(
                    *alert_id,
                    payload.body.len(),
                    received_ms,
                    payload.expires_at.as_millis() - expires_at.as_millis(),
                )
            };
            let payloads = self.0.iter().map(place).collect();
            let head = Head { received_at: *received_at, expires_at: *expires_at, payloads };
            serde_json::to_writer(&mut encoder, &head)?;
        }
        encoder.write_all(b"\n")?;
        for payload in self.0.values() {
            encoder.write_all(&payload.body)?;
        }
        encoder.finish()
    }

    /// Reads what [`Self::pack`] made.
    ///
    /// # Errors
    /// [`io::Error`] if the bytes are broken.
    pub fn unpack(packed: &[u8]) -> io::Result<Self> {
        let mut text = Vec::new();
        DeflateDecoder::new(packed).take(MAX_UNPACKED_BYTES).read_to_end(&mut text)?;
        let end = text.iter().position(|byte| *byte == b'\n').ok_or(io::ErrorKind::InvalidData)?;
        let (head, mut rest) = (&text[..end], &text[end + 1..]);
        let mut payloads = BTreeMap::new();
        if !head.is_empty() {
            let head: Head = serde_json::from_slice(head)?;
            for Place(alert_id, bytes, received_ms, expires_ms) in head.payloads {
                let (body, after) = rest.split_at_checked(bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
                let received_at = head.received_at.plus_millis(received_ms);
                let expires_at = head.expires_at.plus_millis(expires_ms);
                payloads.insert(alert_id, BundledPayload { body: body.to_vec(), received_at, expires_at });
                rest = after;
            }
        }
        if rest.is_empty() { Ok(Self(payloads)) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(1_700_000_000_000 + 1000 * seconds).unwrap()
    }

    fn bundle(bodies: &[Vec<u8>]) -> PayloadBundle {
        let payload = |(number, body): (i64, &Vec<u8>)| {
            let payload = BundledPayload { body: body.clone(), received_at: at(number), expires_at: at(1000 + number) };
            (AlertId::numbered(at(number), 7), payload)
        };
        PayloadBundle((0..).zip(bodies).map(payload).collect())
    }

    /// A body like those that Datadog sends in a storm.
    fn body(number: u32) -> Vec<u8> {
        let template = include_str!("../../../tests/fixtures/datadog/published_template_triggered_p1_is_critical.json");
        let number = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        template.replace("\"alert_id\"", &format!("\"number\":\"{number:016x}\",\"alert_id\"")).into()
    }

    proptest! {
        #[test]
        fn any_bodies_come_back_and_any_of_them_can_be_taken_out(
            bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..500), any::<bool>()), 0..30),
        ) {
            let (all, goes): (Vec<Vec<u8>>, Vec<bool>) = bodies.into_iter().unzip();
            let whole = bundle(&all);
            let mut found = PayloadBundle::unpack(&whole.pack().unwrap()).unwrap();
            prop_assert_eq!(&found, &whole);
            let ids: Vec<AlertId> = whole.0.keys().copied().collect();
            for (id, _) in ids.iter().zip(&goes).filter(|(_, goes)| **goes) {
                found.0.remove(id);
            }
            let rest = PayloadBundle::unpack(&found.pack().unwrap()).unwrap();
            for ((id, goes), body) in ids.iter().zip(&goes).zip(&all) {
                prop_assert_eq!(rest.0.get(id).map(|payload| &payload.body), (!goes).then_some(body));
            }
        }

        #[test]
        fn damage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..300) {
            let _ = PayloadBundle::unpack(&bytes);
            let whole = bundle(&[bytes, body(1)]);
            let mut packed = whole.pack().unwrap();
            packed.truncate(packed.len().saturating_sub(cut));
            // The last bits only say that the end is there.
            prop_assert!(PayloadBundle::unpack(&packed).map_or(cut > 0, |found| found == whole));
        }
    }

    #[test]
    fn the_payloads_of_a_storm_pack_into_little() {
        let bodies: Vec<Vec<u8>> = (0..27).map(body).collect();
        let packed = bundle(&bodies).pack().unwrap().len();
        assert!(packed <= 3 * 1024 / 2, "{packed} bytes");
    }

    #[test]
    fn a_bundle_that_cannot_be_compressed_fits_into_a_row() {
        let mut random = fastrand::Rng::with_seed(1);
        let noise = || (0..MAX_BUNDLED_BYTES).map(|_| random.u8(..)).collect();
        let bodies: Vec<Vec<u8>> = std::iter::repeat_with(noise).take(MAX_BUNDLE_BYTES / MAX_BUNDLED_BYTES).collect();
        let packed = bundle(&bodies).pack().unwrap().len();
        assert!(packed < 140 * 1024, "{packed} bytes");
    }

    #[test]
    fn more_than_a_bundle_may_hold_is_not_unpacked() {
        let bomb = bundle(&[vec![b'a'; 8 * 1024 * 1024]]).pack().unwrap();
        assert!(bomb.len() < 16 * 1024);
        assert!(PayloadBundle::unpack(&bomb).is_err());
    }
}
