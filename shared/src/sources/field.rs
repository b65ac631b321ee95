//! Reads fields of payloads tolerantly: sources write ids as numbers and as strings, leave a missing
//! value empty or null, and give times in several forms.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::{
    event::{TRUNCATED_SUFFIX, bounded, limits},
    time::Time,
};

/// How far ahead of ours a source's clock may be, in milliseconds. A time further ahead is an error
/// of that clock, and would draw later alerts into one incident.
const CLOCK_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

/// The text of a string or a number; none if it is empty or absent.
pub fn text(object: &Value, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The first of several names that has a text.
pub fn first_text(object: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(object, name))
}

/// A text or a whole number that serves as a key or an id. A number that is not exact is none: two ids could be the same.
pub fn key(object: &Value, names: &[&str]) -> Option<String> {
    let is_exact = |name: &&&str| !object.get(**name).is_some_and(Value::is_f64);
    names.iter().filter(is_exact).find_map(|name| text(object, name)).map(bounded_key)
}

/// A key of bounded length. Two that differ do so when they are cut, too: a hash stands for what was cut.
pub fn bounded_key(text: String) -> String {
    if text.chars().nth(limits::KEY).is_none() {
        return text;
    }
    let hash = hex::encode(&Sha256::digest(&text)[..16]);
    text.chars().take(limits::KEY - hash.len() - 1).chain(['#']).chain(hash.chars()).collect()
}

/// A link.
pub fn link(object: &Value, names: &[&str]) -> Option<String> {
    first_text(object, names).map(|text| bounded(&text, limits::LINK))
}

/// The name of a service, an environment or a team: in lower case, without control characters, and without commas, which
/// separate the names that a filter asks for.
pub fn name(text: &str) -> Option<String> {
    let plain = text.chars().filter(|character| !character.is_control());
    let plain: String = plain.map(|character| if character == ',' { '_' } else { character }).collect();
    let plain = plain.trim().to_lowercase();
    (!plain.is_empty()).then(|| bounded(&plain, limits::NAME))
}

/// Tags, truncated, without empty ones, bounded in length and number; of those that are left out a mark tells.
pub fn tags(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let tags = texts.into_iter().map(|tag| bounded(tag.trim(), limits::TAG)).filter(|tag| !tag.is_empty());
    let mut tags: Vec<String> = tags.take(limits::TAGS + 1).collect();
    if tags.len() > limits::TAGS {
        tags.truncate(limits::TAGS - 1);
        tags.push(TRUNCATED_SUFFIX.to_owned());
    }
    tags
}

/// The name in the first of the tags `prefix:name`, over several prefixes in order of preference.
pub fn tagged(tags: &[String], prefixes: &[&str]) -> Option<String> {
    prefixes.iter().find_map(|prefix| {
        tags.iter().find_map(|tag| {
            let (key, value) = tag.split_once(':')?;
            if key.trim().eq_ignore_ascii_case(prefix) { name(value) } else { None }
        })
    })
}

/// A time in RFC 3339 or as seconds or milliseconds since 1970, as a number or a text.
pub fn time(object: &Value, field: &str) -> Option<Time> {
    let written = text(object, field)?;
    written.parse().ok().or_else(|| since_1970(&written))
}

fn since_1970(written: &str) -> Option<Time> {
    /// A number above is milliseconds, below seconds: either way between 1973 and 5138.
    const MAX_SECONDS: f64 = 1e11;
    let number: f64 = written.parse().ok()?;
    let millis = if number.abs() < MAX_SECONDS { number * 1000.0 } else { number };
    if !(0.0..9e15).contains(&millis) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within the integers that f64 holds exactly")]
    Time::from_millis(millis.round() as i64)
}

/// The source's time, or ours where it gives none or one that cannot be.
pub fn plausible(stated: Option<Time>, received_at: Time) -> Time {
    stated.filter(|stated| *stated <= received_at.plus_millis(CLOCK_AHEAD_MS)).unwrap_or(received_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_come_in_many_forms() {
        let fields = json!({
            "micros": "2019-08-19T20:58:37.391000Z", "offset": "2025-11-10T20:56:00.679000+00:00",
            "float": 1_566_248_317.391_f64, "millis_text": "1733930679000", "millis": 1_733_930_679_000_i64,
            "empty": "", "null": null, "word": "soon", "nan": "NaN", "negative": -5, "huge": "1e300",
        });
        let shown = |name| time(&fields, name).map(|time| time.to_string());
        assert_eq!(shown("micros").as_deref(), Some("2019-08-19T20:58:37.391Z"));
        assert_eq!(shown("offset").as_deref(), Some("2025-11-10T20:56:00.679Z"));
        assert_eq!(shown("float").as_deref(), Some("2019-08-19T20:58:37.391Z"));
        assert_eq!(shown("millis_text").as_deref(), Some("2024-12-11T15:24:39.000Z"));
        assert_eq!(shown("millis"), shown("millis_text"));
        for absent in ["empty", "null", "word", "nan", "negative", "huge", "absent"] {
            assert_eq!(shown(absent), None, "{absent}");
        }
    }

    #[test]
    fn long_keys_that_differ_at_their_end_stay_different() {
        let keys = ["a", "b"].map(|end| bounded_key("ü".repeat(limits::KEY) + end));
        assert!(keys.iter().all(|key| key.chars().count() == limits::KEY));
        assert_ne!(keys[0], keys[1]);
        assert_eq!(bounded_key("short".to_owned()), "short");
    }

    #[test]
    fn a_time_far_ahead_is_not_believed() {
        let now: Time = "2026-11-23T09:00:00Z".parse().unwrap();
        assert_eq!(plausible(Some(now.plus_minutes(60)), now), now.plus_minutes(60));
        assert_eq!(plausible(Some(Time::LATEST), now), now);
        assert_eq!(plausible(None, now), now);
    }

    #[test]
    fn names_are_tagged_in_order_of_preference() {
        let tags = tags([
            "monitor".into(),
            " env : Staging".into(),
            "environment:production".into(),
            " ".into(),
            "team:".into(),
        ]);
        assert_eq!(tags.len(), 4);
        assert_eq!(tagged(&tags, &["env", "environment"]).as_deref(), Some("staging"));
        assert_eq!(tagged(&tags, &["team"]), None);
    }
}
