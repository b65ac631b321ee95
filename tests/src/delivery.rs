//! A webhook as it goes over the wire.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Access, digits};

/// One webhook request: the source's route, its headers and the exact bytes of its body.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The last part of the path.
    pub source: String,
    /// Header names and values, in the order in which they are sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// A Datadog webhook that proves nothing yet.
    pub fn datadog(body: impl Into<Vec<u8>>) -> Self {
        Self::of("datadog", body).header("content-type", "application/json")
    }

    /// A Sentry webhook that proves nothing yet. Like Sentry, gives every attempt a new `Request-ID`.
    pub fn sentry(resource: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of("sentry", body)
            .header("content-type", "application/json")
            .header("request-id", format!("{:032x}", fastrand::u128(..)))
            .header("sentry-hook-resource", resource)
            .header("sentry-hook-timestamp", format!("17{}", digits(8)))
    }

    /// A webhook without any headers.
    pub fn of(source: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { source: source.to_owned(), headers: Vec::new(), body: body.into() }
    }

    /// Sets a header, instead of any of that name.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.without(name).one_more_header(name, value)
    }

    /// Adds a header, beside any of that name.
    #[must_use]
    pub fn one_more_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    /// The same headers over a body with one byte changed, still valid JSON.
    #[must_use]
    pub fn tampered(mut self) -> Self {
        let letter = self.body.iter().rposition(u8::is_ascii_lowercase).expect("the body has a letter");
        self.body[letter] = if self.body[letter] == b'x' { b'y' } else { b'x' };
        self
    }

    /// With the proof that the source would send: a token for Datadog, a signature for Sentry.
    #[must_use]
    pub fn proven(self, access: &Access) -> Self {
        match self.source.as_str() {
            "datadog" => self.header("x-webhook-token", access.datadog_secret.as_str()),
            "sentry" => self.signed("sentry-hook-signature", &access.sentry_secret),
            other => panic!("there is no proof for {other}"),
        }
    }

    /// With the body's HMAC in a header.
    #[must_use]
    pub fn signed(self, header: &str, secret: &str) -> Self {
        let signature = hmac_sha256_hex(secret, &self.body);
        self.header(header, signature)
    }
}

impl From<&Delivery> for Delivery {
    fn from(delivery: &Delivery) -> Self {
        delivery.clone()
    }
}

/// The lower-case hex of HMAC-SHA256.
pub fn hmac_sha256_hex(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
