//! A webhook as a source sends it, and its form in a file: one JSON object a line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookSource {
    /// Datadog.
    Datadog,
    /// Sentry.
    Sentry,
}

impl WebhookSource {
    /// The name in the webhook's path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Datadog => "datadog",
            Self::Sentry => "sentry",
        }
    }
}

/// One webhook, without the proof of its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Who sends it.
    pub source: WebhookSource,
    /// When it arrives.
    pub at: Timestamp,
    /// Its headers, without signature or token.
    pub headers: BTreeMap<String, String>,
    /// The exact text of its body.
    pub body: String,
}

impl Delivery {
    pub(crate) fn of_datadog(at: Timestamp, body: String) -> Self {
        Self {
            source: WebhookSource::Datadog,
            at,
            headers: headers([("Content-Type", "application/json".to_owned())]),
            body,
        }
    }

    pub(crate) fn of_sentry(at: Timestamp, resource: &str, request_id: String, body: String) -> Self {
        Self {
            source: WebhookSource::Sentry,
            at,
            headers: headers([
                ("Content-Type", "application/json".to_owned()),
                (REQUEST_ID, request_id),
                ("Sentry-Hook-Resource", resource.to_owned()),
                (SENT_AT, at.as_second().to_string()),
            ]),
            body,
        }
    }

    /// The same delivery, sent once more: Sentry marks each attempt anew, and signs only the body.
    pub(crate) fn again(&self, at: Timestamp, request_id: String) -> Self {
        let mut copy = Self { at, ..self.clone() };
        if self.source == WebhookSource::Sentry {
            copy.headers.extend(headers([(REQUEST_ID, request_id), (SENT_AT, at.as_second().to_string())]));
        }
        copy
    }
}

const REQUEST_ID: &str = "Request-ID";
const SENT_AT: &str = "Sentry-Hook-Timestamp";

fn headers<const COUNT: usize>(pairs: [(&str, String); COUNT]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
