//! Tags: `key:value` or plain words.

use serde_json::Value;

use super::{
    absent::is_absent,
    text::{name, one_line},
    value::{first_text, text_of},
};
use crate::domain::text::{TRUNCATED_SUFFIX, limits, truncated_to_chars};

/// The tags in a value: a text with commas, a list of texts, pairs or objects, or an object.
pub fn read(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => of_text(text),
        Value::Array(list) => within_limits(list.iter().filter_map(of_element)),
        Value::Object(members) => {
            within_limits(members.iter().filter_map(|(key, value)| Some(format!("{key}:{}", text_of(value)?))))
        }
        _ => Vec::new(),
    }
}

/// A text with commas; also one that looks like a list or a set of a programming language.
pub fn of_text(text: &str) -> Vec<String> {
    let text = text.trim();
    let unwrapped = [("[", "]"), ("{", "}"), ("(", ")")]
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let tag = |tag: &str| match unwrapped {
        Some(_) => tag.trim().trim_matches(['"', '\'']).to_owned(),
        None => tag.to_owned(),
    };
    let inner = unwrapped.unwrap_or(text);
    // A tag has no spaces in Datadog, so spaces separate tags where no comma does.
    let is_spaced = !inner.contains(',') && inner.split_whitespace().all(|word| word.contains(':'));
    let parts = inner.split(move |character: char| character == ',' || (is_spaced && character.is_whitespace()));
    within_limits(parts.map(tag))
}

/// A text, a pair `[key, value]`, or an object that names a key and a value.
fn of_element(element: &Value) -> Option<String> {
    match element {
        Value::String(text) => Some(text.clone()),
        Value::Array(pair) => {
            let [key, value] = pair.as_slice() else { return None };
            Some(format!("{}:{}", key.as_str()?, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        }
        Value::Object(_) => {
            let key = first_text(element, &["key", "name", "Key", "Name"])?;
            Some(format!("{key}:{}", first_text(element, &["value", "Value"])?))
        }
        _ => None,
    }
}

/// Visible tags, bounded in length and number. A mark tells that some were left out.
pub fn within_limits(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let tags = texts.into_iter().map(|tag| truncated_to_chars(&one_line(&tag), limits::TAG));
    let mut tags: Vec<String> = tags.filter(|tag| !is_absent(tag)).take(limits::TAGS + 1).collect();
    if tags.len() > limits::TAGS {
        tags.truncate(limits::TAGS - 1);
        tags.push(TRUNCATED_SUFFIX.to_owned());
    }
    tags
}

/// The name in the first of the tags `key:name` that has one, over several keys in their order.
pub fn named(tags: &[String], keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|wanted| {
        tags.iter().find_map(|tag| {
            let (key, value) = tag.split_once(':')?;
            if key.trim().eq_ignore_ascii_case(wanted) { name(value) } else { None }
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_come_in_many_forms() {
        let expected = ["env:prod", "monitor", "url:http://a:1"];
        for value in [
            json!(" env:prod ,monitor,, null,url:http://a:1,"),
            json!(["env:prod", " ", "monitor", null, "url:http://a:1"]),
            json!("['env:prod', 'monitor', \"url:http://a:1\"]"),
            json!("{env:prod,monitor,url:http://a:1}"),
            json!(["env:prod", "monitor", "url:http://a:1"]),
        ] {
            assert_eq!(read(&value), expected, "{value}");
        }
        for value in [
            json!({"env": "prod", "port": 80, "none": "null"}),
            json!([["env", "prod"], ["port", 80], ["odd"]]),
            json!([{"key": "env", "value": "prod"}, {"name": "port", "value": 80}, {}]),
        ] {
            assert_eq!(read(&value), ["env:prod", "port:80"], "{value}");
        }
        assert_eq!(read(&json!("env:prod port:80")), ["env:prod", "port:80"]);
        assert_eq!(read(&json!("env:prod old")), ["env:prod old"]);
        assert_eq!(read(&json!(5)), Vec::<String>::new());
    }

    #[test]
    fn names_are_read_in_order_of_preference() {
        let tags = ["monitor", "env:null", " env : Staging", "environment:production", "team:"].map(str::to_owned);
        assert_eq!(named(&tags, &["env", "environment"]).as_deref(), Some("staging"));
        assert_eq!(named(&tags, &["team"]), None);
    }

    #[test]
    fn of_too_many_tags_a_mark_tells() {
        let tags = within_limits((0..200).map(|number| number.to_string()));
        assert_eq!((tags.len(), tags.last().map(String::as_str)), (limits::TAGS, Some(TRUNCATED_SUFFIX)));
    }
}
