//! Lists: filters, the plan of which index to read, pages and cursors (pure), and the reading itself.

pub mod alerts;
pub mod cursor;
pub mod incidents;
pub mod page;
pub mod plan;
pub mod predicate;
pub mod quarantine;
mod read;

pub use read::{ListError, Page, list, rows};
