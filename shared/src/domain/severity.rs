//! How bad a problem is.

mod stated;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

/// Severity of an alert and of an incident, mildest first.
///
/// ```
/// use shared::domain::severity::Severity;
///
/// assert_eq!("Critical".parse(), Ok(Severity::Critical));
/// assert!(Severity::Warning < Severity::Error);
/// assert_eq!(Severity::Info.to_string(), "info");
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
    VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
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
