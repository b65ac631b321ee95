//! Runs `template.yaml` in one process.
//!
//! The template is the one description of the deployment, and this crate runs it rather than a copy: it makes
//! the declared tables in an embedded DynamoDB, the queues and the secret in an embedded SQS and Secrets
//! Manager, serves the routes of the API, asks the authorizer, and polls the queues. The functions are those
//! that are deployed; requests reach them as the events that API Gateway and Lambda make, and they reach the
//! services through the real SDK.
//!
//! A function may do what its policy in the template says, and nothing else. What is not done here: enforce time limits
//! and memory, or throttle.

mod clock;
mod demo;
mod directory;
mod dynamodb;
mod functions;
mod gateway;
mod lambda;
mod permissions;
mod poller;
pub mod secrets;
mod sqs;
mod stack;
mod template;
mod wiring;

pub use permissions::Permission;
pub use stack::{Options, Stack, StartError, Wire};
