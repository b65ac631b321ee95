//! Bounds of texts, and how a text is cut to them.

use sha2::{Digest, Sha256};

/// What a text ends in that was cut, and tags of which some were left out.
pub const TRUNCATED_SUFFIX: &str = "…[truncated]";

/// Bounds of texts, in characters and in bytes. An alert's row stays far below DynamoDB's 400 KB an
/// item, and a key below its 1,024 bytes.
pub mod limits {
    /// A title.
    pub const TITLE: usize = 500;
    /// A message.
    pub const MESSAGE: usize = 4_000;
    /// A service, an environment, a team.
    pub const NAME: usize = 120;
    /// A tag.
    pub const TAG: usize = 200;
    /// How many tags are kept.
    pub const TAGS: usize = 100;
    /// A key or an id of the source.
    pub const KEY: usize = 500;
    /// A link.
    pub const LINK: usize = 2_000;
    /// A title, in bytes of JSON.
    pub const TITLE_BYTES: usize = 1_600;
    /// A service, an environment, a team, in bytes of JSON.
    pub const NAME_BYTES: usize = 400;
    /// A key or an id of the source, in bytes of JSON.
    pub const KEY_BYTES: usize = 1_000;
    /// A message, in bytes of JSON.
    pub const MESSAGE_BYTES: usize = 8_200;
    /// All tags, in bytes of JSON.
    pub const TAGS_BYTES: usize = 4_000;
    /// A link, in bytes of JSON.
    pub const LINK_BYTES: usize = 2_100;
}

/// A text of at most so many characters. A text that was cut ends in a visible mark.
///
/// ```
/// use shared::domain::text::truncated_to_chars;
///
/// assert_eq!(truncated_to_chars("Disk is full", 12), "Disk is full");
/// assert_eq!(truncated_to_chars("Disk of web-1 is full", 16), "Disk…[truncated]");
/// ```
#[must_use]
pub fn truncated_to_chars(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    let kept = characters.saturating_sub(TRUNCATED_SUFFIX.chars().count());
    text.chars().take(kept).chain(TRUNCATED_SUFFIX.chars()).collect()
}

/// A text that takes at most so many bytes in JSON. A text that was cut ends in a visible mark.
#[must_use]
pub fn truncated_to_json_bytes(text: &str, bytes: usize) -> String {
    if json_bytes(text) <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub(TRUNCATED_SUFFIX.len() + 3);
    text.chars().take_while(fits(room)).chain(TRUNCATED_SUFFIX.chars()).collect()
}

/// Whether the next character still fits into so many bytes of JSON.
fn fits(bytes: usize) -> impl FnMut(&char) -> bool {
    let mut room = bytes;
    move |character| {
        let enough = room.checked_sub(json_bytes_of(*character));
        room = enough.unwrap_or(0);
        enough.is_some()
    }
}

/// How many bytes a text takes in JSON, with its quotes and a comma.
#[must_use]
pub fn json_bytes(text: &str) -> usize {
    3 + text.chars().map(json_bytes_of).sum::<usize>()
}

const fn json_bytes_of(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..' ' => 6,
        _ => character.len_utf8(),
    }
}

/// A key of at most [`limits::KEY`] characters and [`limits::KEY_BYTES`] bytes of JSON. A hash stands
/// for what was cut, so that two long keys that differ stay different.
#[must_use]
pub fn key_within_limit(key: String) -> String {
    if key.chars().nth(limits::KEY).is_none() && json_bytes(&key) <= limits::KEY_BYTES {
        return key;
    }
    let hash = hex::encode(&Sha256::digest(&key)[..16]);
    let (characters, room) = (limits::KEY - hash.len() - 1, limits::KEY_BYTES - hash.len() - 4);
    key.chars().take(characters).take_while(fits(room)).chain(['#']).chain(hash.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_much_room_in_json_is_cut_visibly() {
        let whole = "größe\n".repeat(600);
        assert_eq!(truncated_to_json_bytes(&whole, limits::MESSAGE_BYTES), whole);
        for text in ["🔥".repeat(5_000), "\u{1}".repeat(5_000), "\"".repeat(5_000)] {
            let cut = truncated_to_json_bytes(&text, limits::MESSAGE_BYTES);
            let bytes = serde_json::to_string(&cut).unwrap().len();
            assert!(bytes < limits::MESSAGE_BYTES && bytes > limits::MESSAGE_BYTES - 20, "{bytes}");
            assert!(cut.ends_with(TRUNCATED_SUFFIX));
        }
    }

    #[test]
    fn a_long_text_is_cut_visibly_and_a_short_one_is_kept() {
        assert_eq!(truncated_to_chars("größe", 5), "größe");
        let cut = truncated_to_chars(&"ü".repeat(501), limits::TITLE);
        assert_eq!(cut.chars().count(), limits::TITLE);
        assert!(cut.ends_with("ü…[truncated]"));
    }

    #[test]
    fn long_keys_that_differ_at_their_end_stay_different() {
        for character in ["u", "ü", "🔥", "\u{1}"] {
            let keys = ["a", "b"].map(|end| key_within_limit(character.repeat(limits::KEY) + end));
            for key in &keys {
                assert!(key.chars().count() <= limits::KEY && json_bytes(key) <= limits::KEY_BYTES, "{key}");
            }
            assert_ne!(keys[0], keys[1]);
        }
        assert_eq!(key_within_limit("u".repeat(limits::KEY + 1)).chars().count(), limits::KEY);
        assert_eq!(key_within_limit("short".to_owned()), "short");
    }
}
