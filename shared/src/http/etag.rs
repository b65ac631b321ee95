//! Formats `ETag` and reads `If-Match`. Both carry the version of an incident as a strong tag.

use std::iter;

use headers::{ETag, Header, IfMatch};
use lambda_http::http::HeaderMap;

use super::{Request, problem::Problem};

/// The `If-Match` header is neither `*` nor a list of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an ETag such as \"7\", a list of ETags, or *")]
pub struct MalformedIfMatch;

/// Formats a version as a tag: version 7 is `"7"`.
#[must_use]
pub fn format(version: u64) -> String {
    format!("\"{version}\"")
}

/// The versions that a caller accepts, from the `If-Match` header.
#[derive(Debug, Clone)]
pub struct Precondition(Option<IfMatch>);

impl Precondition {
    /// Reads the header. Every version is accepted if the header is absent or `*`.
    ///
    /// # Errors
    /// [`MalformedIfMatch`] if a tag is malformed.
    pub fn of(headers: &HeaderMap) -> Result<Self, MalformedIfMatch> {
        let Some(value) = headers.get(IfMatch::name()) else { return Ok(Self(None)) };
        // `IfMatch::decode` accepts any text, so each tag is checked here.
        let text = value.to_str().map_err(|_| MalformedIfMatch)?.trim();
        if text != "*" && !text.split(',').all(|tag| tag.trim().parse::<ETag>().is_ok()) {
            return Err(MalformedIfMatch);
        }
        IfMatch::decode(&mut iter::once(value)).map(|tags| Self(Some(tags))).map_err(|_| MalformedIfMatch)
    }

    /// The same of a request.
    ///
    /// # Errors
    /// A 400 [`Problem`] if a tag is malformed.
    pub fn of_request(request: &Request) -> Result<Self, Problem> {
        Self::of(request.headers()).map_err(|error| Problem::invalid("If-Match", error.to_string()))
    }

    /// Whether the caller accepts this version. A weak tag never matches (RFC 9110, 13.1.1).
    /// Neither does a tag that this API did not make.
    #[must_use]
    pub fn accepts(&self, version: u64) -> bool {
        let tag: Option<ETag> = format(version).parse().ok();
        match (&self.0, tag) {
            (None, _) => true,
            (Some(demanded), Some(tag)) => demanded.precondition_passes(&tag),
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::header::IF_MATCH;

    use super::*;

    fn read(value: &str) -> Result<Precondition, MalformedIfMatch> {
        Precondition::of(&HeaderMap::from_iter([(IF_MATCH, value.parse().unwrap())]))
    }

    #[test]
    fn strong_tags_match_and_weak_and_foreign_tags_do_not() {
        assert!(read(&format(7)).unwrap().accepts(7));
        let demanded = read("\"7\", W/\"8\" ,\"abc\",\"9\",\"010\"").unwrap();
        assert_eq!((6..12).filter(|version| demanded.accepts(*version)).collect::<Vec<_>>(), [7, 9]);
        assert!(read("*").unwrap().accepts(7) && Precondition::of(&HeaderMap::new()).unwrap().accepts(7));
    }

    #[test]
    fn anything_else_is_malformed() {
        for malformed in ["7", "\"7", "", "\"7\",", "\"7\" \"8\"", "\""] {
            assert!(read(malformed).is_err(), "{malformed}");
        }
    }
}
