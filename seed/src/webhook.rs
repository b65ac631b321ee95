//! A webhook as a source sends it, and its form in a file: one JSON object a line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who sends a webhook. The demo company uses four of these; a file for [`load`](crate::load) may hold
/// webhooks of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Alertmanager,
    CloudWatch,
    Datadog,
    Generic,
    Grafana,
    PagerDuty,
    #[serde(rename = "pagerduty-events")]
    PagerDutyEvents,
    Sentry,
}

impl Source {
    /// The source's name in the path of its webhooks.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::CloudWatch => "cloudwatch",
            Self::Datadog => "datadog",
            Self::Generic => "generic",
            Self::Grafana => "grafana",
            Self::PagerDuty => "pagerduty",
            Self::PagerDutyEvents => "pagerduty-events",
            Self::Sentry => "sentry",
        }
    }
}

/// One webhook, without signature or token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub source: Source,
    /// When it arrives.
    pub at: Timestamp,
    pub headers: BTreeMap<String, String>,
    /// The exact text of the body: Sentry signs its bytes.
    pub body: String,
}

impl Webhook {
    pub(crate) fn of_alertmanager(at: Timestamp, body: String) -> Self {
        let agent = ("User-Agent".to_owned(), "Alertmanager/0.25.0".to_owned());
        Self { source: Source::Alertmanager, at, headers: [CONTENT_TYPE.map(str::to_owned).into(), agent].into(), body }
    }

    pub(crate) fn of_cloudwatch(at: Timestamp, body: String) -> Self {
        let headers = [
            ("Content-Type".to_owned(), "text/plain; charset=UTF-8".to_owned()),
            ("x-amz-sns-message-type".to_owned(), "Notification".to_owned()),
        ];
        Self { source: Source::CloudWatch, at, headers: headers.into(), body }
    }

    pub(crate) fn of_datadog(at: Timestamp, body: String) -> Self {
        let headers = BTreeMap::from([CONTENT_TYPE.map(str::to_owned).into()]);
        Self { source: Source::Datadog, at, headers, body }
    }

    pub(crate) fn of_sentry(at: Timestamp, resource: &str, request_id: String, body: String) -> Self {
        let mut headers = BTreeMap::from([
            CONTENT_TYPE.map(str::to_owned).into(),
            ("Sentry-Hook-Resource".to_owned(), resource.to_owned()),
        ]);
        headers.extend(sentry_attempt(at, request_id));
        Self { source: Source::Sentry, at, headers, body }
    }

    /// The same webhook, sent once more. Sentry gives each attempt new headers and signs only the
    /// body.
    pub(crate) fn again(&self, at: Timestamp, request_id: String) -> Self {
        let mut copy = Self { at, ..self.clone() };
        if self.source == Source::Sentry {
            copy.headers.extend(sentry_attempt(at, request_id));
        }
        copy
    }
}

const CONTENT_TYPE: [&str; 2] = ["Content-Type", "application/json"];

fn sentry_attempt(at: Timestamp, request_id: String) -> [(String, String); 2] {
    [("Request-ID".to_owned(), request_id), ("Sentry-Hook-Timestamp".to_owned(), at.as_second().to_string())]
}
