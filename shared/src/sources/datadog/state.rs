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
    /// The first field that is understood counts. If none is, but one is there, the type of the
    /// alert counts before the title's marker, else behind it. What is unclear fires: rather one
    /// alert too many than one missed.
    pub fn read(fields: &Fields, titles: &Titles) -> Self {
        let stated = fields.texts(&names::STATE).find_map(|words| Some((transition(&words)?, words)));
        let marked = titles.state().and_then(|words| Some((transition(words)?, words.to_owned())));
        let is_resolved =
            |names: &[&str]| fields.texts(names).any(|words| transition(&words) == Some(Transition::Resolved));
        let is_unknown = stated.is_none() && fields.text(&names::STATE).is_some();
        let marked = marked.filter(|_| !(is_unknown && is_resolved(&names::ALERT_TYPE)));
        if let Some((transition, words)) = stated.or(marked) {
            return Self { transition, words: Some(words) };
        }
        let is_over = is_resolved(&names::ALERT_TYPE) || is_resolved(&names::SEVERITY);
        Self { transition: if is_over { Transition::Resolved } else { Transition::Firing }, words: None }
    }
}

/// Words before a state that say nothing of it: `Monitor recovered`.
const SUBJECTS: [&str; 6] = ["alert ", "monitor ", "incident ", "issue ", "event ", "status "];

/// What words say, if they are known.
pub fn transition(words: &str) -> Option<Transition> {
    let simple = simple(words);
    let subject = SUBJECTS.iter().find(|subject| simple.starts_with(**subject));
    let words = subject.map_or(simple.as_str(), |subject| &simple[subject.len()..]);
    let begins = |known: &&str| {
        words.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '(']))
    };
    if words.split(' ').count() > MAX_WORDS {
        None
    } else if RESOLVED.iter().any(&begins) || OTHER_RESOLVED.contains(&words) {
        Some(Transition::Resolved)
    } else if FIRING.iter().any(begins) || OTHER_FIRING.contains(&words) {
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

/// In lower case, with one space between words. Words may be joined: `no_data`, `incident.resolved`.
pub fn simple(words: &str) -> String {
    let words = words.trim().to_lowercase();
    let words = if words.contains(' ') { words } else { words.replace('.', " ") };
    words.replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
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
            "Alert Recovered",
            "incident.resolved",
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
