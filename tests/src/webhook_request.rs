//! The HTTP request of a webhook.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Access, random_digits};

/// A webhook: the route of its source, its headers and the exact bytes of its body.
#[derive(Debug, Clone)]
pub struct WebhookRequest {
    /// The last segment of the path: `datadog`, `sentry`.
    pub source: String,
    /// Header names and values, in the order of sending.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WebhookRequest {
    /// A webhook of Datadog without a proof.
    pub fn datadog(body: impl Into<Vec<u8>>) -> Self {
        Self::to("datadog", body).header("content-type", "application/json")
    }

    /// A webhook of Sentry without a proof. Like Sentry, it gives each attempt a new `Request-ID`.
    pub fn sentry(resource: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::to("sentry", body)
            .header("content-type", "application/json")
            .header("request-id", format!("{:032x}", fastrand::u128(..)))
            .header("sentry-hook-resource", resource)
            .header("sentry-hook-timestamp", format!("17{}", random_digits(8)))
    }

    /// A webhook without headers.
    pub fn to(source: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { source: source.to_owned(), headers: Vec::new(), body: body.into() }
    }

    /// Sets a header and replaces those of the same name.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.without(name).add_header(name, value)
    }

    /// Adds a header and keeps those of the same name.
    #[must_use]
    pub fn add_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    /// Changes one byte of the body and keeps the headers. The body stays valid JSON.
    #[must_use]
    pub fn tampered(mut self) -> Self {
        let letter = self.body.iter().rposition(u8::is_ascii_lowercase).expect("the body has a letter");
        self.body[letter] = if self.body[letter] == b'x' { b'y' } else { b'x' };
        self
    }

    /// With the proof of its source: a token or a signature. Some have it in their body.
    #[must_use]
    pub fn authenticated(self, access: &Access) -> Self {
        match self.source.as_str() {
            "datadog" => self.header("x-webhook-token", access.datadog_secret.as_str()),
            "sentry" => self.signed("sentry-hook-signature", &access.sentry_secret),
            source @ ("alertmanager" | "generic") => {
                let secret = Access::secret_of(source);
                self.header("authorization", format!("Bearer {secret}"))
            }
            "grafana" => self.signed("x-grafana-alerting-signature", &Access::secret_of("grafana")),
            "pagerduty" => {
                let signature = hmac_sha256_hex(&Access::secret_of("pagerduty"), &self.body);
                self.header("x-pagerduty-signature", format!("v1={signature}"))
            }
            // The proof is in the body.
            source if source == "cloudwatch" || source.starts_with("pagerduty-events") => self,
            other => panic!("the suite knows no proof of the source {other}"),
        }
    }

    /// With the HMAC-SHA256 of the body in a header.
    #[must_use]
    pub fn signed(self, header: &str, secret: &str) -> Self {
        let signature = hmac_sha256_hex(secret, &self.body);
        self.header(header, signature)
    }
}

impl From<&WebhookRequest> for WebhookRequest {
    fn from(delivery: &WebhookRequest) -> Self {
        delivery.clone()
    }
}

/// HMAC-SHA256 in lower-case hex.
pub fn hmac_sha256_hex(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
