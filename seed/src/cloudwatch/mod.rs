//! The messages of SNS about alarms of `CloudWatch`.

mod message;

pub use message::{AlarmState, Message};
