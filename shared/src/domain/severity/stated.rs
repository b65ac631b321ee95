//! The words with which sources state a severity.

use super::Severity;

/// How many words a statement has at most. A longer text is a sentence, no statement.
const MAX_WORDS: usize = 6;

/// Words that may stand beside a severity and say nothing about it: `Priority 2`, `high severity`.
const FILLERS: &[&str] =
    &["alert", "code", "impact", "issue", "level", "lvl", "prio", "priority", "sev", "severity", "urgency"];

/// What may stand before a number, joined or apart: `P1`, `SEV-1`, `Severity 1`.
const SCALES: &[&str] = &["p", "prio", "priority", "s", "sev", "severity", "level", "lvl"];

impl Severity {
    /// The severity that a source states in its own words, or `None` if they are not understood.
    ///
    /// | severity | codes | words |
    /// | --- | --- | --- |
    /// | critical | P0, P1, SEV0, SEV1, S0, S1, 1 | critical, crit, fatal, emergency, emerg, panic, alert, page, severe, urgent, blocker, disaster, highest |
    /// | error | P2, SEV2, S2, 2 | error, err, high, major |
    /// | warning | P3, SEV3, S3, 3 | warning, warn, medium, moderate, average, minor, ticket |
    /// | info | P4, P5, SEV4, SEV5, S4, S5, 4, 5 | info, information, informational, notice, low, lowest, trivial, debug, trace, verbose |
    ///
    /// Case, brackets and what joins a code to its number do not matter. Of several, a code counts
    /// before a word, and a word before a bare number: `P1 - Critical`, `4 - critical`. `ok`,
    /// `none`, `normal` and `success` state no severity. `alert` is the second worst level of
    /// syslog; beside another word it says nothing.
    ///
    /// ```
    /// use shared::domain::severity::Severity;
    ///
    /// assert_eq!(Severity::from_words("P1 - Critical"), Some(Severity::Critical));
    /// assert_eq!(Severity::from_words("sev-2"), Some(Severity::Error));
    /// assert_eq!(Severity::from_words("Severity: medium"), Some(Severity::Warning));
    /// assert_eq!(Severity::from_words("4"), Some(Severity::Info));
    /// assert_eq!(Severity::from_words("sev-banana"), None);
    /// ```
    #[must_use]
    pub fn from_words(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(MAX_WORDS + 1)
            .collect();
        if words.len() > MAX_WORDS {
            return None;
        }
        if let [only] = words[..]
            && matches!(only, "alert" | "alerts")
        {
            return Some(Self::Critical);
        }
        let mut found = Found::default();
        let mut scale_before = false;
        for word in words {
            if let Some(value) = numbered(word) {
                let rank = if scale_before { &mut found.code } else { &mut found.number };
                rank.get_or_insert(value);
            } else if let Some(value) = coded(word) {
                found.code.get_or_insert(value);
            } else if let Some(value) = named(word) {
                found.word.get_or_insert(value);
            } else if !FILLERS.contains(&word) && !SCALES.contains(&word) {
                return None;
            }
            scale_before = SCALES.contains(&word);
        }
        found.code.or(found.word).or(found.number)
    }
}

/// The first of each kind.
#[derive(Default)]
struct Found {
    code: Option<Severity>,
    word: Option<Severity>,
    number: Option<Severity>,
}

/// `P1`, `sev2`.
fn coded(word: &str) -> Option<Severity> {
    let number = word.trim_start_matches(|character: char| character.is_ascii_lowercase());
    let scale = word.strip_suffix(number)?;
    let zero = (number == "0" && SCALES.contains(&scale)).then_some(Severity::Critical);
    zero.or_else(|| numbered(number).filter(|_| SCALES.contains(&scale)))
}

/// `1` is the worst.
fn numbered(word: &str) -> Option<Severity> {
    match word {
        "1" => Some(Severity::Critical),
        "2" => Some(Severity::Error),
        "3" => Some(Severity::Warning),
        "4" | "5" => Some(Severity::Info),
        _ => None,
    }
}

fn named(word: &str) -> Option<Severity> {
    match word {
        "critical" | "crit" | "fatal" | "emergency" | "emerg" | "panic" | "page" | "severe" | "urgent" | "blocker"
        | "disaster" | "highest" => Some(Severity::Critical),
        "error" | "err" | "high" | "major" => Some(Severity::Error),
        "warning" | "warn" | "medium" | "moderate" | "average" | "minor" | "ticket" => Some(Severity::Warning),
        "info" | "information" | "informational" | "notice" | "low" | "lowest" | "trivial" | "debug" | "trace"
        | "verbose" => Some(Severity::Info),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_common_form_is_understood() {
        for (severity, forms) in [
            (
                Severity::Critical,
                "P1|p1|P0|P-1|P 1|SEV1|SEV-1|sev 1|sev_1|Sev0|S1|1|Severity 1|severity: 1|priority-1|P1 - Critical|\
                 [P1]|Critical (P1)|SEV-1: Critical|fatal|FATAL|page|emergency|emerg|alert|crit|critical|CRITICAL |\
                 urgent|1 - Critical|4 - critical|critical alert|Level fatal|blocker|disaster",
            ),
            (Severity::Error, "P2|sev2|SEV-2|2|high|High|high priority|major|error|err|ERROR|2 - High|p2 critical"),
            (Severity::Warning, "P3|sev3|SEV-3|3|medium|moderate|warn|warning|Warning|minor|average|MEDIUM severity"),
            (
                Severity::Info,
                "P4|P5|p5|sev4|SEV-5|S5|4|5|low|Low|lowest|notice|info|information|informational|debug|low priority",
            ),
        ] {
            for form in forms.split('|') {
                assert_eq!(Severity::from_words(form), Some(severity), "{form:?}");
            }
        }
    }

    #[test]
    fn what_states_no_severity_is_not_understood() {
        for form in [
            "",
            " ",
            "ok",
            "none",
            "normal",
            "success",
            "unknown",
            "sev-banana",
            "P6",
            "P9",
            "SEV",
            "priority",
            "0",
            "6",
            "10",
            "12",
            "P11",
            "1.5.2.9",
            "-",
            "high disk usage",
            "kritisch",
            "not critical",
            "critically",
            "alert channel",
            "p",
            "🔥",
            "a sentence that goes on and on about critical things",
        ] {
            assert_eq!(Severity::from_words(form), None, "{form:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Severity::from_words(&text);
        }
    }
}
