//! Whether a text says that the alert fires, or that the problem is over.
//!
//! Only a clear statement counts: `checkout has recovered`. A negated one (`not yet recovered`) and
//! an unfinished one (`until quorum is restored`) say nothing, and a firing marker beats them all.

mod phrases;

use self::phrases::{
    AUXILIARIES, BAD, CONTINUATIONS, DONE, FIRING_MARKERS, FIRING_WORDS, LIMITS, NAMES, OVER, RESOLVED_MARKERS,
    UNFINISHED,
};
use super::words::{Clause, is_negator, is_skipped};

/// Whether a text has a marker of a firing alert.
///
/// Behind a resolved marker at the head of the title, a word without brackets tells the past:
/// `[Recovered] Alert triggered by web-1`.
pub fn is_firing(title: &[Clause], message: &[Clause]) -> bool {
    let is_bracketed = |clause: &Clause| {
        let first = clause.words.first().map_or("", String::as_str);
        let is_no_data = matches!(&clause.words[..], [no, data, ..] if no == "no" && data == "data");
        clause.start == '[' && (is_no_data || FIRING_MARKERS.contains(&first))
    };
    let in_text = |clause: &Clause| {
        clause.words.iter().enumerate().any(|(at, word)| {
            let before = clause.words[..at].iter().map(String::as_str);
            let is_past = before.clone().any(|word| {
                is_negator(word) || matches!(word, "was" | "were" | "had" | "stopped" | "longer" | "stops")
            });
            FIRING_WORDS.contains(&word.as_str()) && !is_past
        })
    };
    let clauses = || title.iter().chain(message);
    clauses().any(is_bracketed) || (resolved_marker(title).is_none() && clauses().any(in_text))
}

/// Words that state that the problem is over, if the text states it clearly.
pub fn resolution(title: &[Clause], message: &[Clause]) -> Option<String> {
    if let Some(marker) = resolved_marker(title) {
        return Some(marker.to_owned());
    }
    let clauses: Vec<Statement<'_>> = title.iter().chain(message).flat_map(statements).collect();
    let (at, phrase) = clauses.iter().enumerate().find_map(|(at, clause)| Some((at, clause.over()?)))?;
    let is_relapse = clauses[at + 1..].iter().any(Statement::is_bad_now);
    let is_part = clauses.iter().any(Statement::is_denied);
    (!is_relapse && !is_part).then_some(phrase)
}

/// Words of the title that state that work is done, if nothing in the text is bad.
pub fn completion(title: &[Clause], message: &[Clause]) -> Option<String> {
    let is_bad = title.iter().chain(message).flat_map(|clause| &clause.words).any(|word| BAD.contains(&word.as_str()));
    let mut statements = title.iter().flat_map(statements);
    statements.find_map(|statement| statement.done()).filter(|_| !is_bad)
}

/// `[Recovered]`, `OK: …`, `RESOLVED - …`: a clause of its own, before anything else is said.
fn resolved_marker(title: &[Clause]) -> Option<&str> {
    let brackets = title.iter().take_while(|clause| clause.start == '[');
    let bracketed = brackets
        .clone()
        .find_map(|clause| clause.words.first().filter(|word| RESOLVED_MARKERS.contains(&word.as_str())));
    let head = title.iter().find(|clause| clause.start != '[').and_then(|clause| match &clause.words[..] {
        [word] if matches!(clause.end, ':' | '-' | '|' | '–' | '—' | '\n') => Some(word),
        _ => None,
    });
    // `Up` may be the name of a monitor, and `Recovery: failed` is no recovery.
    let is_ambiguous = |word: &&String| matches!(word.as_str(), "normal" | "recovery" | "up");
    let head = head.filter(|word| RESOLVED_MARKERS.contains(&word.as_str()) && !is_ambiguous(word));
    bracketed.or(head).map(String::as_str)
}

/// A part of a clause that states one thing.
#[derive(Clone, Copy)]
struct Statement<'clause> {
    words: &'clause [String],
    is_question: bool,
}

/// A clause, split where it turns: `recovered but slow`.
fn statements(clause: &Clause) -> impl Iterator<Item = Statement<'_>> {
    let turns = |word: &String| matches!(word.as_str(), "although" | "but" | "however" | "then" | "though");
    clause.words.split(turns).map(|words| Statement { words, is_question: clause.end == '?' })
}

impl Statement<'_> {
    /// The words that state that the problem is over.
    fn over(&self) -> Option<String> {
        (0..self.words.len()).find_map(|at| self.no_longer_bad(at).or_else(|| self.over_at(at)))
    }

    /// The words that state that work is done.
    fn done(&self) -> Option<String> {
        (0..self.words.len()).find_map(|at| self.clear_at(at, DONE))
    }

    fn over_at(&self, at: usize) -> Option<String> {
        self.clear_at(at, OVER)
    }

    /// One of these phrases, if it begins at a word and is a clear statement.
    fn clear_at(&self, at: usize, phrases: &'static [&'static [&'static str]]) -> Option<String> {
        let phrase = self.phrase_at(at, phrases)?;
        let before = &self.words[..at];
        let next = self.words.get(at + phrase.len()).map(String::as_str);
        let is_stated = before.iter().rev().take(2).any(|word| AUXILIARIES.contains(&word.as_str()));
        let goes_on = next.is_none_or(|next| CONTINUATIONS.contains(&next));
        let is_name = before.iter().any(|word| NAMES.contains(&word.as_str()));
        let is_limited = next.is_some_and(|next| LIMITS.contains(&next));
        let is_clear = (is_stated || goes_on) && !is_name && !is_limited && !self.is_open(before);
        is_clear.then(|| phrase.join(" "))
    }

    /// The one of these phrases that begins at a word.
    fn phrase_at(&self, at: usize, phrases: &'static [&'static [&'static str]]) -> Option<&'static [&'static str]> {
        let rest = &self.words[at..];
        phrases
            .iter()
            .copied()
            .find(|phrase| rest.len() >= phrase.len() && rest.iter().zip(*phrase).all(|(a, b)| a == b))
    }

    /// `Reads are not yet restored`. A runbook's `if it is not resolved` denies nothing.
    fn is_denied(&self) -> bool {
        let is_condition = |word: &String| matches!(word.as_str(), "if" | "in-case" | "once" | "unless" | "when");
        (0..self.words.len()).any(|at| {
            let before = &self.words[..at];
            let is_negated = before.iter().any(|word| is_negator(word)) && !before.iter().any(is_condition);
            is_negated && self.phrase_at(at, OVER).is_some()
        })
    }

    /// `no longer down`, `stopped failing`.
    fn no_longer_bad(&self, at: usize) -> Option<String> {
        let (head, before) = (&self.words[at..], &self.words[..at]);
        let state = match head {
            [no, longer, rest @ ..] if no == "no" && matches!(longer.as_str(), "longer" | "more") => {
                rest.iter().find(|word| !is_skipped(word))?
            }
            [stopped, state, ..] if stopped == "stopped" => state,
            _ => return None,
        };
        let is_over = BAD.contains(&state.as_str()) && !self.is_open(before);
        is_over.then(|| format!("{} {state}", if head[0] == "stopped" { "stopped" } else { "no longer" }))
    }

    /// Whether what follows these words is denied, or not so yet.
    fn is_open(&self, before: &[String]) -> bool {
        let is_unfinished = |word: &String| is_negator(word) || UNFINISHED.contains(&word.as_str());
        // `Down again after it was restored`; but `After five minutes it recovered`.
        let is_condition = |(at, word): (usize, &String)| word == "once" || (word == "after" && at > 0);
        let is_to_be =
            |pair: &[String]| pair[0] == "to" && matches!(pair[1].as_str(), "be" | "become" | "come" | "get");
        self.is_question
            || before.iter().any(is_unfinished)
            || before.iter().enumerate().any(is_condition)
            || before.windows(2).any(is_to_be)
            || counts_a_part(before)
    }

    /// `payments are still down`, `fails again`.
    fn is_bad_now(&self) -> bool {
        self.words.iter().enumerate().any(|(at, word)| {
            let is_bad = BAD.contains(&word.as_str()) || matches!(word.as_str(), "fail" | "fails" | "failed");
            let before = &self.words[..at];
            let lasts = |word: &String| {
                matches!(word.as_str(), "again" | "are" | "is" | "keeps" | "remain" | "remains" | "still")
            };
            let is_again = self.words.get(at + 1).is_some_and(|word| word == "again");
            is_bad && (is_again || before.iter().rev().take(3).any(lasts)) && !self.is_open(before)
        })
    }
}

/// `3 of 5 nodes`, `3/5 nodes`: not all.
fn counts_a_part(words: &[String]) -> bool {
    let numbers: Vec<&String> = words.iter().filter(|word| *word != "of" && *word != "out").collect();
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    numbers.windows(2).any(|pair| is_number(pair[0]) && is_number(pair[1]) && pair[0] != pair[1])
}

#[cfg(test)]
mod tests;
