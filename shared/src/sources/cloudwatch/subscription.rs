//! The confirmation of a subscription.

use std::fmt;

use form_urlencoded::Serializer;

use super::topic::Topic;

/// The longest token, in bytes. Those of SNS have some 300.
const MAX_TOKEN: usize = 1_000;

/// SNS asks whether a topic may send here. A call to [`Self::url`] says yes.
#[derive(Clone, PartialEq, Eq)]
pub struct Confirmation {
    url: String,
    topic_arn: String,
}

impl Confirmation {
    /// Made from the topic's ARN, not from an address in the message. `None` without a token that SNS may have made.
    pub(super) fn of(topic: Topic<'_>, token: &str) -> Option<Self> {
        if token.is_empty() || token.len() > MAX_TOKEN {
            return None;
        }
        let query = Serializer::new(String::new())
            .append_pair("Action", "ConfirmSubscription")
            .append_pair("TopicArn", topic.arn)
            .append_pair("Token", token)
            .finish();
        Some(Self { url: format!("https://{}/?{query}", topic.host()), topic_arn: topic.arn.to_owned() })
    }

    /// The call that confirms: `GET`. It holds a credential and must not be logged.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The topic.
    #[must_use]
    pub fn topic_arn(&self) -> &str {
        &self.topic_arn
    }
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Confirmation({})", self.topic_arn)
    }
}
