//! Hafenmarkt, an online marketplace that does not exist, as the files of `seed/data` describe it.

mod alarm;
mod bounds;
mod env;
mod error;
mod files;
mod issue;
mod metric_alert_rule;
mod monitor;
mod organisation;
mod phrases;
mod prometheus_rule;
mod resolve;
mod scenario;
mod service;
mod signal;
mod team;

pub use alarm::Alarm;
pub use bounds::Bounds;
pub use env::Env;
pub use error::DataError;
pub use issue::{IssueDefinition, Level};
pub use metric_alert_rule::MetricAlertRule;
pub use monitor::{Monitor, Template};
pub use organisation::{DATADOG_ORG, NAME, SENTRY_ORG, SLUG, aws_account};
pub use phrases::Phrases;
pub use prometheus_rule::PrometheusRule;
pub use resolve::{Company, company};
pub use scenario::Scenario;
pub use service::Service;
pub use signal::{Signal, SignalKind};
