//! How each source proves that it sent a webhook.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};
use shared::sources::signature::Secret;

use super::sns::Sns;

/// What proves to a stack that webhooks are authentic. Webhooks of a source without one are skipped.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Sent as `Authorization: Bearer`.
    pub alertmanager: Option<Token>,
    /// Signs as SNS does.
    pub cloudwatch: Option<Sns>,
    /// Sent as `X-Webhook-Token`.
    pub datadog: Option<Token>,
    /// A key of Standard Webhooks, or a token.
    pub generic: Option<Generic>,
    /// Signs the time and the body.
    pub grafana: Option<Secret>,
    /// Signs the body.
    pub pagerduty: Option<Secret>,
    /// The routing key, in the body.
    pub pagerduty_events: Option<Secret>,
    /// Sentry's client secret. Signs the body.
    pub sentry: Option<Secret>,
}

/// A secret that is sent in a header as it is.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// `None` if the text is empty or cannot be the value of a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Self::after("", text)
    }

    /// A token that is sent as `Authorization: Bearer`. `None` as for [`Self::new`].
    #[must_use]
    pub fn bearer(text: &str) -> Option<Self> {
        Self::after("Bearer ", text)
    }

    fn after(scheme: &str, text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_str(&format!("{scheme}{text}")).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token([REDACTED])")
    }
}

/// What proves generic webhooks.
#[derive(Debug, Clone)]
pub enum Generic {
    Key(SigningKey),
    /// Sent as `Authorization: Bearer`.
    Token(Token),
}

impl Generic {
    /// `whsec_` and base64 is a key; anything else is a token. `None` if it is neither.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        match text.strip_prefix("whsec_") {
            Some(key) => {
                let key = BASE64_STANDARD.decode(key).ok().filter(|key| !key.is_empty())?;
                Some(Self::Key(SigningKey(key)))
            }
            None => Token::bearer(text).map(Self::Token),
        }
    }
}

/// A key of Standard Webhooks.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The value of the header `webhook-signature`. `None` is never the case: HMAC takes a key of any
    /// length.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    }

    /// An id for a webhook that has none: the same each time.
    pub(super) fn id_of(body: &str) -> String {
        format!("msg_{}", hex::encode(&Sha256::digest(body)[..12]))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey([REDACTED])")
    }
}
