//! Monitoring sources: what proves that their webhooks are authentic, and what these say. Pure.
//!
//! A source is one module behind [`WebhookSource`] and one line in [`SOURCES`].

mod absent;
pub mod addresses;
mod alertmanager;
mod body;
#[cfg(test)]
mod cases;
mod certificate;
mod cloudwatch;
mod datadog;
#[cfg(test)]
mod fixtures;
mod form;
mod generic;
mod grafana;
mod headers;
mod labels;
pub mod limits;
mod markdown;
mod normalize;
mod pagerduty;
mod pagerduty_events;
mod proofs;
mod reading;
mod request;
mod sentry;
pub mod signature;
mod tags;
mod text;
mod time;
mod value;

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub use body::{UnreadableBody, parse};
pub use certificate::{Certificate, CertificateUrl, InvalidCertificate};
pub use cloudwatch::{event_bridge, subscription::Confirmation};
pub use headers::Headers;
pub use pagerduty_events::{client_key, stated_key};
pub use reading::{Element, ElementReading, Group, Reading, SplitPayload, Unreadable};
pub use request::Request;

use crate::domain::{delivery::DeliveryId, event::AlertEvent, time::Time};
use limits::ResendKind;
use signature::Secret;

/// Every source whose webhooks are accepted.
pub static SOURCES: &[&dyn WebhookSource] = &[
    &alertmanager::Alertmanager,
    &cloudwatch::CloudWatch,
    &datadog::Datadog,
    &generic::Generic,
    &grafana::Grafana,
    &pagerduty::PagerDuty,
    &pagerduty_events::PagerDutyEvents,
    &sentry::Sentry,
];

/// The largest body of a source that sends one event a webhook, in bytes: 1 MiB.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The largest body of a source that sends many events a webhook, in bytes: 4 MiB. A function takes
/// 6 MB (AWS Lambda Developer Guide, "Lambda quotas"), and what is not UTF-8 grows by a third.
pub const MAX_GROUP_BYTES: usize = 4 * 1024 * 1024;

/// How long receiving one event may take: Sentry waits 1 s for the answer, with the network and the
/// gateway in between, and never sends again.
const EVENT_TIMEOUT: Duration = Duration::from_millis(850);

/// How long receiving a group may take, or a webhook whose certificate is to be fetched. Those who
/// send these wait 10 s or more.
const GROUP_TIMEOUT: Duration = Duration::from_secs(8);

/// Whether a text is the ARN of a topic of SNS, as the secrets of the source `cloudwatch` are.
#[must_use]
pub fn is_topic(arn: &str) -> bool {
    cloudwatch::is_topic(arn)
}

/// The source of that name, as in the path `/webhooks/{source}`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn WebhookSource> {
    SOURCES.iter().find(|source| source.name() == name).copied()
}

/// The source whose webhooks come to a path below `/webhooks/`: its name, or a route below it. Clients add to the
/// address that they are given, and what comes by such a route may mean something else.
#[must_use]
pub fn at(path: &str) -> Option<&'static dyn WebhookSource> {
    let mut segments = path.split('/');
    let source = find(segments.next()?)?;
    let route: Vec<&str> = segments.collect();
    Some(source.at_route(&route.join("/")).unwrap_or(source))
}

/// How a source proves who it is, and how its payloads are read.
///
/// ```
/// use serde_json::{Value, json};
/// use shared::{
///     domain::{
///         event::{AlertEvent, Transition},
///         source::Source,
///         time::Time,
///     },
///     sources::{
///         Headers, Reading, Request, Unreadable, WebhookSource, parse,
///         signature::{Secret, is_one_of},
///     },
/// };
///
/// /// A heartbeat: `{"job":"backup","late":true}`.
/// struct Heartbeat;
///
/// impl WebhookSource for Heartbeat {
///     fn name(&self) -> &'static str {
///         "heartbeat"
///     }
///
///     fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
///         request.headers.get("x-webhook-token").is_some_and(|token| is_one_of(secrets, token))
///     }
///
///     fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
///         let job = payload["job"].as_str().ok_or(Unreadable("the payload names no job".to_owned()))?;
///         let transition = match payload["late"].as_bool() {
///             Some(true) => Transition::Firing,
///             Some(false) => Transition::Resolved,
///             None => return Ok(Reading::Ignored { reason: "it says nothing of lateness".to_owned() }),
///         };
///         let event = AlertEvent {
///             // A heartbeat states no time, so receipt counts.
///             is_timed: false,
///             title: format!("{job} is late"),
///             service: Some(job.to_lowercase()),
///             ..AlertEvent::bare(Source::named(self.name()), &format!("job:{job}"), transition, received_at)
///         };
///         Ok(Reading::Event(Box::new(event)))
///     }
/// }
///
/// let secrets = [Secret::new("s3cret".to_owned()).unwrap()];
/// let headers: Headers = [("X-Webhook-Token", "s3cret")].into_iter().collect();
/// let body = br#"{"job":"backup","late":true}"#;
/// let received_at: Time = "2026-11-23T09:53:08Z".parse().unwrap();
/// assert!(Heartbeat.is_authentic(&secrets, &Request::new(&headers, body, received_at)));
///
/// let reading = Heartbeat.read(&headers, &parse(body).unwrap(), received_at);
/// let Ok(Reading::Event(event)) = reading else { panic!() };
/// assert_eq!((event.title.as_str(), event.transition), ("backup is late", Transition::Firing));
/// assert!(Heartbeat.read(&headers, &json!({}), received_at).is_err());
/// ```
pub trait WebhookSource: Sync {
    /// The name in paths, in JSON and in the secret: lower case.
    fn name(&self) -> &'static str;

    /// What reads the webhooks that come by a route below this source, if something else than this does.
    fn at_route(&self, _route: &str) -> Option<&'static dyn WebhookSource> {
        None
    }

    /// Why all webhooks are ignored, whatever they say, if they are.
    fn ignores_all(&self) -> Option<&'static str> {
        None
    }

    /// The largest body that is accepted, in bytes.
    fn max_body_bytes(&self) -> usize {
        MAX_EVENT_BYTES
    }

    /// How long the source waits for the answer, without the network and the gateway in between.
    fn receive_timeout(&self) -> Duration {
        EVENT_TIMEOUT
    }

    /// Where the certificate is that proves the request, if one does and its place is trusted.
    fn certificate(&self, _secrets: &[Secret], _request: &Request<'_>) -> Option<CertificateUrl> {
        None
    }

    /// Whether the request proves the knowledge of one of the secrets. Fails closed: without a
    /// secret, or with a proof that is absent or malformed, it is not authentic.
    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool;

    /// The headers that [`Self::read`] looks at, in lower case: kept with what cannot be read.
    fn reading_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// The payload without the secrets that it holds. `None` if it holds none: then the bytes are
    /// kept as they are. What is taken out here is never stored, logged or shown.
    fn redacted(&self, _payload: &Value) -> Option<Value> {
        None
    }

    /// What of an authentic body that is not JSON is kept, if not all of it.
    fn redacted_bytes(&self, _body: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// What an authentic webhook says.
    ///
    /// # Errors
    /// [`Unreadable`] if the payload cannot be mapped to an event.
    fn read(&self, headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable>;

    /// When the sender of a webhook with these headers sends it again. What is not known is [`ResendKind::Never`].
    fn resends(&self, _headers: &Headers) -> ResendKind {
        ResendKind::Never
    }

    /// The form of the answer that the source's clients read.
    fn answer_form(&self) -> AnswerForm {
        AnswerForm::Receipt
    }
}

/// The form of the answer to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// Ours: what became of the webhook.
    Receipt,
    /// That of PagerDuty's Events API, which its clients read.
    PagerDutyEvents,
}

/// The id of a delivery that cannot be read. It is another than the delivery would have if it could
/// be read: so the same body is grouped when it comes again and can be.
#[must_use]
pub fn unreadable_delivery_id(source: &str, body: &[u8]) -> DeliveryId {
    hashed_id(source, "unreadable\0", body)
}

/// The id of the delivery of an event. It is made from the bytes that the event was read from, and
/// from what tells the event from others with the same bytes: its own id, or its receipt.
///
/// The digit is the version of the way it is made, so that it may change.
#[must_use]
pub fn delivery_id(event: &AlertEvent, body: &[u8], receipt: &str) -> DeliveryId {
    let source = event.source.as_str();
    match &event.event_id {
        Some(id) => hashed_id(source, &format!("event\0{id}\0"), body),
        None if event.is_timed => hashed_id(source, "body\0", body),
        None => hashed_id(source, &format!("receipt\0{receipt}\0"), body),
    }
}

/// Tells the bytes of a body from others.
#[must_use]
pub fn content_hash(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body)[..8])
}

fn hashed_id(source: &str, kind: &str, content: &[u8]) -> DeliveryId {
    let digest = Sha256::new().chain_update(kind).chain_update(content).finalize();
    DeliveryId::new(format!("{source}-1-{}", hex::encode(&digest[..16])))
}
