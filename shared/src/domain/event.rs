//! What one delivery says, in the words of the domain.

use serde::{Deserialize, Serialize};

use super::{severity::Severity, source::Source, time::Time};

/// What a delivery says about the problem that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// The problem is there, or there still.
    Firing,
    /// The problem is over, or was silenced.
    Resolved,
}

/// A severity as the source states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatedSeverity {
    /// What it means here.
    pub value: Severity,
    /// The source's words: `P1`, `level fatal`.
    pub matched: String,
    /// How sure the mapping is, 0 to 1.
    pub confidence: f64,
}

/// What one delivery of a source says, read but not yet judged.
///
/// Texts are bounded (see [`limits`]); `service`, `environment` and `team` are in lower case and never empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// The source.
    pub source: Source,
    /// The problem's name in the source's system, for people to find it there.
    pub external_id: Option<String>,
    /// The same for all deliveries of one problem, recovery included.
    pub dedup_key: String,
    /// The source's own grouping: alerts with the same key belong together.
    pub group_key: String,
    /// Firing or recovered.
    pub transition: Transition,
    /// When it happened, by the source's clock; ours where the source gives none.
    pub occurred_at: Time,
    /// One line.
    pub title: String,
    /// The text below it.
    pub message: Option<String>,
    /// The severity, where the source states one.
    pub severity: Option<StatedSeverity>,
    /// The service, where the source names one.
    pub service: Option<String>,
    /// The environment, where the source names one.
    pub environment: Option<String>,
    /// The team, where the source names one.
    pub team: Option<String>,
    /// `key:value` or plain words.
    pub tags: Vec<String>,
    /// Where to look at it in the source's system.
    pub link: Option<String>,
}

impl AlertEvent {
    /// The same, its longest texts cut where they would take more room in JSON than [`limits`] leave them: so that a
    /// list of 200 alerts stays below the 6 MB that a function may answer, whatever the characters are.
    #[must_use]
    pub fn fitted(self) -> Self {
        let mut room = limits::TAGS_BYTES;
        let fits = |tag: &&String| {
            room = room.saturating_sub(json_bytes(tag));
            room > 0
        };
        let fitting_tags = self.tags.iter().take_while(fits).count();
        let mut tags = self.tags;
        if fitting_tags < tags.len() {
            tags.truncate(fitting_tags);
            tags.push(TRUNCATED_SUFFIX.to_owned());
        }
        Self {
            message: self.message.map(|message| fitting(&message, limits::MESSAGE_BYTES)),
            tags,
            // A part of a link leads nowhere.
            link: self.link.filter(|link| json_bytes(link) <= limits::LINK_BYTES),
            ..self
        }
    }
}

/// How many bytes a text takes in JSON, with its quotes and a comma.
fn json_bytes(text: &str) -> usize {
    3 + text.chars().map(json_bytes_of).sum::<usize>()
}

const fn json_bytes_of(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..' ' => 6,
        _ => character.len_utf8(),
    }
}

/// A text whole, or as much of it as takes so many bytes in JSON, with a visible mark.
fn fitting(text: &str, bytes: usize) -> String {
    if json_bytes(text) <= bytes {
        return text.to_owned();
    }
    let mut room = bytes - TRUNCATED_SUFFIX.len() - 3;
    let fits = |character: &char| {
        let enough = room.checked_sub(json_bytes_of(*character));
        room = enough.unwrap_or(0);
        enough.is_some()
    };
    text.chars().take_while(fits).chain(TRUNCATED_SUFFIX.chars()).collect()
}

/// What a text ends in that was cut, and tags of which some were left out.
pub const TRUNCATED_SUFFIX: &str = "…[truncated]";

/// Bounds of texts, in characters, so that an alert's row stays far below DynamoDB's 400 KB an item,
/// and a key below its 1,024 bytes.
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
    /// A message, in bytes of JSON.
    pub const MESSAGE_BYTES: usize = 8_200;
    /// All tags, in bytes of JSON.
    pub const TAGS_BYTES: usize = 4_000;
    /// A link, in bytes of JSON.
    pub const LINK_BYTES: usize = 2_100;
}

/// Cuts a text to a number of characters; what was cut ends in a visible mark.
#[must_use]
pub fn bounded(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    let kept = characters.saturating_sub(TRUNCATED_SUFFIX.chars().count());
    text.chars().take(kept).chain(TRUNCATED_SUFFIX.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_much_room_in_json_is_cut_visibly() {
        let whole = "größe\n".repeat(600);
        assert_eq!(fitting(&whole, limits::MESSAGE_BYTES), whole);
        for text in ["🔥".repeat(5_000), "\u{1}".repeat(5_000), "\"".repeat(5_000)] {
            let cut = fitting(&text, limits::MESSAGE_BYTES);
            let bytes = serde_json::to_string(&cut).unwrap().len();
            assert!(bytes < limits::MESSAGE_BYTES && bytes > limits::MESSAGE_BYTES - 20, "{bytes}");
            assert!(cut.ends_with(TRUNCATED_SUFFIX));
        }
    }

    #[test]
    fn a_long_text_is_cut_visibly_and_a_short_one_is_kept() {
        assert_eq!(bounded("größe", 5), "größe");
        let cut = bounded(&"ü".repeat(501), limits::TITLE);
        assert_eq!(cut.chars().count(), limits::TITLE);
        assert!(cut.ends_with("ü…[truncated]"));
    }
}
