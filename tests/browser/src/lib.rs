//! The harness of the browser suite: a stack, a browser, and data to look at.
//!
//! Each test opens a [`Browser`] of its own on a stack that tests share, and uses the console as people do. What it looks
//! at it puts into a [`Sandbox`], whose team no other test uses. [`Browser::close`] fails if a page has run something that
//! it should not, or has asked another host for something.
#![expect(clippy::missing_panics_doc, reason = "a test reports a failure by a panic")]
#![expect(clippy::must_use_candidate, reason = "most functions are getters for tests")]

mod axe;
mod browser;
mod driver;
mod eventually;
mod pages;
mod pictures;
mod program;
mod sandbox;
pub mod session;
mod stack;

pub use axe::serious_violations;
pub use browser::{Browser, Colours, Reply};
pub use eventually::eventually;
pub use pages::{Page, pages};
pub use pictures::{keep, write_for_readme};
pub use sandbox::{Alert, Incident, Sandbox, random_suffix};
pub use stack::{RESPONDER, Stack, VIEWER, root};
