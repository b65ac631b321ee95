//! Counts what was written, for the line that the program prints at its end.

use std::fmt;

/// What a step of the load added to the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Nothing,
    /// The webhook was handled and made no new alert.
    Webhook,
    /// The webhook made a new alert in an incident that was open.
    Alert,
    /// The webhook made a new alert and opened an incident.
    Incident,
    StatusChange,
}

/// How much was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    webhooks: usize,
    alerts: usize,
    incidents: usize,
    status_changes: usize,
}

impl Summary {
    pub(crate) fn count(&mut self, written: Written) {
        match written {
            Written::Nothing => {}
            Written::Webhook => self.webhooks += 1,
            Written::Alert => {
                self.webhooks += 1;
                self.alerts += 1;
            }
            Written::Incident => {
                self.webhooks += 1;
                self.alerts += 1;
                self.incidents += 1;
            }
            Written::StatusChange => self.status_changes += 1,
        }
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
