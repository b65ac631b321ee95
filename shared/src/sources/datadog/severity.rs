//! How bad a notification says that it is.

use super::{
    names,
    state::{self, State},
    title::Titles,
};
use crate::{
    domain::{
        event::{StatedSeverity, Transition},
        severity::Severity,
        text::{limits, truncated_to_chars},
    },
    sources::{normalize::Fields, text::one_line},
};

/// The values of `$PRIORITY`, which templates also send as `priority`: how loud Datadog shows an
/// event, and no severity.
const EVENT_PRIORITIES: [&str; 2] = ["normal", "low"];

/// What a notification says of its severity.
pub struct SeverityFacts {
    /// What is stated and understood.
    pub stated: Option<StatedSeverity>,
    /// What is stated and not understood, where nothing else is.
    pub unknown: Option<String>,
    /// What the type of the alert or its transition implies.
    pub by_transition: Option<StatedSeverity>,
}

impl SeverityFacts {
    /// The first statement that is understood counts.
    pub fn read(fields: &Fields, titles: &Titles, state: &State) -> Self {
        let is_event_priority =
            |word: &String| EVENT_PRIORITIES.iter().any(|priority| priority.eq_ignore_ascii_case(word));
        let priorities = fields.texts(&names::PRIORITY).filter(|word| !is_event_priority(word));
        let priorities = priorities.chain(fields.texts(&names::ALERT_PRIORITY));
        let severities = fields.texts(&names::SEVERITY).filter(|word| !is_none(word));
        let words: Vec<String> =
            priorities.chain(severities).chain(titles.priority().map(str::to_owned)).map(|word| shown(&word)).collect();
        let understood = words.iter().find_map(|word| Some(stated(Severity::from_words(word)?, word.clone(), 1.0)));
        Self {
            unknown: if understood.is_some() { None } else { words.into_iter().next() },
            stated: understood,
            by_transition: by_type(fields).or_else(|| by_transition(state)),
        }
    }
}

/// `severity: ok` states that it is over, and `UNKNOWN` is that of an incident without one.
fn is_none(word: &str) -> bool {
    state::transition(word) == Some(Transition::Resolved) || word.eq_ignore_ascii_case("unknown")
}

fn by_type(fields: &Fields) -> Option<StatedSeverity> {
    fields.texts(&names::ALERT_TYPE).find_map(|alert_type| {
        let value = match alert_type.to_lowercase().as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "info" | "success" => Severity::Info,
            _ => return None,
        };
        Some(stated(value, format!("alert_type {}", shown(&alert_type)), 0.5))
    })
}

fn by_transition(state: &State) -> Option<StatedSeverity> {
    let words = state.words.as_deref().filter(|_| state.transition == Transition::Firing)?;
    let simple = state::simple(words);
    let is = |words: &[&str]| words.iter().any(|word| simple.contains(word));
    let value = if is(&["warn", "no data", "nodata"]) {
        Severity::Warning
    } else if is(&["trigger", "alert"]) {
        Severity::Error
    } else {
        return None;
    };
    Some(stated(value, format!("transition {}", shown(words)), 0.4))
}

const fn stated(value: Severity, matched: String, confidence: f64) -> StatedSeverity {
    StatedSeverity { value, matched, confidence }
}

fn shown(word: &str) -> String {
    truncated_to_chars(&one_line(word), limits::NAME)
}
