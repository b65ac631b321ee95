//! Converts values to items and attributes of DynamoDB, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::domain::time::Time;

/// A row of a table.
pub type Item = HashMap<String, AttributeValue>;

/// The attribute by which DynamoDB deletes expired rows, in seconds since 1970. It does so within
/// days, so readers must not show what has expired.
pub const EXPIRES_AT: &str = "expires_at";

/// Whether a row has expired. One without the attribute never does.
pub fn is_expired(item: &Item, now: Time) -> bool {
    let expires_at = item.get(EXPIRES_AT).and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
    expires_at.is_some_and(|expires_at| expires_at <= now.as_seconds())
}

/// The attribute for when a row expires.
pub fn expiry(expires_at: Time) -> AttributeValue {
    number(expires_at.as_seconds())
}

/// Converts a value to an item. Absent values are left out, since DynamoDB allows no null in the
/// key of an index.
pub fn to_item<T: Serialize>(operation: &'static str, value: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| StoreError::of_item(operation, &error))?;
    item.retain(|_, value| !value.is_null());
    Ok(item)
}

/// Converts a value to an attribute.
pub fn to_attribute<T: Serialize>(operation: &'static str, value: &T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| StoreError::of_item(operation, &error))
}

/// Converts an item to a value.
pub fn from_item<T: DeserializeOwned>(operation: &'static str, item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| StoreError::of_item(operation, &error))
}

/// An attribute that holds a string.
pub fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// An attribute that holds a number.
pub fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}
