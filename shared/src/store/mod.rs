//! The tables: the only user of the DynamoDB client. One file per table.

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
pub mod quarantine;
pub mod transaction;

pub use error::StoreError;
pub use item::Item;
