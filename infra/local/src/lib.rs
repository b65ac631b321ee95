//! Runs `template.yaml` in one process.
//!
//! - Tables are created in an embedded DynamoDB, queues and the secret in an embedded SQS and
//!   Secrets Manager. All requests go through the real SDK.
//! - The routes of the API call the functions with the events of API Gateway, after the authorizer.
//! - Pollers call the functions with batches of messages, like Lambda.
//! - The policy of each function is enforced.
//!
//! The local stack does not limit time, memory or the rate of requests.

mod clock;
mod demo;
mod directory;
mod dynamodb;
mod embedded;
mod error;
mod functions;
mod gateway;
pub mod greeting;
mod lambda;
mod options;
mod permissions;
mod poller;
mod scheduler;
#[cfg(test)]
mod scripted;
pub mod secrets;
mod sns;
mod sqs;
mod stack;
mod template;
mod wiring;

pub use error::StartError;
pub use lambda::InvokeError;
pub use options::{Options, Wire};
pub use stack::Stack;
pub use template::Permission;
