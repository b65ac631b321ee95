//! What fits into an answer of a function.
//!
//! Lambda limits the event that a function returns. In it the body is a string of JSON, so each quote and each
//! backslash of the body is escaped once more.

use serde::Serialize;

use super::{Body, Response};

/// The largest event that a function may return, in bytes: "Response payload size exceeded maximum allowed payload
/// size (6291556 bytes)." (an error of AWS Lambda; its Developer Guide, "Lambda quotas", says 6 MB.)
pub const MAX_EVENT_BYTES: usize = 6_291_556;

/// What an event holds beside the body: the status and the headers of an answer.
const ENVELOPE_BYTES: usize = 2_048;

/// The largest body, in bytes of the event.
pub const MAX_BODY_BYTES: usize = MAX_EVENT_BYTES - ENVELOPE_BYTES;

/// The most bytes of the event that the text of a webhook may take. The rest of its answer is smaller than what is
/// left. A longer one is shown in base64, which needs no escapes.
const MAX_TEXT_BYTES: usize = MAX_BODY_BYTES - 64 * 1024;

/// How many bytes a body of JSON takes in the event.
///
/// ```
/// use shared::http::fit::event_bytes;
///
/// assert_eq!(event_bytes(r#"{"a":"\\"}"#), r#"{\"a\":\"\\\\\"}"#.len());
/// ```
#[must_use]
pub fn event_bytes(json: &str) -> usize {
    json.bytes().map(|byte| if matches!(byte, b'"' | b'\\') { 2 } else { 1 }).sum()
}

/// How many bytes a value takes in the event as an element of a list: its JSON, and a comma.
pub(super) fn event_bytes_of(value: &impl Serialize) -> usize {
    // This cannot fail: all views are structs of strings, numbers and lists.
    serde_json::to_string(value).map_or(0, |json| event_bytes(&json)) + 1
}

/// By how many bytes the body of an answer is too large. `None` if it fits.
pub(super) fn excess(answer: &Response) -> Option<usize> {
    let Body::Text(json) = answer.body() else { return None };
    event_bytes(json).checked_sub(MAX_BODY_BYTES).filter(|excess| *excess > 0)
}

/// Whether a text fits into the body of an answer as a string of JSON.
pub(super) fn fits_as_text(text: &str) -> bool {
    // A string always has a JSON form.
    serde_json::to_string(text).is_ok_and(|json| event_bytes(&json) <= MAX_TEXT_BYTES)
}

/// How many of the first items fit into some room, given what each takes.
///
/// ```
/// use shared::http::fit::fitting;
///
/// assert_eq!(fitting([3, 4, 5], 8), 2);
/// ```
#[must_use]
pub fn fitting(sizes: impl IntoIterator<Item = usize>, room: usize) -> usize {
    let mut left = room;
    let fits = |size: &usize| {
        let enough = left.checked_sub(*size);
        left = enough.unwrap_or(0);
        enough.is_some()
    };
    sizes.into_iter().take_while(fits).count()
}
