//! Cursors: where a list goes on. Opaque to callers.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The position of the last row that was shown.
    #[serde(rename = "p")]
    pub position: String,
    /// The list that it belongs to: its kind, filters and order.
    #[serde(rename = "l")]
    pub list: String,
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a next_cursor of the same list, filters and sort")]
pub struct InvalidCursor;

/// Positions are ids, and numbers with ids: much shorter.
const MAX_POSITION: usize = 64;

impl Cursor {
    /// Its text.
    #[must_use]
    pub fn encode(&self) -> String {
        // A struct of texts always has a JSON form.
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`InvalidCursor`] if it is none, or one of another list than `list`.
    pub fn decode(text: &str, list: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| InvalidCursor)?;
        let is_position = cursor.position.len() <= MAX_POSITION && cursor.position.is_ascii();
        if cursor.list == list && is_position && !cursor.position.is_empty() { Ok(cursor) } else { Err(InvalidCursor) }
    }
}
