//! The headers of a request, for those who know nothing of HTTP types.

use lambda_http::http::HeaderMap;

use crate::sources::Headers;

/// The headers of a webhook's request.
#[must_use]
pub fn of_webhook(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}
