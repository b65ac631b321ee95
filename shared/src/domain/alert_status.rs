//! Whether the problem of an alert is still there.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::time::Time;

/// The two states of an alert.
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
    VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum AlertStatus {
    Firing,
    Resolved,
}

impl AlertStatus {
    /// Resolved, if it is known since when.
    #[must_use]
    pub const fn of(resolved_at: Option<Time>) -> Self {
        if resolved_at.is_some() { Self::Resolved } else { Self::Firing }
    }
}
