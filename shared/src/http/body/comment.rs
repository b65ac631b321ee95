//! Reads `POST /incidents/{id}/comments`.

use lambda_http::http::HeaderMap;

use super::{COMMENT, Members, invalid, said};
use crate::http::{Request, problem::Problem};

/// The name of the header with a key.
const KEY: &str = "Idempotency-Key";

/// The longest key, in characters.
const MAX_KEY_CHARS: usize = 255;

/// Reads and validates the body: a comment that is not empty.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong or unknown.
pub fn of(request: &Request) -> Result<String, Problem> {
    let mut members = Members::of(request, r#"{"comment":"Rolling back."}"#)?;
    let comment = members.take(|members| said(members, COMMENT)?.ok_or_else(|| invalid(COMMENT, "must not be empty")));
    members.finish(comment)
}

/// Reads the key by which the same comment is known again. Any text of visible characters is one, with or without quotes.
///
/// # Errors
/// A 400 [`Problem`] if it is empty, too long, or given twice.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid(KEY, "may be given only once"));
    }
    let key = value.to_str().ok().map(str::trim).filter(|key| {
        (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    });
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::invalid(KEY, format!("must be 1 to {MAX_KEY_CHARS} visible ASCII characters"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_a_text_that_says_something() {
        let read = |body: &str| of(&Request::new(body.into()));
        assert_eq!(read(r#"{"comment":" on it\n"}"#).unwrap(), "on it");
        for body in
            ["", "{}", r#"{"comment":" "}"#, r#"{"comment":null}"#, r#"{"comment":7}"#, r#"{"comment":"a","b":1}"#]
        {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_key_is_any_visible_text() {
        let read = |value: &[u8]| {
            let value = lambda_http::http::HeaderValue::from_bytes(value).unwrap();
            key(&HeaderMap::from_iter([(lambda_http::http::HeaderName::from_static("idempotency-key"), value)]))
        };
        assert_eq!(read(b"\"8e03978e\" ").unwrap().as_deref(), Some("\"8e03978e\""));
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        for value in [&b""[..], b" ", b"\xff", "a".repeat(256).as_bytes()] {
            assert!(read(value).is_err(), "{value:?}");
        }
    }
}
