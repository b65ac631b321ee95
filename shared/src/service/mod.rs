//! The use cases, a file each. They take `now`; they know nothing of HTTP or of Lambda.

pub mod authorize;
pub mod change_status;
pub mod credentials;
pub mod delete_quarantine_entry;
pub mod get_incident;
pub mod get_quarantine_entry;
pub mod group_alerts;
pub mod list_alerts;
pub mod list_incidents;
pub mod list_quarantine;
pub mod quarantine_dead_letter;
pub mod quarantine_gauge;
pub mod queue;
pub mod receive_webhook;
pub mod redrive_quarantine_entry;
mod retry;
mod warm;
