//! Values of payloads, read tolerantly: sources write ids as numbers and as texts, and a missing
//! value in many ways.

use serde_json::Value;

use super::absent::{is_absent, is_absent_key};
use crate::domain::text::key_within_limit;

/// The text of a string or a number, trimmed. `None` if it stands for a missing value. A list of
/// one is that one.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !is_absent(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => match list.as_slice() {
            [one @ (Value::String(_) | Value::Number(_))] => text_of(one),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a key or an id. A number that is not exact is none: two ids could be the same.
pub fn key_of(value: &Value) -> Option<String> {
    if value.is_f64() {
        return None;
    }
    text_of(value).filter(|key| !is_absent_key(key)).map(key_within_limit)
}

/// Whether the value says yes: `true`, or the text of it.
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(is_true) => *is_true,
        Value::String(text) => ["true", "yes", "1"].iter().any(|yes| yes.eq_ignore_ascii_case(text.trim())),
        _ => false,
    }
}

/// The text of a member.
pub fn text(object: &Value, name: &str) -> Option<String> {
    text_of(object.get(name)?)
}

/// The text of the first of several members that has one.
pub fn first_text(object: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(object, name))
}

/// The key or the id in a member.
pub fn key(object: &Value, name: &str) -> Option<String> {
    key_of(object.get(name)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_numbers_are_texts() {
        for (value, text) in [
            (json!(" a "), Some("a")),
            (json!(7), Some("7")),
            (json!(["a"]), Some("a")),
            (json!(["a", "b"]), None),
            (json!([["a"]]), None),
            (json!("null"), None),
            (json!(null), None),
            (json!(true), None),
            (json!({}), None),
        ] {
            assert_eq!(text_of(&value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn a_key_is_exact() {
        assert_eq!(key_of(&json!(18_446_744_073_709_551_615_u64)).as_deref(), Some("18446744073709551615"));
        assert_eq!((key_of(&json!(1.5)), key_of(&json!("null-null")), key_of(&json!("-"))), (None, None, None));
    }
}
