//! The status machine of incidents: `OPEN → INVESTIGATING → RESOLVED → CLOSED`.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

/// Where the review of an incident stands.
///
/// ```
/// use shared::domain::status::Status;
///
/// assert!(Status::Open.check_transition(Status::Investigating).is_ok());
/// let error = Status::Open.check_transition(Status::Closed).unwrap_err();
/// assert_eq!(error.to_string(), "an incident that is OPEN cannot become CLOSED");
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum Status {
    /// Nobody works on it yet.
    Open,
    /// Acknowledged: somebody works on it.
    Investigating,
    /// The problem is over.
    Resolved,
    /// The review is over.
    Closed,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_step_is_legal() {
        for (position, from) in <Status as VariantArray>::VARIANTS.iter().copied().enumerate() {
            for (target, to) in <Status as VariantArray>::VARIANTS.iter().copied().enumerate() {
                assert_eq!(from.check_transition(to).is_ok(), target == position + 1, "{from} to {to}");
            }
        }
    }
}
