//! Monitoring sources: what proves that their webhooks are authentic, and what these say. Pure.
//!
//! A source is one module behind [`WebhookSource`] and one line in [`SOURCES`].

mod absent;
pub mod addresses;
mod body;
#[cfg(test)]
mod cases;
mod datadog;
mod form;
mod headers;
mod markdown;
mod normalize;
mod sentry;
pub mod signature;
mod tags;
mod text;
mod time;
mod value;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub use body::{UnreadableBody, parse};
pub use headers::Headers;

use crate::domain::{delivery::DeliveryId, event::AlertEvent, time::Time};
use signature::Secret;

/// Every source whose webhooks are accepted.
pub static SOURCES: &[&dyn WebhookSource] = &[&datadog::Datadog, &sentry::Sentry];

/// The source of that name, as in the path `/webhooks/{source}`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn WebhookSource> {
    SOURCES.iter().find(|source| source.name() == name).copied()
}

/// How a source proves who it is, and how its payloads are read.
///
/// ```
/// use serde_json::{Value, json};
/// use shared::{
///     domain::{
///         event::{AlertEvent, KeyScope, Transition},
///         source::Source,
///         time::Time,
///     },
///     sources::{
///         Headers, Reading, Unreadable, WebhookSource, parse,
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
///     fn is_authentic(&self, secrets: &[Secret], headers: &Headers, _body: &[u8]) -> bool {
///         headers.get("x-webhook-token").is_some_and(|token| is_one_of(secrets, token))
///     }
///
///     fn read(&self, _headers: &Headers, payload: &Value, now: Time) -> Result<Reading, Unreadable> {
///         let job = payload["job"].as_str().ok_or(Unreadable("the payload names no job".to_owned()))?;
///         let transition = match payload["late"].as_bool() {
///             Some(true) => Transition::Firing,
///             Some(false) => Transition::Resolved,
///             None => return Ok(Reading::Ignored { reason: "it says nothing of lateness".to_owned() }),
///         };
///         let event = AlertEvent {
///             source: Source::named(self.name()),
///             external_id: None,
///             dedup_key: format!("job:{job}"),
///             key_scope: KeyScope::Problem,
///             group_key: format!("job:{job}"),
///             transition,
///             states_firing: transition == Transition::Firing,
///             // A heartbeat states no time, so receipt counts.
///             occurred_at: now,
///             ordered_at: now,
///             is_timed: false,
///             title: format!("{job} is late"),
///             message: None,
///             severity: None,
///             unknown_severity: None,
///             transition_severity: None,
///             service: Some(job.to_lowercase()),
///             environment: None,
///             team: None,
///             group: None,
///             is_test: false,
///             tags: Vec::new(),
///             link: None,
///         };
///         Ok(Reading::Event(Box::new(event)))
///     }
/// }
///
/// let secrets = [Secret::new("s3cret".to_owned()).unwrap()];
/// let headers: Headers = [("X-Webhook-Token", "s3cret")].into_iter().collect();
/// let body = br#"{"job":"backup","late":true}"#;
/// assert!(Heartbeat.is_authentic(&secrets, &headers, body));
///
/// let now: Time = "2026-11-23T09:53:08Z".parse().unwrap();
/// let Ok(Reading::Event(event)) = Heartbeat.read(&headers, &parse(body).unwrap(), now) else { panic!() };
/// assert_eq!((event.title.as_str(), event.transition), ("backup is late", Transition::Firing));
/// assert!(Heartbeat.read(&headers, &json!({}), now).is_err());
/// ```
pub trait WebhookSource: Sync {
    /// The name in paths, in JSON and in the secret: lower case.
    fn name(&self) -> &'static str;

    /// Whether the request proves the knowledge of one of the secrets. Fails closed: without a
    /// secret, or with a proof that is absent or malformed, it is not authentic.
    fn is_authentic(&self, secrets: &[Secret], headers: &Headers, body: &[u8]) -> bool;

    /// The headers that [`Self::read`] looks at, in lower case: kept with what cannot be read.
    fn reading_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// What an authentic webhook says.
    ///
    /// # Errors
    /// [`Unreadable`] if the payload cannot be mapped to an event.
    fn read(&self, headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable>;
}

/// What an authentic webhook says.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Something about a problem.
    Event(Box<AlertEvent>),
    /// Nothing that matters here.
    Ignored {
        /// Why it does not matter.
        reason: String,
    },
}

/// An authentic payload that cannot be mapped. The text says why, without quoting the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// The id of a delivery that cannot be read. It is another than the delivery would have if it could
/// be read: so the same body is grouped when it comes again and can be.
#[must_use]
pub fn unreadable_delivery_id(source: &str, body: &[u8]) -> DeliveryId {
    hashed_id(source, "unreadable\0", body)
}

/// The id of a delivery, made from its bytes, and from its receipt if the same bytes may be news.
///
/// The digit is the version of the way it is made, so that it may change.
#[must_use]
pub fn delivery_id(source: &str, body: &[u8], receipt: Option<&str>) -> DeliveryId {
    match receipt {
        Some(receipt) => hashed_id(source, &format!("receipt\0{receipt}\0"), body),
        None => hashed_id(source, "body\0", body),
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
