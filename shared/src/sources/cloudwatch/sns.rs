//! Messages of SNS: their signature, and the alarm in them.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        Certificate, CertificateUrl, Reading, Request, Unreadable,
        signature::{Secret, is_one_of},
        tags,
        time::time,
        value::{first_text, text},
    },
    alarm::{Alarm, AlarmState, region_of_arn},
    subscription::Confirmation,
    topic::Topic,
};
use crate::domain::time::Time;

/// How old a message may be, in minutes. SNS tries again for an hour.
const MAX_MESSAGE_AGE_MINUTES: i64 = 65;

/// What SNS signs of a message. A member that comes twice, or that is no text, is refused: nobody
/// could tell which value was signed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    topic_arn: String,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    subject: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    token: Option<String>,
}

/// The message, if all but its signature is right: its topic may send, and it is not old.
pub(super) fn trusted(secrets: &[Secret], request: &Request<'_>) -> Option<Envelope> {
    // A raw message has no envelope, so nothing in it is signed.
    let is_raw = request.headers.text("x-amz-sns-rawdelivery").is_some_and(|raw| raw.eq_ignore_ascii_case("true"));
    let envelope: Envelope = serde_json::from_slice(request.body).ok().filter(|_| !is_raw)?;
    let age = request.received_at.as_millis() - envelope.timestamp.parse::<Time>().ok()?.as_millis();
    let is_recent = age.abs() <= MAX_MESSAGE_AGE_MINUTES * 60_000;
    (is_one_of(secrets, envelope.topic_arn.as_bytes()) && is_recent).then_some(envelope)
}

impl Envelope {
    /// Where the certificate is: only at SNS itself, in the topic's region. SNS publishes each as
    /// `/SimpleNotificationService-<hex>.pem`.
    pub(super) fn certificate_url(&self) -> Option<CertificateUrl> {
        let host = Topic::of(&self.topic_arn)?.host();
        let path = self.signing_cert_url.strip_prefix("https://")?.strip_prefix(&host)?;
        let name = path.strip_prefix("/SimpleNotificationService-")?.strip_suffix(".pem")?;
        let is_hex = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| CertificateUrl(self.signing_cert_url.clone()))
    }

    /// Whether the signature is that of the certificate's key: RSA with PKCS #1 v1.5 over SHA-1
    /// (version 1) or SHA-256 (version 2).
    pub(super) fn is_signed(&self, certificate: &Certificate) -> bool {
        let algorithm = match self.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        let Ok(signature) = BASE64_STANDARD.decode(&self.signature) else { return false };
        let key = ParsedPublicKey::new(algorithm, &certificate.public_key);
        key.is_ok_and(|key| key.verify_sig(self.signed_text().as_bytes(), &signature).is_ok())
    }

    /// Each member on two lines: its name, and its value as it is after decoding.
    fn signed_text(&self) -> String {
        let is_notification = self.kind == "Notification";
        let of_confirmation = |value| if is_notification { None } else { value };
        let members = [
            ("Message", Some(&self.message)),
            ("MessageId", Some(&self.message_id)),
            ("Subject", self.subject.as_ref().filter(|_| is_notification)),
            ("SubscribeURL", of_confirmation(self.subscribe_url.as_ref())),
            ("Timestamp", Some(&self.timestamp)),
            ("Token", of_confirmation(self.token.as_ref())),
            ("TopicArn", Some(&self.topic_arn)),
            ("Type", Some(&self.kind)),
        ];
        members.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?))).collect()
    }
}

/// Reads a message that is authentic.
pub(super) fn read(payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let kind = text(payload, "Type").ok_or_else(|| Unreadable::because("the message has no Type"))?;
    match kind.as_str() {
        "Notification" => read_notification(payload, received_at),
        "SubscriptionConfirmation" => {
            let member = |name: &str| payload.get(name).and_then(Value::as_str);
            let confirmation = Topic::of(member("TopicArn").unwrap_or_default())
                .zip(member("Token"))
                .and_then(|(topic, token)| Confirmation::of(topic, token));
            confirmation
                .map(Reading::Confirmation)
                .ok_or_else(|| Unreadable::because("the subscription has no topic and token"))
        }
        // To visit its SubscribeURL would subscribe again.
        "UnsubscribeConfirmation" => Ok(Reading::ignored("somebody ended the subscription")),
        _ => Err(Unreadable::because("the message is of an unknown Type")),
    }
}

fn read_notification(payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let message = payload.get("Message").and_then(Value::as_str).unwrap_or_default();
    let not_an_alarm = || Unreadable::because("the message is not that of a CloudWatch alarm");
    let alarm: Value = serde_json::from_str(message).map_err(|_| not_an_alarm())?;
    let name = text(&alarm, "AlarmName").ok_or_else(not_an_alarm)?;
    let state = text(&alarm, "NewStateValue").and_then(|state| state.parse().ok()).ok_or_else(not_an_alarm)?;
    let state = match state {
        // Somebody asked SNS to tell it.
        AlarmState::InsufficientData => AlarmState::Alarm,
        state => state,
    };
    let is_insufficient = text(&alarm, "NewStateValue").as_deref() == Some("INSUFFICIENT_DATA");
    let trigger = alarm.get("Trigger").unwrap_or(&Value::Null);
    let metric = Metric::of(trigger);
    let arn = text(&alarm, "AlarmArn");
    let topic_arn = text(payload, "TopicArn");
    // `Region` is a name for people, such as `EU (Ireland)`.
    let region = [&arn, &topic_arn].into_iter().flatten().find_map(|arn| region_of_arn(arn));
    let alarm = Alarm {
        event_id: text(payload, "MessageId"),
        account: text(&alarm, "AWSAccountId"),
        description: text(&alarm, "AlarmDescription"),
        reason: text(&alarm, "NewStateReason"),
        changed_at: time(&alarm, "StateChangeTime"),
        namespace: metric.namespace,
        metric: metric.name,
        dimensions: metric.dimensions,
        tags: alarm.get("AlarmTags").map(tags::read).unwrap_or_default(),
        is_insufficient,
        arn,
        region,
        name,
        state,
    };
    Ok(alarm.reading(received_at))
}

/// The metric of an alarm: its own, or the first one in its expression.
#[derive(Default)]
struct Metric {
    namespace: Option<String>,
    name: Option<String>,
    dimensions: Vec<String>,
}

impl Metric {
    fn of(trigger: &Value) -> Self {
        let in_expression = trigger.get("Metrics").and_then(Value::as_array).into_iter().flatten();
        let in_expression = in_expression.filter_map(|metric| metric.get("MetricStat")?.get("Metric"));
        let metric = std::iter::once(trigger).chain(in_expression).find(|metric| metric.get("MetricName").is_some());
        metric.map_or_else(Self::default, |metric| Self {
            namespace: text(metric, "Namespace"),
            name: text(metric, "MetricName"),
            dimensions: metric
                .get("Dimensions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(pair)
                .collect(),
        })
    }
}

fn pair(dimension: &Value) -> Option<String> {
    Some(format!("{}:{}", first_text(dimension, &["name", "Name"])?, first_text(dimension, &["value", "Value"])?))
}
