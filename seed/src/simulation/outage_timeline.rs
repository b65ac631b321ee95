//! The result of simulating one outage: its webhooks and changes of status.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shared::domain::status::Status;

use super::responders::StatusChange;
use crate::{company::Env, webhook::Webhook};

/// A service in an environment. Outages that share none do not affect each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AffectedService {
    pub env: Env,
    pub service: &'static str,
}

/// Everything that happens in one outage.
#[derive(Debug)]
pub struct OutageTimeline {
    pub affected: BTreeSet<AffectedService>,
    /// In order of arrival. The first webhook opens the incident.
    pub webhooks: Vec<Webhook>,
    /// In order of time.
    pub status_changes: Vec<StatusChange>,
}

impl OutageTimeline {
    pub fn resolved_at(&self) -> Option<Timestamp> {
        self.status_changes.iter().find(|change| change.to == Status::Resolved).map(|change| change.at)
    }
}
