//! Hafenmarkt, an online marketplace that does not exist, as the files of `seed/data` describe it.

mod bounds;
mod env;
mod error;
mod files;
mod issue;
mod metric_alert_rule;
mod monitor;
mod organisation;
mod phrases;
mod resolve;
mod scenario;
mod service;
mod signal;
mod team;

pub use bounds::Bounds;
pub use env::Env;
pub use error::DataError;
pub use issue::{IssueDefinition, Level};
pub use metric_alert_rule::MetricAlertRule;
pub use monitor::{Monitor, Template};
pub use organisation::{DATADOG_ORG, NAME, SENTRY_ORG, SLUG};
pub use phrases::Phrases;
pub use resolve::{Company, company};
pub use scenario::Scenario;
pub use service::Service;
pub use signal::{Signal, SignalKind};
