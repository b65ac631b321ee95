//! Whether a notification says that its problem fires or is resolved.

use super::{names, title::Titles};
use crate::{domain::event::Transition, sources::normalize::Fields};

/// A longer text is a sentence, such as `$ALERT_STATUS`, and no state.
const MAX_WORDS: usize = 6;

/// The words of Datadog and of title markers. What follows them does not change what they say:
/// `Recovered from Warn`.
const FIRING: [&str; 12] = [
    "triggered",
    "re triggered",
    "retriggered",
    "warn",
    "re warn",
    "no data",
    "nodata",
    "re no data",
    "renotify",
    "re notify",
    "re alert",
    "firing",
];
const RESOLVED: [&str; 3] = ["recovered", "resolved", "ok"];

/// Words of other tools, which templates are written for. They count only alone.
const OTHER_FIRING: [&str; 18] = [
    "trigger",
    "alert",
    "alerting",
    "problem",
    "open",
    "opened",
    "reopened",
    "active",
    "activated",
    "started",
    "created",
    "new",
    "warning",
    "error",
    "critical",
    "down",
    "failing",
    "unresolved",
];
const OTHER_RESOLVED: [&str; 18] = [
    "resolve",
    "recovery",
    "recover",
    "success",
    "closed",
    "close",
    "cleared",
    "clear",
    "healthy",
    "normal",
    "up",
    "fixed",
    "completed",
    "done",
    "ended",
    "inactive",
    "okay",
    "no longer alerting",
];

/// What a notification says of its problem.
pub struct State {
    /// Firing or resolved.
    pub transition: Transition,
    /// The words that say so.
    pub words: Option<String>,
}

impl State {
    /// The first field that is understood counts, then the title's marker, then the type of the
    /// alert. What is unclear fires: rather one alert too many than one missed.
    pub fn read(fields: &Fields, titles: &Titles) -> Self {
        let stated = fields.texts(&names::STATE).find_map(|words| Some((transition(&words)?, words)));
        let marked = || titles.state().and_then(|words| Some((transition(words)?, words.to_owned())));
        if let Some((transition, words)) = stated.or_else(marked) {
            return Self { transition, words: Some(words) };
        }
        let mut rest = fields.texts(&names::ALERT_TYPE).chain(fields.texts(&names::SEVERITY));
        let is_over = rest.any(|words| transition(&words) == Some(Transition::Resolved));
        Self { transition: if is_over { Transition::Resolved } else { Transition::Firing }, words: None }
    }
}

/// What words say, if they are known.
pub fn transition(words: &str) -> Option<Transition> {
    let words = simple(words);
    let begins = |known: &&str| {
        words.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '(']))
    };
    if words.split(' ').count() > MAX_WORDS {
        None
    } else if RESOLVED.iter().any(&begins) || OTHER_RESOLVED.contains(&words.as_str()) {
        Some(Transition::Resolved)
    } else if FIRING.iter().any(begins) || OTHER_FIRING.contains(&words.as_str()) {
        Some(Transition::Firing)
    } else {
        None
    }
}

/// Whether words in brackets before a title are its state: only those that change while the problem
/// lasts. `[Alert]` and `[Warning]` are part of a monitor's name, and may tell two monitors apart.
pub fn is_marker(words: &str) -> bool {
    let words = simple(words);
    let alone = words.split_once(':').filter(|(_, count)| count.bytes().all(|byte| byte.is_ascii_digit()));
    let word = alone.map_or(words.as_str(), |(word, _)| word);
    FIRING.contains(&word) || RESOLVED.iter().any(|known| word == *known || word.starts_with(&format!("{known} ")))
}

/// In lower case, with one space between words.
fn simple(words: &str) -> String {
    words.to_lowercase().replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_datadog_and_of_others_are_known() {
        for words in [
            "Triggered",
            "Re-Triggered",
            "Warn",
            "Re-Warn",
            "No Data",
            "Re-No Data",
            "Renotify",
            "NO_DATA",
            "trigger",
            "firing",
            "Alert",
            "FIRING:2",
            "open",
            "critical",
            "Triggered on {host:a}",
        ] {
            assert_eq!(transition(words), Some(Transition::Firing), "{words}");
        }
        for words in [
            "Recovered",
            "recovered (was no data)",
            "Recovered from Warn",
            "resolve",
            "Resolved",
            "OK",
            "success",
            "closed",
            "RECOVERY",
        ] {
            assert_eq!(transition(words), Some(Transition::Resolved), "{words}");
        }
        for words in [
            "",
            "Escalated",
            "Muted",
            "recovered.items over host:a was > 5",
            "success rate is low",
            "unknown",
            "okapi",
            "ok requests over host:my-host was < 5 on average during the last 5m",
        ] {
            assert_eq!(transition(words), None, "{words}");
        }
    }

    #[test]
    fn only_changing_words_are_markers() {
        for words in ["Triggered", "Warn", "Re-No Data", "Recovered from Warn", "FIRING:12", "Resolved"] {
            assert!(is_marker(words), "{words}");
        }
        for words in ["Alert", "Warning", "staging", "Triggered by cron", "TEST", "firing:a"] {
            assert!(!is_marker(words), "{words}");
        }
    }
}
