//! The bodies of Sentry's webhooks.

mod actor;
mod comment;
mod encoding;
mod envelope;
mod event;
mod format;
mod issue;
mod metric_alert;

pub use actor::Actor;
pub use comment::Comment;
pub use encoding::Encoding;
pub use event::{Event, EventResource};
pub use issue::{Issue, IssueAction};
pub use metric_alert::{MetricAction, MetricAlert};
