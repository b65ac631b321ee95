//! The severity of an alert whose source states none that is understood.

use super::{
    state,
    weights::{self, MIN_MARGIN, Verdict},
    words::{Clause, clauses, joined},
};
use crate::domain::{
    classification::{Classified, Evidence},
    event::StatedSeverity,
    severity::Severity,
};

/// The severity of an alert if nothing tells one.
const DEFAULT: Severity = Severity::Warning;
const DEFAULT_CONFIDENCE: f64 = 0.2;

/// Confidence in a clear statement of the text: that it is over, or `[P1]`.
const STATEMENT_CONFIDENCE: f64 = 0.8;

/// Confidence in a word for a failure.
const FAILURE_CONFIDENCE: f64 = 0.6;

/// Words for something that fails.
///
/// The public rules know no `error`: they call the same failure `warning` or `critical`. So these
/// words make at least an `error`, and the table decides whether it is `critical`.
const FAILURES: &[&str] = &[
    "5xx",
    "aborted",
    "aborts",
    "broken",
    "crash",
    "crashed",
    "crashes",
    "crashing",
    "error",
    "errors",
    "exception",
    "exceptions",
    "fail",
    "failed",
    "failing",
    "fails",
    "failure",
    "failures",
    "killed",
    "not answer",
    "not answering",
    "not available",
    "not complete",
    "not connect",
    "not finish",
    "not reachable",
    "not reached",
    "not respond",
    "not responding",
    "not start",
    "not work",
    "not working",
    "not works",
    "timeout",
    "timeouts",
    "unavailable",
    "unreachable",
    "unresponsive",
];

/// A failure behind one of these has not happened: `may fail`, `if it fails`.
const CONDITIONS: &[&str] =
    &["0", "before", "can", "could", "if", "in-case", "may", "might", "unless", "until", "when", "would", "zero"];

/// With these behind it, a word for a failure means something else: `fail over`, `error budget`.
const OTHER_MEANINGS: &[&str] = &["back", "budget", "free", "over"];

/// Words that state a severity, but have another meaning in a text: `Page: checkout`, `[Alert]`.
const AMBIGUOUS: &[&str] = &["alert", "alerts", "page", "ticket", "trace", "panic"];

/// What the source says about an alert, other than a severity that is understood.
#[derive(Debug, Clone, Copy)]
pub struct Clues<'event> {
    /// One line.
    pub title: &'event str,
    /// The text below it.
    pub message: Option<&'event str>,
    /// Whether the source itself says that the alert fires, apart from the text.
    pub states_firing: bool,
    /// The source's word for the severity, if it is not understood.
    pub unknown: Option<&'event str>,
    /// What the stated transition suggests. It counts if the text tells nothing.
    pub transition: Option<&'event StatedSeverity>,
}

/// Classifies by the text, then by the transition, then by default.
#[must_use]
pub fn by_text(clues: &Clues<'_>) -> Classified<Severity> {
    let title = clauses(clues.title);
    let message = clues.message.map(clauses).unwrap_or_default();
    let found = told(clues, &title, &message).unwrap_or_else(|| weighed(clues, &title, &message));
    let Some(unknown) = clues.unknown else { return found };
    let not_understood = format!("stated {unknown:?} is not understood");
    let matched = match found.matched {
        Some(matched) => format!("{not_understood}; {matched}"),
        None => not_understood,
    };
    Classified { matched: Some(matched), ..found }
}

/// A clear statement of the text: that the problem is over, or a severity.
fn told(clues: &Clues<'_>, title: &[Clause], message: &[Clause]) -> Option<Classified<Severity>> {
    let is_firing = clues.states_firing || state::is_firing(title, message);
    let is_over = if is_firing { completion(title, message) } else { state::resolution(title, message) };
    let (value, matched) = is_over
        .map(|phrase| (Severity::Info, phrase))
        .or_else(|| stated_in_title(title))
        .or_else(|| stated_in_message(clues.message?))?;
    Some(by_statement(value, matched))
}

/// The words of a title that state that work is done: `Scale-down of the pool finished`.
///
/// A source reports that in an alert that fires, too. A failure beside it counts more: `Backup
/// finished with errors`.
fn completion(title: &[Clause], message: &[Clause]) -> Option<String> {
    let is_failure = title.iter().chain(message).any(|clause| failure(clause).is_some());
    state::completion(title, message).filter(|_| !is_failure)
}

fn by_statement(value: Severity, matched: String) -> Classified<Severity> {
    Classified { value, evidence: Evidence::Text, matched: Some(matched), confidence: STATEMENT_CONFIDENCE }
}

/// `[P1]`, `[Warn]`, `CRITICAL: …`, `SEV-2 - …` at the head of a title.
fn stated_in_title(title: &[Clause]) -> Option<(Severity, String)> {
    let brackets = title.iter().take_while(|clause| clause.start == '[');
    let head = title.iter().find(|clause| clause.start != '[').filter(|clause| matches!(clause.end, ':' | '-'));
    brackets.chain(head).find_map(|clause| {
        // `[Warn on {host:a}]`: the place is no part of it.
        let words = clause.words.iter().map(String::as_str).take_while(|word| *word != "on");
        let words = words.collect::<Vec<_>>().join(" ");
        Some((stated(&words)?, words))
    })
}

/// A line `Severity: high` or `priority=P2`.
fn stated_in_message(message: &str) -> Option<(Severity, String)> {
    message.lines().find_map(|line| {
        let (name, value) = line.split_once([':', '='])?;
        let name = name.trim_matches(|character: char| !character.is_alphabetic()).to_lowercase();
        let is_severity = matches!(name.as_str(), "severity" | "priority" | "urgency");
        let severity = is_severity.then(|| Severity::from_words(value)).flatten()?;
        Some((severity, format!("{name} {}", value.trim())))
    })
}

/// In a text, `S3` is a store, `1` is a number and `page` a page.
fn stated(words: &str) -> Option<Severity> {
    let is_code = words.starts_with('s') && words.len() == 2;
    let is_number = words.starts_with(|character: char| character.is_ascii_digit());
    Severity::from_words(words).filter(|_| !is_code && !is_number && !AMBIGUOUS.contains(&words))
}

/// The severity for which the words speak, if they do so clearly.
fn weighed(clues: &Clues<'_>, title: &[Clause], message: &[Clause]) -> Classified<Severity> {
    // The rest of a message is often a runbook: `If logins fail, …`.
    let first_line = message.iter().position(|clause| clause.end == '\n').map_or(message.len(), |last| last + 1);
    let failure = title.iter().chain(&message[..first_line]).find_map(failure);
    let verdict = weights::weigh(title.iter().chain(message));
    let clear = verdict.as_ref().filter(|verdict| verdict.is_clear());
    match (clear, failure) {
        (Some(verdict), ref failure) if verdict.severity == Severity::Critical || failure.is_none() => Classified {
            value: verdict.severity,
            evidence: Evidence::Text,
            matched: Some(verdict.reason()),
            confidence: verdict.confidence(),
        },
        (_, Some(failure)) => Classified {
            value: Severity::Error,
            evidence: Evidence::Text,
            matched: Some(failure),
            confidence: FAILURE_CONFIDENCE,
        },
        (_, None) => by_transition(clues).unwrap_or_else(|| default(verdict.as_ref())),
    }
}

/// A word for a failure that has happened.
fn failure(clause: &Clause) -> Option<String> {
    let words = joined(clause);
    let at = (0..words.len()).find(|at| {
        let before = &words[..*at];
        let is_condition = |word: &String| CONDITIONS.contains(&word.as_str());
        // `No failures`, and `no disk failures`.
        let is_negated = before.last().is_some_and(|word| word.starts_with("not "));
        let next = words.get(at + 1).map(String::as_str);
        let means_other = next.is_some_and(|next| OTHER_MEANINGS.contains(&next));
        let is_failure = FAILURES.contains(&words[*at].as_str());
        is_failure && !is_negated && !means_other && !before.iter().any(is_condition)
    })?;
    Some(words[at].clone())
}

fn by_transition(clues: &Clues<'_>) -> Option<Classified<Severity>> {
    let stated = clues.transition?;
    Some(Classified {
        value: stated.value,
        evidence: Evidence::Transition,
        matched: Some(stated.matched.clone()),
        confidence: stated.confidence.clamp(0.0, 1.0),
    })
}

fn default(verdict: Option<&Verdict>) -> Classified<Severity> {
    let matched = match verdict {
        Some(verdict) if !verdict.words.is_empty() => format!(
            "unclear: {} (margin {}, needed {})",
            verdict.reason(),
            weights::decimal(verdict.margin),
            weights::decimal(MIN_MARGIN)
        ),
        _ => "no word that tells a severity".to_owned(),
    };
    Classified { value: DEFAULT, evidence: Evidence::Default, matched: Some(matched), confidence: DEFAULT_CONFIDENCE }
}

#[cfg(test)]
mod tests;
