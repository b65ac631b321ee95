//! Turns a batch of messages into the event of Lambda, and reads which of them failed.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    lambda::MAX_EVENT_BYTES,
    template::{FailureReports, REGION},
};

/// At least what the event holds of a message beside its body and its own attributes, in bytes.
const RECORD_BYTES: usize = 4_096;

/// The answer of a function to a batch.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct BatchResponse {
    batch_item_failures: Option<Vec<BatchItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: Option<String>,
}

/// The id of a message.
pub fn id(message: &Message) -> &str {
    message.message_id().unwrap_or_default()
}

/// The same messages in batches whose events are not too large, as Lambda makes them.
pub fn split(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut batches: Vec<Vec<Message>> = Vec::new();
    let mut room = 0;
    for message in messages {
        let size = RECORD_BYTES
            + json!([message.body(), message.message_attributes().map(custom_attributes)]).to_string().len();
        match batches.last_mut() {
            Some(batch) if size <= room => batch.push(message),
            _ => {
                room = MAX_EVENT_BYTES - RECORD_BYTES;
                batches.push(vec![message]);
            }
        }
        room = room.saturating_sub(size);
    }
    batches
}

/// The ids of the messages that failed. `None` if the answer is invalid: then all of them stay in
/// the queue.
pub fn failed(answer: &Json, messages: &[Message], reports: FailureReports) -> Option<HashSet<String>> {
    if reports == FailureReports::WholeBatch {
        return Some(HashSet::new());
    }
    // To Lambda, a null answer is a success.
    let response = Option::<BatchResponse>::deserialize(answer).ok()?.unwrap_or_default();
    let failures = response.batch_item_failures.unwrap_or_default().into_iter();
    let failures = failures.map(|failure| failure.item_identifier).collect::<Option<HashSet<_>>>()?;
    failures.iter().all(|failure| messages.iter().any(|message| id(message) == failure)).then_some(failures)
}

/// The event of Lambda for a batch.
pub fn event(messages: &[Message], queue_arn: &str) -> Json {
    let record = |message: &Message| {
        let attributes = message.attributes().into_iter().flatten();
        json!({
            "messageId": message.message_id(),
            "receiptHandle": message.receipt_handle(),
            "body": message.body(),
            "attributes": attributes.map(|(name, value)| (name.to_string(), Json::from(value.as_str()))).collect::<Map<_, _>>(),
            "messageAttributes": message.message_attributes().map(custom_attributes).unwrap_or_default(),
            "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": REGION,
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

fn custom_attributes(attributes: &HashMap<String, MessageAttributeValue>) -> Map<String, Json> {
    attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &MessageAttributeValue) -> Json {
    let mut attribute = json!({ "dataType": value.data_type(), "stringListValues": [], "binaryListValues": [] });
    if let Some(text) = value.string_value() {
        attribute["stringValue"] = Json::from(text);
    }
    if let Some(bytes) = value.binary_value() {
        attribute["binaryValue"] = Json::from(BASE64_STANDARD.encode(bytes));
    }
    attribute
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    fn messages() -> Vec<Message> {
        ["a", "b"].map(|id| Message::builder().message_id(id).receipt_handle("handle").body("{}").build()).to_vec()
    }

    #[test]
    fn a_batch_becomes_an_event() {
        let value = MessageAttributeValue::builder().data_type("String").string_value("x").build().unwrap();
        let message = Message::builder()
            .message_id("a")
            .receipt_handle("handle")
            .body("{}")
            .md5_of_body("md5")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "1")
            .message_attributes("kind", value)
            .build();
        assert_eq!(
            event(&[message], "arn:queue"),
            json!({"Records": [{
                "messageId": "a",
                "receiptHandle": "handle",
                "body": "{}",
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {
                    "kind": {"dataType": "String", "stringValue": "x", "stringListValues": [], "binaryListValues": []}
                },
                "md5OfBody": "md5",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:queue",
                "awsRegion": "us-east-1",
            }]})
        );
    }

    #[test]
    fn a_batch_that_is_too_large_for_an_event_is_split_in_order() {
        // Each quote takes two bytes in an event.
        let bodies = (0..10).map(|number| (number.to_string(), "\"".repeat(1024 * 1024)));
        let messages: Vec<Message> =
            bodies.map(|(id, body)| Message::builder().message_id(id).body(body).build()).collect();
        let batches = split(messages);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 2, 2]);
        let ids: Vec<&str> = batches.iter().flatten().map(id).collect();
        assert_eq!(ids.concat(), "0123456789");
        assert!(batches.iter().all(|batch| event(batch, "arn:queue").to_string().len() <= MAX_EVENT_BYTES));
        assert_eq!(split(self::messages()).len(), 1);
    }

    #[test]
    fn only_messages_that_are_reported_come_back() {
        let failed = |answer: Json| failed(&answer, &messages(), FailureReports::PerMessage);
        let none = Some(HashSet::new());
        assert_eq!(failed(json!({"batchItemFailures": [{"itemIdentifier": "b"}]})), Some(["b".to_owned()].into()));
        for success in [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})] {
            assert_eq!(failed(success.clone()), none, "{success}");
        }
    }

    #[test]
    fn an_invalid_report_fails_the_whole_batch() {
        for answer in [
            json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]}),
            json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
            json!({"batchItemFailures": [{}]}),
            json!({"batchItemFailures": "b"}),
        ] {
            assert_eq!(failed(&answer, &messages(), FailureReports::PerMessage), None, "{answer}");
        }
    }

    #[test]
    fn without_reports_a_batch_succeeds_if_its_call_does() {
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "b"}]});
        assert_eq!(failed(&answer, &messages(), FailureReports::WholeBatch), Some(HashSet::new()));
    }
}
