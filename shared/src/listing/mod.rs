//! Lists: what is asked for, and how it is answered. Pure.

pub mod cursor;
pub mod page;
pub mod quarantine;
pub mod segments;
