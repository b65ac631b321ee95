//! Attributes that nobody filters on, packed: JSON, deflated. A usual one is a third of its readable size, and sizes
//! are what writes cost by.

use std::io::{self, Read};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

/// Packs a value for the attribute of this name.
pub fn pack<T: Serialize>(operation: &'static str, name: &str, value: &T) -> Result<AttributeValue, StoreError> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    let written = serde_json::to_writer(&mut packed, value).map_err(io::Error::from);
    let packed = written.and_then(|()| packed.finish()).map_err(|_| StoreError::of_attribute(operation, name))?;
    Ok(AttributeValue::B(Blob::new(packed)))
}

/// What is packed in the attribute of this name.
pub fn unpack<T: DeserializeOwned>(
    operation: &'static str,
    name: &str,
    packed: Option<&AttributeValue>,
) -> Result<T, StoreError> {
    let malformed = || StoreError::of_attribute(operation, name);
    let packed = packed.and_then(|value| value.as_b().ok()).ok_or_else(malformed)?;
    // A reader over bytes would ask for each letter alone.
    let mut json = Vec::new();
    DeflateDecoder::new(packed.as_ref()).read_to_end(&mut json).map_err(|_| malformed())?;
    serde_json::from_slice(&json).map_err(|_| malformed())
}
