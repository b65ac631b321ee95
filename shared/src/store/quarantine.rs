//! The quarantine table: authentic deliveries that could not be read.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, Put},
};

use super::{
    StoreError,
    item::{Item, from_item, number, string, to_attribute},
    keys,
    transaction::{Part, Write},
};
use crate::domain::{delivery::Raw, quarantine::QuarantineEntry, time::Time};

/// How long an entry is kept.
const RETENTION_DAYS: i64 = 90;

/// The quarantine table.
#[derive(Debug, Clone)]
pub struct Quarantine {
    table: String,
}

impl Quarantine {
    /// The table of that name.
    #[must_use]
    pub fn new(table: String) -> Self {
        Self { table }
    }

    /// The write of an entry and its raw body.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, entry: &QuarantineEntry, raw: &Raw, now: Time) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put quarantine entry";
        let item = Item::from([
            ("entry_id".to_owned(), string(entry.id.to_string())),
            ("entity_type".to_owned(), string("quarantine_entry")),
            ("created_month".to_owned(), string(keys::month(entry.id.created_at().month()))),
            ("detail".to_owned(), to_attribute(OPERATION, entry)?),
            ("raw".to_owned(), AttributeValue::B(Blob::new(raw.gzip.clone()))),
            ("expires_at".to_owned(), number(now.plus_minutes(RETENTION_DAYS * 24 * 60).as_seconds())),
        ]);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(entry_id)")
            .build();
        Ok(Write::put(Part::Quarantine, put.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }
}

/// An entry as the index holds it.
///
/// # Errors
/// [`StoreError`]
pub fn read(mut item: Item) -> Result<QuarantineEntry, StoreError> {
    const OPERATION: &str = "Query quarantine";
    match item.remove("detail") {
        Some(AttributeValue::M(detail)) => from_item(OPERATION, detail),
        _ => Err(StoreError::of_attribute(OPERATION, "detail")),
    }
}
