//! The status machine of incidents: `OPEN → INVESTIGATING → RESOLVED → CLOSED`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where the review of an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Nobody has taken it.
    Open,
    /// Acknowledged: somebody works on it.
    Investigating,
    /// The problem is over.
    Resolved,
    /// The review is over.
    Closed,
}

/// The text names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of OPEN, INVESTIGATING, RESOLVED, CLOSED")]
pub struct UnknownStatus;

/// The status machine has no such step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an incident that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// The status that the incident has.
    pub from: Status,
    /// The status that was asked for.
    pub to: Status,
}

impl Status {
    /// All of them, in the order of the machine.
    pub const ALL: [Self; 4] = [Self::Open, Self::Investigating, Self::Resolved, Self::Closed];

    /// The name in JSON, tables and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Investigating => "INVESTIGATING",
            Self::Resolved => "RESOLVED",
            Self::Closed => "CLOSED",
        }
    }

    /// Whether alerts may still join.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Open | Self::Investigating)
    }

    /// The statuses that may follow.
    #[must_use]
    pub const fn allowed_transitions(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::Investigating],
            Self::Investigating => &[Self::Resolved],
            Self::Resolved => &[Self::Closed],
            Self::Closed => &[],
        }
    }

    /// Checks one step.
    ///
    /// # Errors
    /// [`IllegalTransition`] for anything but the one step forward; also for staying.
    pub fn check_transition(self, to: Self) -> Result<(), IllegalTransition> {
        if self.allowed_transitions().contains(&to) { Ok(()) } else { Err(IllegalTransition { from: self, to }) }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    /// In any case.
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_step_is_legal() {
        for (position, from) in Status::ALL.into_iter().enumerate() {
            for (target, to) in Status::ALL.into_iter().enumerate() {
                assert_eq!(from.check_transition(to).is_ok(), target == position + 1, "{from} to {to}");
            }
        }
    }
}
