//! Reads and writes the tables, with one file per table. No other module calls DynamoDB.

pub mod alerts;
mod batch;
pub mod changes;
pub mod claims;
mod error;
pub mod event_counts;
pub mod incidents;
mod item;
mod packed;
pub mod payloads;
pub mod quarantine;
pub mod segments;
mod tables;
pub mod transaction;

pub use error::StoreError;
pub use item::Item;
pub use tables::Tables;
