//! Reads and writes the tables, with one file per table. No other module calls DynamoDB.

pub mod alerts;
mod batch;
pub mod claims;
pub mod counts;
mod error;
pub mod incidents;
pub mod index;
mod item;
pub mod lists;
mod packed;
pub mod payloads;
pub mod quarantine;
mod tables;
pub mod transaction;

pub use error::StoreError;
pub use item::Item;
pub use tables::Tables;
