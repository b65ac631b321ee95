//! The bodies of Alertmanager's webhooks.

mod alert;
mod notification;

pub use alert::{Alert, Origin};
pub use notification::notification;
