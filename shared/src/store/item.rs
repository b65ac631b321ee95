//! Converts values to items and attributes of DynamoDB, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

/// A row of a table.
pub type Item = HashMap<String, AttributeValue>;

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
