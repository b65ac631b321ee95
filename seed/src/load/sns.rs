//! Signs messages as Amazon SNS does, with a key whose certificate the local stack has.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use shared::domain::time::Time;

/// The members that SNS signs, in their order.
const SIGNED: [&str; 8] = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// A topic, and the key that signs its messages.
pub struct Sns {
    topic: String,
    region: String,
    key: RsaKeyPair,
}

impl Sns {
    /// A topic by its ARN, and a private key of RSA as PEM (PKCS #8). `None` if one of them is not.
    #[must_use]
    pub fn new(topic: &str, pem: &str) -> Option<Self> {
        let region = topic.strip_prefix("arn:aws:sns:")?.split(':').next()?.to_owned();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let key = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).ok()?).ok()?;
        Some(Self { topic: topic.to_owned(), region, key })
    }

    /// The body as SNS sends it now: from this topic, with its signature (version 2). `None` if the
    /// body is no message.
    pub(super) fn sign(&self, body: &str, now: Time) -> Option<String> {
        let mut message: Value = serde_json::from_str(body).ok()?;
        message.as_object()?;
        message["TopicArn"] = json!(self.topic);
        // A message is refused an hour after SNS got it. What it says may be older.
        message["Timestamp"] = json!(now.to_string());
        message["SignatureVersion"] = json!("2");
        let host = format!("https://sns.{}.amazonaws.com", self.region);
        message["SigningCertURL"] = json!(format!("{host}/SimpleNotificationService-7ff5318490ec183f.pem"));
        let pair = |name: &&str| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?));
        let text: String = SIGNED.iter().filter_map(pair).collect();
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        message["Signature"] = json!(BASE64_STANDARD.encode(signature));
        Some(message.to_string())
    }
}

impl fmt::Debug for Sns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sns({}, [REDACTED])", self.topic)
    }
}
