//! The body of a webhook: JSON, or a form.

use serde_json::Value;

use super::form;

/// A body that cannot be read. The text says why and at which place, without quoting the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnreadableBody(String);

/// Reads a body as JSON, else as a form. Of a member that an object has twice, the last counts, as
/// in most readers of JSON.
///
/// Sources send JSON that a strict reader refuses: half of a surrogate pair in an error message,
/// `NaN`, a template with a variable that was empty. Such a body is authentic and must not be lost:
/// the caller keeps it.
///
/// # Errors
/// [`UnreadableBody`]
pub fn parse(body: &[u8]) -> Result<Value, UnreadableBody> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(UnreadableBody("the body is empty".to_owned()));
    }
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    form::parse(body).ok_or_else(|| UnreadableBody(format!("the body is neither readable JSON nor a form: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_but_readable_json_is_read() {
        for body in ["\u{feff}{}", r#"{"a":"\u0000"}"#, r#"{"a":18446744073709551616000}"#, "5", r#"{"a":1,"a":2}"#] {
            assert!(parse(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for (body, place) in [
            (r#"{"title":"\ud83d"}"#, "line 1 column 17"),
            (r#"{"value":NaN}"#, "line 1 column 10"),
            (r#"{"value":1e999}"#, "line 1 column 14"),
            (deep.as_str(), "line 1 column 128"),
            ("{\"id\":\"e\",\n\"logs\": ,\n\"tags\":\"\"}", "line 2 column 9"),
            (r#"{"a":1}}"#, "line 1 column 8"),
            (r#"{"a":"#, "line 1 column 5"),
            ("hello", "line 1 column 1"),
            ("<alert/>", "line 1 column 1"),
            ("{'id':'1'}", "line 1 column 2"),
        ] {
            let reason = parse(body.as_bytes()).unwrap_err().to_string();
            assert!(reason.ends_with(place), "{body:.60}: {reason}");
        }
        assert!(parse(b"{\"title\":\"\xff\"}").is_err());
        assert_eq!(parse(b" \n").unwrap_err().to_string(), "the body is empty");
    }

    #[test]
    fn a_form_is_read() {
        assert_eq!(parse(b"id=f1&title=Disk").unwrap(), serde_json::json!({"id": "f1", "title": "Disk"}));
    }
}
