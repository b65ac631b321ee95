//! CloudWatch alarms, by Amazon SNS over HTTPS and by Amazon EventBridge. Both give the same event.
//!
//! Facts: the Amazon SNS Developer Guide ("Verifying the signatures of Amazon SNS messages") and the
//! Amazon CloudWatch User Guide ("Alarm events and EventBridge").

mod alarm;
pub mod event_bridge;
mod sns;
pub mod subscription;
mod topic;

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Certificate, CertificateUrl, GROUP_TIMEOUT, Headers, Reading, Request, Unreadable, WebhookSource, signature::Secret,
};
use crate::domain::time::Time;

/// The source `cloudwatch`.
pub struct CloudWatch;

const NAME: &str = "cloudwatch";

/// Whoever has one of these can confirm or end the subscription.
const CREDENTIALS: [&str; 3] = ["Token", "SubscribeURL", "UnsubscribeURL"];

/// Whether a text is the ARN of a topic.
pub fn is_topic(arn: &str) -> bool {
    topic::Topic::of(arn).is_some()
}

impl WebhookSource for CloudWatch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn receive_timeout(&self) -> Duration {
        GROUP_TIMEOUT
    }

    fn certificate(&self, secrets: &[Secret], request: &Request<'_>) -> Option<CertificateUrl> {
        sns::trusted(secrets, request)?.certificate_url()
    }

    /// SNS signs its messages, but it signs those of any topic. So the secrets of this source are the
    /// ARNs of the topics that may send.
    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        let signed = sns::trusted(secrets, request).zip(request.certificate);
        signed.is_some_and(|(envelope, certificate): (_, &Certificate)| {
            envelope.certificate_url().is_some()
                && certificate.is_valid_at(request.received_at)
                && envelope.is_signed(certificate)
        })
    }

    /// The token of a subscription is taken out. It is still in the [`Reading::Confirmation`].
    fn redacted(&self, payload: &Value) -> Option<Value> {
        let members = payload.as_object()?;
        let kept = members.iter().filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()));
        Some(Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()))
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        // Without its members, SNS could not have signed it: so it never came by HTTP.
        if payload.get("Signature").is_none() && payload.get("detail-type").is_some() {
            return event_bridge::read(payload, received_at);
        }
        sns::read(payload, received_at)
    }
}

#[cfg(test)]
mod tests;
