//! One outage: a scenario, when it begins, and how the responders deal with it.

use jiff::Timestamp;

use crate::company::{Bounds, Env, Scenario};

/// A scenario that happens.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    pub scenario: &'static Scenario,
    pub env: Env,
    pub starts_at: Timestamp,
    pub behaviour: ResponderBehaviour,
    /// The same outage was resolved a moment ago.
    pub is_relapse: bool,
}

/// How far the responders get with an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponderBehaviour {
    /// The outage goes on, and nobody has looked.
    Absent,
    /// The outage goes on, and somebody investigates.
    Investigating,
    /// The outage ends.
    Resolving { acknowledged_after_minutes: Bounds },
}

impl ResponderBehaviour {
    pub const fn resolves(self) -> bool {
        matches!(self, Self::Resolving { .. })
    }
}
