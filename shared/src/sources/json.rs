//! Tells JSON that can be read from JSON that cannot, and both from what is no JSON at all.
//!
//! Sources send JSON that a strict reader refuses: half of a surrogate pair in an error message,
//! nesting beyond any sense, Python's `NaN`. Such a body is authentic and must not be lost.

use serde::de::IgnoredAny;
use serde_json::Value;

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJson {
    /// It has the form of JSON, but a value that cannot be represented.
    #[error("the body is JSON that cannot be read: {0}")]
    Unreadable(String),
    /// It does not have the form of JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
}

/// Reads a body.
///
/// # Errors
/// [`InvalidJson`], which says where reading ended but never quotes the body.
pub fn parse(body: &[u8]) -> Result<Value, InvalidJson> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
        if has_form_of_json(body) { InvalidJson::Unreadable(place) } else { InvalidJson::NotJson(place) }
    })
}

/// Whether it is JSON in form. Skipping a value checks neither surrogates nor the range of numbers,
/// and does not recurse, so depth has no limit.
fn has_form_of_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
        || serde_json::from_slice::<IgnoredAny>(&without_non_finite_numbers(body)).is_ok()
}

/// The body with `NaN` and `Infinity` outside of strings replaced by as many digits.
fn without_non_finite_numbers(body: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut in_string = false;
    while let [first, following @ ..] = rest {
        let name = [&b"NaN"[..], b"Infinity"].into_iter().find(|name| !in_string && rest.starts_with(name));
        if let Some(name) = name {
            replaced.resize(replaced.len() + name.len(), b'1');
            rest = &rest[name.len()..];
            continue;
        }
        replaced.push(*first);
        rest = following;
        match first {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                if let [escaped, following @ ..] = rest {
                    replaced.push(*escaped);
                    rest = following;
                }
            }
            _ => {}
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_represented_is_unreadable_but_json() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for body in [
            r#"{"title":"\ud83d"}"#,
            r#"{"value":NaN,"other":-Infinity,"text":"NaN \" Infinity"}"#,
            r#"{"value":1e999}"#,
            deep.as_str(),
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(InvalidJson::Unreadable(_))), "{body:.60}");
        }
        assert!(matches!(parse(b"{\"title\":\"\xff\"}"), Err(InvalidJson::Unreadable(_))));
    }

    #[test]
    fn what_has_not_the_form_is_not_json() {
        for body in ["", " ", "hello", "{", r#"{"a":"#, r#"{"a":1}}"#, r#"{"a":"NaN"#, "a=b&c=d", "<xml/>", "NaNa"] {
            assert!(matches!(parse(body.as_bytes()), Err(InvalidJson::NotJson(_))), "{body}");
        }
    }

    #[test]
    fn odd_but_readable_json_is_read() {
        for body in ["\u{feff}{}", r#"{"a":"\u0000"}"#, r#"{"a":18446744073709551616000}"#, "5", r#"{"a":1,"a":2}"#] {
            assert!(parse(body.as_bytes()).is_ok(), "{body}");
        }
    }
}
