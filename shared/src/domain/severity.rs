//! How bad it is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Severity of an alert and of an incident, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May become a problem.
    Warning,
    /// Something fails.
    Error,
    /// Users suffer now.
    Critical,
}

/// The text names no severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of critical, error, warning, info")]
pub struct UnknownSeverity;

impl Severity {
    /// The name in JSON, tables and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// In any case.
    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        [Self::Info, Self::Warning, Self::Error, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(text))
            .ok_or(UnknownSeverity)
    }
}

impl Severity {
    /// The severity that words state, or `None` if they are not understood.
    #[must_use]
    pub fn from_words(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split(|character: char| !character.is_alphanumeric()).collect();
        words.iter().find_map(|word| match word.trim_start_matches("sev").trim_start_matches('p') {
            "critical" | "fatal" | "emergency" | "age" | "0" | "1" => Some(Self::Critical),
            "error" | "high" | "major" | "2" => Some(Self::Error),
            "warning" | "warn" | "medium" | "minor" | "3" => Some(Self::Warning),
            "info" | "low" | "4" | "5" => Some(Self::Info),
            _ => None,
        })
    }
}
