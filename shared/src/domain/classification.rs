//! What kind of problem an alert reports, and how we know.

use serde::{Deserialize, Serialize};

use super::severity::Severity;

/// How a classified value is known, surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Nothing is known.
    Default,
    /// The state to which the alert changed suggests it: a `Warn` is less than a `Triggered`.
    Transition,
    /// Words of the title or the message.
    Text,
    /// A rule of `infra/rules.yaml` says so.
    Rule,
    /// Earlier alerts of the same service stated it.
    History,
    /// The source stated it.
    Stated,
}

/// A classified value and why it is that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classified<T> {
    pub value: T,
    pub evidence: Evidence,
    /// What matched: the source's words, the rule, the words of the text.
    pub matched: Option<String>,
    /// 0 (a guess) to 1 (certain).
    pub confidence: f64,
}

/// How an alert was classified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    pub severity: Classified<Severity>,
    pub team: Classified<Option<String>>,
    pub service: Classified<Option<String>>,
    pub environment: Classified<String>,
}
