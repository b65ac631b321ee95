//! The result of simulating one outage: its webhooks and changes of status.

use jiff::Timestamp;
use shared::domain::status::Status;

use super::responders::StatusChange;
use crate::webhook::Webhook;

/// Everything that happens in one outage.
#[derive(Debug)]
pub struct OutageTimeline {
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
