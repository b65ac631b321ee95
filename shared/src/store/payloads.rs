//! The payloads table: the raw payload of each alert. It is apart from the alerts table so that it
//! can expire sooner, that no list reads it, and that few functions may.

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};
use serde::Deserialize;

use super::{
    StoreError,
    item::{EXPIRES_AT, Item, expiry, from_item, is_expired, number, string},
    transaction::{Part, Write},
};
use crate::{
    aws::warm,
    domain::{
        delivery::{Delivery, PackedBody},
        id::AlertId,
        payload::{KeptPayload, PayloadDeletion, StoredPayload},
        time::Time,
    },
};

const GET: &str = "GetItem payload";

const ALERT_ID: &str = "alert_id";

/// The body, compressed with gzip. A row without it says who deleted the payload.
const RAW: &str = "raw";

const DELETED_AT: &str = "deleted_at";

/// The payloads table.
#[derive(Debug, Clone)]
pub struct Payloads {
    client: Client,
    table: String,
}

/// A row of a payload that is kept, without its bytes.
#[derive(Deserialize)]
struct Row {
    raw_bytes: usize,
    #[serde(default)]
    truncated: bool,
    received_at: Time,
    expires_at: i64,
}

impl Payloads {
    /// Uses the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads the payload of an alert, strongly consistent. Costs 1 read unit per 4 KB. `None` if it
    /// has expired, or if the alert never had one: then it was split from another.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: AlertId, now: Time) -> Result<Option<StoredPayload>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key(ALERT_ID, string(id.to_string()));
        let answer = request.consistent_read(true).send().await;
        let item = answer.map_err(|error| StoreError::of_call(GET, &error))?.item;
        item.filter(|item| !is_expired(item, now)).map(read).transpose()
    }

    /// Whether a person deleted the payload of an alert. Costs 1 read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_deleted(&self, id: AlertId, now: Time) -> Result<bool, StoreError> {
        Ok(matches!(self.get(id, now).await?, Some(StoredPayload::Deleted(_))))
    }

    /// Opens the connection while the function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(AlertId::first_at(Time::EARLIEST), Time::EARLIEST)).await;
    }

    /// The write of an alert's payload. Its condition fails if a person deleted the one before.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn put(&self, id: AlertId, delivery: &Delivery, expires_at: Time) -> Result<Write, StoreError> {
        let mut item = Item::from([
            (ALERT_ID.to_owned(), string(id.to_string())),
            ("entity_type".to_owned(), string("payload")),
            (RAW.to_owned(), AttributeValue::B(Blob::new(delivery.body.gzip.clone()))),
            ("raw_bytes".to_owned(), number(delivery.body.length as u64)),
            ("received_at".to_owned(), string(delivery.received_at.to_string())),
            (EXPIRES_AT.to_owned(), expiry(expires_at)),
        ]);
        if delivery.body.truncated {
            item.insert("truncated".to_owned(), AttributeValue::Bool(true));
        }
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(deleted_at)")
            .build();
        Ok(Write::put(Part::Payload, put.map_err(|error| StoreError::of_request("Put payload", &error))?))
    }

    /// The write that deletes a payload and keeps who did it. Its condition fails if there is none
    /// any more.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn deletion(&self, id: AlertId, deletion: &PayloadDeletion, expires_at: Time) -> Result<Write, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key(ALERT_ID, string(id.to_string()))
            .update_expression(
                "SET deleted_at = :at, deleted_by = :actor, expires_at = :expires_at \
                 REMOVE #raw, raw_bytes, truncated, received_at",
            )
            .condition_expression("attribute_exists(#raw)")
            .expression_attribute_names("#raw", RAW)
            .expression_attribute_values(":at", string(deletion.at.to_string()))
            .expression_attribute_values(":actor", string(&deletion.actor))
            .expression_attribute_values(":expires_at", expiry(expires_at))
            .build();
        Ok(Write::update(Part::Payload, update.map_err(|error| StoreError::of_request("Delete payload", &error))?))
    }
}

fn read(mut item: Item) -> Result<StoredPayload, StoreError> {
    if item.contains_key(DELETED_AT) {
        return from_item::<PayloadDeletion>(GET, item).map(StoredPayload::Deleted);
    }
    let Some(AttributeValue::B(raw)) = item.remove(RAW) else { return Err(StoreError::of_attribute(GET, RAW)) };
    let Row { raw_bytes, truncated, received_at, expires_at } = from_item(GET, item)?;
    let body = PackedBody { gzip: raw.into_inner(), length: raw_bytes, truncated };
    let expires_at = Time::from_millis(expires_at.saturating_mul(1000)).unwrap_or(Time::LATEST);
    Ok(StoredPayload::Kept(KeptPayload { body, received_at, expires_at }))
}
