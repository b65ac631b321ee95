//! Lists, the pure part: filters, the plan of which index to read, pages, cursors and buckets of time.

pub mod alerts;
pub mod buckets;
pub mod conditions;
pub mod cursor;
pub mod facets;
pub mod incidents;
pub mod marks;
pub mod page;
pub mod plan;
pub mod predicate;
pub mod quarantine;
pub mod segments;
