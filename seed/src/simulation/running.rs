//! What an outage tells its signals: where it happens and when it ends.

use jiff::Timestamp;

use super::outage::ResponderBehaviour;
use crate::company::Env;

/// What the signals of an outage need to know of it.
#[derive(Debug, Clone, Copy)]
pub struct RunningOutage {
    pub env: Env,
    pub behaviour: ResponderBehaviour,
    /// When signals begin to resolve, if they do.
    pub ends_at: Timestamp,
}
