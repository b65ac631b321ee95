//! Terms that tell a severity, matched as words: `download finished` is not `down`.

use crate::domain::severity::Severity;

/// Terms by severity, worst first: the worst that a text contains counts.
const TERMS: [(Severity, &[&str]); 4] = [
    (
        Severity::Critical,
        &[
            "outage",
            "down",
            "unavailable",
            "unreachable",
            "data loss",
            "panic",
            "oomkilled",
            "out of memory",
            "out of disk",
        ],
    ),
    (
        Severity::Error,
        &[
            "error",
            "errors",
            "failed",
            "failing",
            "failure",
            "failures",
            "exception",
            "crash",
            "crashed",
            "timeout",
            "timeouts",
            "5xx",
        ],
    ),
    (
        Severity::Warning,
        &[
            "warning",
            "slow",
            "degraded",
            "high",
            "latency",
            "lag",
            "saturation",
            "throttled",
            "retrying",
            "expires",
            "expiring",
        ],
    ),
    (Severity::Info, &["info", "notice", "deployed", "finished", "completed", "started", "scheduled"]),
];

/// A text that says that it is over is no outage, whatever else it says.
const RECOVERY: [&str; 7] =
    ["recovered", "resolved", "back up", "back to normal", "healthy again", "no longer", "restored"];

/// The severity that a text tells, and the term that tells it.
pub fn severity(text: &str) -> Option<(Severity, &'static str)> {
    let text = text.to_lowercase();
    if let Some(term) = RECOVERY.into_iter().find(|term| contains(&text, term)) {
        return Some((Severity::Info, term));
    }
    TERMS.into_iter().find_map(|(severity, terms)| {
        terms.iter().copied().find(|term| contains(&text, term)).map(|term| (severity, term))
    })
}

/// Whether a text contains a term, in any case, as whole words.
pub fn contains(text: &str, term: &str) -> bool {
    let text = text.to_lowercase();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(term).any(|(start, matched)| {
        let before = text[..start].chars().next_back();
        let after = text[start + matched.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_words() {
        assert_eq!(severity("Checkout is DOWN!"), Some((Severity::Critical, "down")));
        assert_eq!(severity("Download finished"), Some((Severity::Info, "finished")));
        assert_eq!(severity("slowly, errorless, breakdown"), None);
        assert_eq!(severity("Ausfall: Zahlung down"), Some((Severity::Critical, "down")));
    }

    #[test]
    fn the_worst_term_counts_unless_it_is_over() {
        assert_eq!(severity("slow, then failed"), Some((Severity::Error, "failed")));
        assert_eq!(severity("outage resolved: checkout no longer down"), Some((Severity::Info, "resolved")));
    }
}
