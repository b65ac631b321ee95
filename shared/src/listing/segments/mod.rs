//! Lists from columns. Pure: what is read and written is decided here, by whom elsewhere.
//!
//! - A [`rows::Row`] is an alert or an incident, as far as lists ask for it: texts by
//!   [`rows::Field`], integers by [`rows::Number`].
//! - A [`segment::Segment`] holds rows as columns, in the order of their ids. It is stored in
//!   [`parts::Part`]s, each with its own bytes ([`codec`]); each may be in memory or not.
//! - A [`bucket::Bucket`] is a base segment and a [`bucket::Patch`]: rows that changed since the base
//!   was made, and which rows of the base they hide. Its [`header::Header`] counts the rows that are
//!   visible, so that most lists skip most buckets.
//! - [`bucket::Changes`] are rows that changed since they were sealed. A [`view::View`] is all
//!   buckets of a series with these changes on top: the rows as they are now.
//! - A [`query::Query`] asks a view: [`filters::Filter`], [`order::Order`], page and facets.
//!   [`query::Listing`] answers with ids, the exact total and facets;
//!   [`statistics`] answers with figures.
//!
//! Nothing here reads a table. Whoever asks calls `step` until there is an answer; each time it
//! fails, it says what must be brought into memory first:
//!
//! ```
//! use shared::listing::segments::{
//!     bucket::{Bucket, Changes},
//!     filters::Filter,
//!     order::Order,
//!     query::{Listing, Query, Start},
//!     rows::{Field, Row, RowId, Series},
//!     segment::Segment,
//!     view::{Needs, View},
//! };
//! use shared::domain::time::Time;
//!
//! let row = |number| Row::new(RowId::new(number, 0)).with_labels(Field::Service, ["web"]);
//! let bucket = Bucket::of(Segment::of(Series::Alerts, [row(1), row(2)]));
//! let view = View::new(Series::Alerts, vec![bucket], Changes { rows: vec![row(3)], gone: Vec::new() });
//! let query = Query {
//!     filter: Filter::default().any_of(Field::Service, &["web"]),
//!     order: Order::NEWEST_FIRST,
//!     start: Start::Offset(0),
//!     limit: 2,
//!     facets: vec![Field::Service],
//! };
//! let mut listing = Listing::new(query, Time::LATEST);
//! let listed = loop {
//!     match listing.step(&view) {
//!         Ok(listed) => break listed,
//!         Err(Needs(_)) => unreachable!("everything is in memory"),
//!     }
//! };
//! assert_eq!((listed.total, listed.ids), (3, vec![row(3).id, row(2).id]));
//! ```
//!
//! Sealing: [`bucket::Bucket::patched`] puts changes into the patch, [`bucket::Bucket::rows`] and
//! [`segment::Segment::of`] make a new base of several buckets or of one with its patch.

pub mod bits;
pub mod bucket;
pub mod codec;
pub mod columns;
pub mod facets;
pub mod filters;
pub mod header;
pub mod order;
mod pager;
pub mod parts;
mod pick;
pub mod query;
pub mod rows;
pub mod search;
pub mod segment;
pub mod statistics;
#[cfg(test)]
mod tests;
pub mod view;
