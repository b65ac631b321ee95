//! Simulates outages: which webhooks the sources send, and how people respond.

mod alarm;
mod calendar;
mod issue;
mod issue_tracker;
mod metric_alert;
mod misconfigured;
mod monitor;
mod outage;
mod outage_timeline;
mod outbox;
mod responders;
mod rule;
mod running;
mod schedule;
mod simulator;

pub use calendar::{PlannedOutage, calendar};
pub use misconfigured::misconfigured;
pub use outage::{Outage, ResponderBehaviour};
pub use outage_timeline::OutageTimeline;
pub use responders::StatusChange;
pub use simulator::Simulator;
