//! Exceptions that Sentry reports as issues.

use serde::{Deserialize, Serialize};

/// An exception that a service's code throws. Sentry groups its events into one issue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueDefinition {
    pub level: Level,
    /// The exception's type.
    #[serde(rename = "type")]
    pub exception: String,
    pub value: String,
    pub culprit: String,
    pub filename: String,
    pub function: String,
    pub lineno: u32,
    /// The line of source code that failed.
    pub context_line: String,
}

/// Sentry's level of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Fatal,
    Error,
    Warning,
}
