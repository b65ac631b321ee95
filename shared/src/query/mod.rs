//! Lists: filters, the plan of which index to read, pages and cursors (pure), and the reading itself.

pub mod alerts;
pub mod buckets;
mod count;
pub mod cursor;
pub mod facets;
pub mod incidents;
pub mod marks;
pub mod page;
pub mod plan;
pub mod predicate;
pub mod quarantine;
mod read;
pub mod tally;

pub use count::{ListError, Sources};
pub use facets::facets;
pub use read::{Page, Row, deadline, list, rows_between};
