//! The harness of the suites: a stack, an HTTP client, builders of the sources' payloads, and
//! [`eventually()`].
//!
//! The black-box tests use the product over HTTP only. They run in parallel against one stack, so
//! each test makes a [`Sandbox`]: an environment, a service and a team that no other test uses.
//! `blackbox/first_incident.rs` shows how they work together.
#![expect(clippy::missing_panics_doc, reason = "a test reports a failure by a panic")]
#![expect(clippy::must_use_candidate, reason = "most functions are builders and getters for tests")]

pub mod alertmanager;
mod answer;
mod api;
pub mod console;
pub mod contract;
pub mod datadog;
mod eventually;
pub mod faults;
pub mod issuer;
mod pointers;
mod sandbox;
pub mod sentry;
pub mod sns;
mod stack;
mod times;
mod webhook_request;

pub use answer::{Answer, Problem, assert_members, assert_only_members};
pub use api::{Api, Page};
pub use eventually::{WAIT_TIMEOUT, eventually};
pub use pointers::pointers;
pub use sandbox::{Sandbox, in_order, now, random_digits, random_suffix, rfc3339, strings};
pub use stack::{Access, TestStack, shared_stack, variable};
pub use times::{TimeShift, patient};
pub use webhook_request::{WebhookRequest, hmac_sha256_hex};
