//! The bodies of Datadog's webhooks.

mod notification;
mod template;
mod transition;

pub use notification::Notification;
pub use transition::Transition;
