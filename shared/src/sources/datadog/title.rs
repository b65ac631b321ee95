//! The markers in a title: `[P2] [Triggered on {host:web-1}] CPU is high`.
//!
//! In Datadog's default template they are all that tells a trigger from a resolution. They are no
//! part of the title: it is the same as long as the problem lasts, and so is the key made of it.

use super::{state, test_notification};
use crate::{
    domain::text::limits,
    sources::{markdown, text::one_line},
};

/// Of a longer text only the beginning is read, in characters.
const MAX_READ: usize = 4 * limits::TITLE;

/// What may stand between a state and the title behind it: `Triggered: CPU is high`.
const SEPARATORS: [&str; 2] = [": ", " - "];

/// The titles of a notification, in the order of their names.
pub struct Titles(Vec<Title>);

impl Titles {
    /// Takes titles apart, and the first lines of texts that begin with a title.
    pub fn read(titles: impl Iterator<Item = String>, texts: impl Iterator<Item = String>) -> Self {
        let first_line = |text: String| text.lines().map(Title::read).find(|title| !title.is_empty());
        Self(titles.map(|title| Title::read(&title)).chain(texts.filter_map(first_line)).collect())
    }

    /// The first title that is more than its markers.
    pub fn bare(&self) -> Option<&str> {
        self.0.iter().map(|title| title.bare.as_str()).find(|bare| !bare.is_empty())
    }

    /// The first state: `Triggered`, `Recovered`, …
    pub fn state(&self) -> Option<&str> {
        self.0.iter().find_map(|title| title.state.as_deref())
    }

    /// The first group: `host:web-1`.
    pub fn group(&self) -> Option<&str> {
        self.0.iter().find_map(|title| title.group.as_deref())
    }

    /// The first priority: `P2`, `SEV-1`.
    pub fn priority(&self) -> Option<&str> {
        self.0.iter().find_map(|title| title.priority.as_deref())
    }

    /// Whether one says that it is a test.
    pub fn are_test(&self) -> bool {
        self.0.iter().any(|title| title.is_test)
    }
}

/// What a text says below the title, with which it may begin.
pub fn below<'text>(title: &str, text: &'text str) -> &'text str {
    let (first_line, rest) = text.split_once('\n').unwrap_or((text, ""));
    if Title::read(first_line).bare == title { rest } else { text }
}

/// A title, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Title {
    bare: String,
    priority: Option<String>,
    state: Option<String>,
    group: Option<String>,
    is_test: bool,
}

impl Title {
    fn read(text: &str) -> Self {
        let text: String = text.chars().take(MAX_READ).collect();
        let mut title = Self { bare: one_line(&markdown::line(&one_line(&text))), ..Self::default() };
        // A marker may stand behind another that was taken out.
        while title.take_markers() {}
        title.is_test |= test_notification::says_so(&title.bare);
        title
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes out what is known; whether there was something.
    fn take_markers(&mut self) -> bool {
        let before = self.bare.clone();
        let mut rest = before.as_str();
        let mut kept = String::new();
        while let Some((marker, following)) = bracketed(rest) {
            if !self.take(marker) {
                kept = format!("{kept}[{marker}] ");
                self.is_test |= marker.eq_ignore_ascii_case("test");
            }
            rest = following.trim_start_matches([' ', ':']);
        }
        for separator in SEPARATORS {
            if let Some((words, following)) = rest.split_once(separator)
                && self.take_state(words)
            {
                rest = following.trim_start();
            }
        }
        while let Some((preceding, marker)) = rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
            && self.take(marker)
        {
            rest = preceding.trim_end();
        }
        self.bare = one_line(&markdown::line(&format!("{kept}{rest}")));
        self.bare != before
    }

    /// Takes over a known marker.
    fn take(&mut self, marker: &str) -> bool {
        if is_priority(marker) {
            self.priority.get_or_insert_with(|| marker.trim().to_owned());
            return true;
        }
        self.take_state(marker)
    }

    fn take_state(&mut self, marker: &str) -> bool {
        let (words, group) = marker.split_once(" on ").map_or((marker, None), |(words, group)| (words, Some(group)));
        if !state::is_marker(words) {
            return false;
        }
        self.state.get_or_insert_with(|| words.trim().to_owned());
        if let Some(group) = group {
            self.group.get_or_insert_with(|| group.trim().to_owned());
        }
        true
    }
}

/// The inner of the brackets with which a text begins, and what follows them.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut depth = 0;
    for (at, character) in inner.char_indices() {
        match character {
            '[' => depth += 1,
            ']' if depth == 0 => return Some((&inner[..at], &inner[at + 1..])),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `P1`, `SEV-2`, `sev3`.
fn is_priority(marker: &str) -> bool {
    let marker = marker.trim().to_ascii_lowercase();
    let number = marker.strip_prefix("sev").or_else(|| marker.strip_prefix('p')).unwrap_or_default();
    matches!(number.trim_start_matches(['-', ' ']).as_bytes(), [b'0'..=b'5'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markers_are_taken_out_wherever_they_stand() {
        for text in [
            "[P2] [Triggered on {host:web-1}] CPU is [very] high",
            "*[P2] [Triggered on {host:web-1}] CPU is [very] high*",
            "[Triggered on {host:web-1}] [P2] CPU is [very] high",
            "[P2] Triggered on {host:web-1}: CPU is [very] high",
            "CPU is [very] high [P2] [Triggered on {host:web-1}]",
            " [p2][TRIGGERED on {host:web-1}]: **CPU** is [very]\thigh %%%",
        ] {
            let title = Title::read(text);
            assert_eq!(title.bare, "CPU is [very] high", "{text}");
            assert_eq!(title.group.as_deref(), Some("{host:web-1}"), "{text}");
            assert!(title.state.is_some_and(|state| state.eq_ignore_ascii_case("triggered")), "{text}");
            assert!(title.priority.is_some_and(|priority| priority.eq_ignore_ascii_case("p2")), "{text}");
        }
    }

    #[test]
    fn other_brackets_are_part_of_the_title() {
        for (text, bare, state) in [
            ("[staging] [Triggered] disk", "[staging] disk", Some("Triggered")),
            ("[SEV-1] [Recovered from Warn] disk", "disk", Some("Recovered from Warn")),
            ("[Triggered on {pod:a[0]}] disk", "disk", Some("Triggered")),
            ("[FIRING:2] disk", "disk", Some("FIRING:2")),
            ("[Warning] disk", "[Warning] disk", None),
            ("Cluster: node is down - see wiki", "Cluster: node is down - see wiki", None),
            ("[Triggered]", "", Some("Triggered")),
            ("[P9", "[P9", None),
            ("[", "[", None),
            ("", "", None),
        ] {
            let title = Title::read(text);
            assert_eq!((title.bare.as_str(), title.state.as_deref()), (bare, state), "{text}");
        }
    }

    #[test]
    fn tests_are_told() {
        for text in ["[Triggered] [TEST] Host", "[test] x", "Test notification for CPU"] {
            assert!(Title::read(text).is_test, "{text}");
        }
        assert!(!Title::read("[Triggered] test of backups fails").is_test);
        assert_eq!(Title::read("[Triggered] [TEST] Host").bare, "[TEST] Host");
    }

    proptest! {
        #[test]
        fn a_bare_title_has_no_markers_and_is_visible(
            text in "(\\[Triggered\\]|\\[P1\\]|\\[Warn on \\{a\\}\\]|Recovered: |\\[|\\]|\\PC| - |\u{202e}|\n){0,10}",
        ) {
            let title = Title::read(&text);
            prop_assert_eq!(&Title::read(&title.bare).bare, &title.bare);
            prop_assert_eq!(one_line(&title.bare), title.bare);
        }
    }
}
