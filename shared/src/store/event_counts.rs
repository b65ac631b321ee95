//! The limits table: how many events each source sent in a minute. It exists only if sources have limits.

use aws_sdk_dynamodb::{Client, operation::update_item::UpdateItemError};

use super::{
    StoreError,
    item::{EXPIRES_AT, expiry, number, string},
};
use crate::{aws::warm, domain::time::Time, keys};

/// How long a minute is remembered.
const COUNT_MINUTES: i64 = 60;

/// The limits table.
#[derive(Debug, Clone)]
pub struct EventCounts {
    client: Client,
    table: String,
}

/// Whether events are within the limit of their source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// They are, and count.
    Within,
    /// The limit of this minute was reached before. They do not count.
    Beyond,
}

impl EventCounts {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Counts the events of a webhook in this minute, unless the limit was reached before: a write unit.
    ///
    /// The last webhook of a minute may exceed the limit. So a group that is larger than the limit is not
    /// refused for ever.
    ///
    /// # Errors
    /// [`StoreError`]: they may have been counted.
    pub async fn add(&self, source: &str, events: u64, limit: u32, now: Time) -> Result<Counted, StoreError> {
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("source_minute", string(keys::source_minute(source, now)))
            .update_expression("SET #expires_at = :expires_at ADD event_count :events")
            .condition_expression("attribute_not_exists(event_count) OR event_count < :limit")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":expires_at", expiry(now.plus_minutes(COUNT_MINUTES)))
            .expression_attribute_values(":events", number(events))
            .expression_attribute_values(":limit", number(limit))
            .send()
            .await;
        match counted {
            Ok(_) => Ok(Counted::Within),
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(Counted::Beyond)
            }
            Err(error) => Err(StoreError::of_call("Update event_count", &error)),
        }
    }

    /// Opens the connection while a function starts, by counting nothing.
    pub async fn warm(&self, now: Time) {
        warm("DynamoDB", self.add("none", 0, 1, now)).await;
    }
}
