//! What the black-box tests stand on: a stack to talk to, a client, builders of the sources'
//! payloads, and [`eventually`].
//!
//! Tests know the product by its HTTP interface only. They run in parallel against one stack, so each
//! makes itself a [`Scene`]: an environment, service and team of its own.
#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on panics: that is its report")]
#![expect(clippy::must_use_candidate, reason = "these are builders and getters for tests")]

mod answer;
mod api;
pub mod contract;
pub mod datadog;
mod delivery;
mod eventually;
pub mod faults;
mod scene;
pub mod sentry;
mod stack;

pub use answer::{Answer, Problem, assert_members, assert_only_members};
pub use api::{Api, Page};
pub use delivery::{Delivery, hmac_sha256_hex};
pub use eventually::{DEADLINE, eventually};
pub use scene::{Scene, digits, in_order, now, rfc3339, strings, suffix};
pub use stack::{Access, OwnStack, shared_stack, variable};
