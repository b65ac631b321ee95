//! Which incident an alert belongs to. Pure: data in, decision out.

mod decision;
pub mod rules;

pub use decision::{Decision, Groups, Newcomer, decide};
