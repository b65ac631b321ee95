//! Carries out the plan of a list: counts it, reads one page, counts facets.

mod count;
mod facets;
mod read;
mod tally;

pub use count::{ListContext, ListError};
pub use facets::facets;
pub use read::{Row, deadline, list, rows_between};
