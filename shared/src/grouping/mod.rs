//! Which incident an alert belongs to. Pure: data in, decision out.

mod decision;
pub mod group;

pub use decision::{Decision, Groups, NewAlert, decide};
pub use group::Group;
