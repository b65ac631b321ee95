//! Demo data: a month of alerts and incidents at a company that does not exist.
//!
//! A seed and a time decide all of it: [`Timeline`] is an ordered list of webhooks and of status
//! changes, and touches nothing outside. [`load`] sends the webhooks to a running stack.
//! [`history()`] writes webhooks and status changes into the tables, each at its own time, through
//! the code that groups real alerts.

mod alertmanager;
mod cloudwatch;
mod company;
mod datadog;
mod history;
pub mod load;
pub mod progress;
mod random;
mod sentry;
mod simulation;
mod timeline;
mod webhook;

pub use company::DataError;
pub use history::{SeedError, Summary, history};
pub use timeline::Timeline;
pub use webhook::{Source, Webhook};

/// The seed of the demo data unless another is given.
pub const DEFAULT_SEED: u64 = 1;
