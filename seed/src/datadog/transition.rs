//! The changes of state for which Datadog notifies, in its own words.

/// `$ALERT_TRANSITION`: how the state of a monitor changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    Triggered,
    Warn,
    NoData,
    ReTriggered,
    Renotify,
    Resolved,
}

impl Transition {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Triggered => "Triggered",
            Self::Warn => "Warn",
            Self::NoData => "No Data",
            Self::ReTriggered => "Re-Triggered",
            Self::Renotify => "Renotify",
            Self::Resolved => "Recovered",
        }
    }

    /// `$ALERT_TYPE`.
    pub const fn alert_type(self) -> &'static str {
        match self {
            Self::Triggered | Self::NoData | Self::ReTriggered | Self::Renotify => "error",
            Self::Warn => "warning",
            Self::Resolved => "success",
        }
    }
}
