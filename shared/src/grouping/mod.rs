//! Which incident an alert belongs to. Pure: data in, decision out.

mod decision;
pub mod group;
pub mod rules;

pub use decision::{Decision, Groups, Newcomer, decide};
pub use group::Group;
