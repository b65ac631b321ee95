//! Where webhooks are sent, and how each source proves that it sent them.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use shared::sources::signature::Secret;

use crate::webhook::{Source, Webhook};

/// A running stack.
#[derive(Debug)]
pub struct Target {
    /// The address before `/webhooks/{source}`.
    pub url: String,
    pub datadog: Token,
    /// Sentry's client secret.
    pub sentry: Secret,
}

/// A secret that is sent in a header as it is.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// `None` if the text is empty or cannot be the value of a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(text).ok().filter(|value| !value.is_empty())?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token([REDACTED])")
    }
}

impl Target {
    pub(crate) fn address(&self, source: Source) -> String {
        format!("{}/webhooks/{}", self.url.trim_end_matches('/'), source.name())
    }

    /// The headers of a webhook with its token or signature. The error is the name of an invalid
    /// header.
    pub(crate) fn headers(&self, webhook: &Webhook) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &webhook.headers {
            let (Ok(key), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
                return Err(name.clone());
            };
            headers.insert(key, value);
        }
        match webhook.source {
            Source::Datadog => {
                headers.insert("x-webhook-token", self.datadog.0.clone());
            }
            Source::Sentry => {
                let signature = self.sentry.sign(webhook.body.as_bytes());
                let value = HeaderValue::try_from(signature).map_err(|_| "Sentry-Hook-Signature".to_owned())?;
                headers.insert("sentry-hook-signature", value);
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
