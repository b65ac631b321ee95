//! Teams, from whom the responders of an incident are chosen.

use serde::Deserialize;

/// A team owns services and is on call for them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The prefix of its tickets, such as `PAY` in `PAY-1204`.
    pub tickets: String,
    pub people: Vec<String>,
}
