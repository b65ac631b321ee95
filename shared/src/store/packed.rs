//! Packs attributes that no query filters on. This makes most of them a third of their size. The
//! size of a row is what its writes cost.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::packing::{pack_json, unpack_json};

/// Packs a value for the attribute with this name.
pub fn pack<T: Serialize>(operation: &'static str, name: &str, value: &T) -> Result<AttributeValue, StoreError> {
    let packed = pack_json(value).map_err(|_| StoreError::of_attribute(operation, name))?;
    Ok(AttributeValue::B(Blob::new(packed)))
}

/// Unpacks the attribute with this name.
pub fn unpack<T: DeserializeOwned>(
    operation: &'static str,
    name: &str,
    packed: Option<&AttributeValue>,
) -> Result<T, StoreError> {
    let value = packed.and_then(|value| unpack_json(value.as_b().ok()?.as_ref()).ok());
    value.ok_or_else(|| StoreError::of_attribute(operation, name))
}
