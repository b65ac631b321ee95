//! Demo data: a believable month of alerts and incidents at a company that does not exist.
//!
//! [`Timeline`] is the pure part: a seed and a time make an ordered list of webhooks and of status
//! changes. [`load`] sends the webhooks to a running stack; [`history()`] puts all of it into tables, at the
//! times at which it happened, through the code that groups real alerts.

mod company;
mod cues;
mod datadog;
mod delivery;
mod faults;
mod history;
pub mod load;
mod monitors;
mod outage;
mod people;
pub mod progress;
mod scenarios;
mod schedule;
mod sending;
mod sentry;
mod timeline;

pub use delivery::{Delivery, WebhookSource};
pub use history::{SeedError, Summary, history};
pub use timeline::{StatusChange, Step, Timeline};

/// The seed of the demo data unless another is asked for.
pub const DEFAULT_SEED: u64 = 1;
