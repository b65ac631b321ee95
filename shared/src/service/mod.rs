//! The use cases, a file each. They take `now`; they know nothing of HTTP or of Lambda.

pub mod authorize;
pub mod change_status;
pub mod credentials;
pub mod get_incident;
pub mod group;
pub mod list_alerts;
pub mod list_incidents;
pub mod list_quarantine;
pub mod receive;
mod retry;
