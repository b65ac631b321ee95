//! Alarms of `CloudWatch`, which SNS sends.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::bounds::Bounds;

/// An alarm of `CloudWatch`. In its texts, `$env` is the environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    pub name: String,
    pub description: String,
    pub namespace: String,
    pub metric: String,
    pub statistic: Statistic,
    pub dimensions: BTreeMap<String, String>,
    /// It fires above this value.
    pub threshold: u32,
    /// The range of measured values at which it fires.
    pub value: Bounds,
    /// The tag `severity` of the alarm, if somebody set it.
    pub severity: Option<String>,
}

/// How an alarm makes one value of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    Average,
    Maximum,
    Sum,
}

impl Statistic {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Average => "AVERAGE",
            Self::Maximum => "MAXIMUM",
            Self::Sum => "SUM",
        }
    }
}
