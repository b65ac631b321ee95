//! The `level` of issues and events.

use serde_json::Value;

use crate::{
    domain::{
        event::StatedSeverity,
        severity::Severity,
        text::{limits, truncated_to_chars},
    },
    sources::{text::one_line, value::text},
};

/// What several places say of the severity: what is understood, else the first word that is not.
pub struct Level {
    /// The severity.
    pub stated: Option<StatedSeverity>,
    /// The word that is not understood.
    pub unknown: Option<String>,
}

impl Level {
    /// The first place with a `level` that is understood counts.
    pub fn of(places: &[&Value]) -> Self {
        let levels: Vec<String> =
            places.iter().filter_map(|place| text(place, "level")).map(|level| shown(&level)).collect();
        let understood = levels.iter().find_map(|level| {
            Some(StatedSeverity { value: severity(level)?, matched: format!("level {level}"), confidence: 1.0 })
        });
        let unknown = if understood.is_some() { None } else { levels.into_iter().next() };
        Self { stated: understood, unknown }
    }
}

fn severity(level: &str) -> Option<Severity> {
    match level {
        "fatal" => Some(Severity::Critical),
        "debug" => Some(Severity::Info),
        other => Severity::from_words(other),
    }
}

fn shown(level: &str) -> String {
    truncated_to_chars(&one_line(level).to_lowercase(), limits::NAME)
}
