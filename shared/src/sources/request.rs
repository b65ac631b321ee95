//! One webhook as it was received.

use super::{Certificate, Headers};
use crate::domain::time::Time;

/// One webhook as it was received: what proves it, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Request<'request> {
    /// Its headers.
    pub headers: &'request Headers,
    /// The bytes of its body. Signatures are made over them.
    pub body: &'request [u8],
    /// When we received it. Proofs with a time are good for minutes only.
    pub received_at: Time,
    /// The certificate that the source names, once it was fetched.
    pub certificate: Option<&'request Certificate>,
}

impl<'request> Request<'request> {
    /// A request whose proof needs no certificate.
    #[must_use]
    pub const fn new(headers: &'request Headers, body: &'request [u8], received_at: Time) -> Self {
        Self { headers, body, received_at, certificate: None }
    }

    /// Whether a time in seconds since 1970, written in digits alone, is within so many minutes of
    /// the receipt, before or after it.
    #[must_use]
    pub fn is_recent(&self, seconds: &str, minutes: i64) -> bool {
        let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
        let millis = seconds.parse::<i64>().ok().filter(|_| is_number).and_then(|seconds| seconds.checked_mul(1000));
        // The difference of whole seconds: the receipt's fraction must not make a time too old.
        let receipt = self.received_at.as_millis();
        millis.is_some_and(|millis| (receipt.div_euclid(1000) - millis / 1000).abs() <= minutes * 60)
    }
}
