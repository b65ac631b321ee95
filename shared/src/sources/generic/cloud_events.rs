//! CloudEvents in the content modes of their HTTP protocol binding 1.0.2.
//!
//! | mode | where the attributes are |
//! | --- | --- |
//! | structured | in the body, beside `data` |
//! | batched | in each event of the list that is the body |
//! | binary | in headers that begin with `ce-`; the body is `data` alone |

use serde_json::{Map, Value};

use crate::sources::{Headers, Unreadable};

/// The headers that tell a CloudEvent in binary mode, and its attributes that are read.
pub const HEADERS: [&str; 6] = ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "content-type"];

const ATTRIBUTES: [&str; 5] = ["specversion", "id", "source", "type", "time"];

/// The media types of events in structured mode and of batches begin so. Then headers say nothing.
const IN_THE_BODY: &str = "application/cloudevents";

/// Whether headers hold the attributes of the event.
pub fn is_binary(headers: &Headers) -> bool {
    let content_type = headers.text("content-type").unwrap_or_default().to_ascii_lowercase();
    headers.text("ce-specversion").is_some() && !content_type.starts_with(IN_THE_BODY)
}

/// An event in binary mode as it would be in structured mode.
///
/// # Errors
/// [`Unreadable`] if the webhook is signed: Standard Webhooks sign the body and not these headers, so whoever
/// records one could make a resolution of what fired.
pub fn structured(headers: &Headers, data: &Value) -> Result<Value, Unreadable> {
    if headers.text("webhook-id").is_some() {
        return Err(Unreadable::because(
            "the ce- headers of a CloudEvent in binary mode are not part of the signature; send it in structured mode",
        ));
    }
    let attribute = |name: &&str| Some(((*name).to_owned(), decoded(headers.text(&format!("ce-{name}"))?)));
    let mut event: Map<String, Value> =
        ATTRIBUTES.iter().filter_map(attribute).map(|(name, text)| (name, Value::String(text))).collect();
    event.insert("data".to_owned(), data.clone());
    Ok(Value::Object(event))
}

/// The value of a header: its quotes are taken off, then `%20` and the like are decoded, once. What is no such code
/// stays as it is.
fn decoded(text: &str) -> String {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = quoted.map_or_else(|| text.to_owned(), unescaped);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|code| hex::decode(code).ok());
        if let Some([byte]) = code.as_deref() {
            bytes.push(*byte);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A quoted text without the backslashes before its characters.
fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let next = || match characters.next()? {
        '\\' => characters.next(),
        character => Some(character),
    };
    std::iter::from_fn(next).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_become_attributes() {
        let headers: Headers = [
            ("CE-SpecVersion", "1.0"),
            ("ce-id", "a%20b%22%25%F0%9F%98%80"),
            ("ce-source", "\"/sites/\\\"north\\\"\""),
            ("ce-type", "alert.firing"),
            ("ce-time", "2026-11-23T09:41:07Z"),
            ("content-type", "application/json"),
            ("ce-region", "eu"),
        ]
        .into_iter()
        .collect();
        assert!(is_binary(&headers));
        let expected = json!({
            "specversion": "1.0", "id": "a b\"%😀", "source": "/sites/\"north\"", "type": "alert.firing",
            "time": "2026-11-23T09:41:07Z", "data": {"key": "x"},
        });
        assert_eq!(structured(&headers, &json!({"key": "x"})).unwrap(), expected);
    }

    #[test]
    fn what_is_no_code_stays() {
        for (text, expected) in
            [("100%", "100%"), ("%zz%2", "%zz%2"), ("%2525", "%25"), ("\"", "\""), ("%ff", "\u{fffd}")]
        {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn the_content_type_of_a_whole_event_beats_headers() {
        for content_type in ["application/cloudevents+json; charset=utf-8", "application/cloudevents-batch+json"] {
            let headers = [("ce-specversion", "1.0"), ("content-type", content_type)].into_iter().collect();
            assert!(!is_binary(&headers), "{content_type}");
        }
        assert!(!is_binary(&Headers::default()));
    }

    #[test]
    fn what_a_signature_does_not_cover_decides_nothing() {
        let headers = [("ce-specversion", "1.0"), ("webhook-id", "m")].into_iter().collect();
        assert!(structured(&headers, &json!({})).is_err());
    }
}
