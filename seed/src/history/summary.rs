//! Counts what was written, for the line that the program prints at its end.

use std::fmt;

/// How much was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub(crate) webhooks: usize,
    pub(crate) alerts: usize,
    pub(crate) incidents: usize,
    pub(crate) status_changes: usize,
}

impl Summary {
    pub(crate) fn add(&mut self, written: Self) {
        self.webhooks += written.webhooks;
        self.alerts += written.alerts;
        self.incidents += written.incidents;
        self.status_changes += written.status_changes;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { webhooks, alerts, incidents, status_changes } = self;
        write!(
            formatter,
            "{webhooks} webhooks, {alerts} alerts, {incidents} incidents, {status_changes} status changes"
        )
    }
}
