//! Who works on an incident: a name, as histories show actors.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::limits;

/// What filters call those on whom nobody works. So nobody can have this name.
pub const NOBODY: &str = "nobody";

/// The name of whoever works on an incident. Two names that differ only in case are the same to filters.
///
/// ```
/// use shared::domain::assignee::Assignee;
///
/// assert_eq!(Assignee::read(" Ada Lovelace ").unwrap().as_str(), "Ada Lovelace");
/// assert!(Assignee::read("Nobody").is_err() && Assignee::read("a,b").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Assignee(String);

/// Why a text is no name of an assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAssignee {
    #[error("must not be empty: null means that nobody works on it")]
    Empty,
    #[error("must have at most {} characters", limits::NAME)]
    TooLong,
    /// A name is shown on one line.
    #[error("must not have control characters")]
    Control,
    /// A filter takes several names, with commas between them.
    #[error("must not have a comma")]
    Comma,
    #[error("must not be {NOBODY}: null means that nobody works on it")]
    Reserved,
}

impl Assignee {
    /// Reads a name. Spaces around it do not count.
    ///
    /// # Errors
    /// [`InvalidAssignee`]
    pub fn read(text: &str) -> Result<Self, InvalidAssignee> {
        let name = text.trim();
        // A filter compares names in lower case, which may be longer.
        let lower = name.to_lowercase();
        if name.is_empty() {
            Err(InvalidAssignee::Empty)
        } else if name.chars().count().max(lower.chars().count()) > limits::NAME {
            Err(InvalidAssignee::TooLong)
        } else if name.chars().any(char::is_control) {
            Err(InvalidAssignee::Control)
        } else if name.contains(',') {
            Err(InvalidAssignee::Comma)
        } else if lower == NOBODY {
            Err(InvalidAssignee::Reserved)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as filters compare it.
    #[must_use]
    pub fn in_lower_case(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Assignee {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_a_filter_can_name() {
        for (text, error) in [
            (" \t", InvalidAssignee::Empty),
            ("a\nb", InvalidAssignee::Control),
            ("a\u{0}", InvalidAssignee::Control),
            ("NOBODY", InvalidAssignee::Reserved),
            ("Lovelace, Ada", InvalidAssignee::Comma),
        ] {
            assert_eq!(Assignee::read(text), Err(error), "{text}");
        }
        assert_eq!(Assignee::read(&"ü".repeat(121)), Err(InvalidAssignee::TooLong));
        assert_eq!(Assignee::read(&"İ".repeat(61)), Err(InvalidAssignee::TooLong), "it is longer in lower case");
        assert_eq!(Assignee::read(&"ü".repeat(120)).unwrap().as_str().chars().count(), 120);
    }
}
