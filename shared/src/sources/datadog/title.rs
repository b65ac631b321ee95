//! The markers with which Datadog begins a title: `[P2] [Triggered on {host:web-1}] CPU is high`.
//!
//! In Datadog's default template they are all that tells a trigger from a recovery.

/// A title, taken apart.
pub struct Title {
    text: String,
    priority: Option<String>,
    transition: Option<String>,
    scope: Option<String>,
    bare: String,
}

const TRANSITIONS: [&str; 8] =
    ["triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify", "recovered"];

impl Title {
    /// Takes it apart: markers are read as long as they are known ones.
    pub fn read(text: String) -> Self {
        let (mut priority, mut transition, mut scope) = (None, None, None);
        let mut rest = text.trim();
        while let Some((marker, following)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            let (word, place) = marker.split_once(" on ").map_or((marker, None), |(word, place)| (word, Some(place)));
            let word = word.trim();
            if is_priority(word) {
                priority = Some(word.to_owned());
            } else if is_transition(word) {
                transition = Some(word.to_owned());
                scope = place.map(|place| place.trim().to_owned());
            } else {
                break;
            }
            rest = following.trim_start();
        }
        let bare = rest.trim().to_owned();
        Self { text, priority, transition, scope, bare }
    }

    /// All of it.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// `P1` to `P5`.
    pub fn priority(&self) -> Option<&str> {
        self.priority.as_deref()
    }

    /// `Triggered`, `Recovered`, …
    pub fn transition(&self) -> Option<&str> {
        self.transition.as_deref()
    }

    /// What is the same in a trigger and its recovery: the text without markers, and the scope.
    pub fn key(&self) -> Option<String> {
        match (&self.scope, self.bare.as_str()) {
            (None, "") => None,
            (None, bare) => Some(bare.to_owned()),
            (Some(scope), bare) => Some(format!("{bare}|{scope}")),
        }
    }
}

fn is_priority(word: &str) -> bool {
    matches!(word.as_bytes(), [b'P' | b'p', b'1'..=b'5'])
}

fn is_transition(word: &str) -> bool {
    let word = word.to_lowercase();
    TRANSITIONS.contains(&word.as_str()) || word.starts_with("recovered")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigger_and_recovery_have_the_same_key() {
        let trigger = Title::read("[P2] [Triggered on {host:web-1}] CPU is [very] high".to_owned());
        let recovery = Title::read("[P2] [Recovered on {host:web-1}] CPU is [very] high ".to_owned());
        assert_eq!(trigger.key().as_deref(), Some("CPU is [very] high|{host:web-1}"));
        assert_eq!(trigger.key(), recovery.key());
        assert_eq!((trigger.priority(), trigger.transition()), (Some("P2"), Some("Triggered")));
        assert_eq!(recovery.transition(), Some("Recovered"));
    }

    #[test]
    fn other_brackets_are_part_of_the_title() {
        let title = Title::read("[staging] [Triggered] disk".to_owned());
        assert_eq!((title.key().as_deref(), title.transition()), (Some("[staging] [Triggered] disk"), None));
        for text in ["", "[", "[P9", "[Triggered]", "[Recovered] "] {
            assert!(Title::read(text.to_owned()).key().is_none_or(|key| key.starts_with('[')), "{text}");
        }
    }
}
