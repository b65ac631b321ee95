//! The payloads table: the raw payload of each alert, in a row of its own or in a bundle. It is apart from the alerts
//! table so that it can expire sooner, that no list reads it, and that few functions may.

mod bundles;

pub use bundles::{NewBundle, StoredBundle};

use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    primitives::Blob,
    types::{AttributeValue, Update},
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
        episode::EventKey,
        id::AlertId,
        payload::{KeptPayload, PayloadDeletion, StoredPayload},
        time::Time,
    },
    keys,
};

const GET: &str = "GetItem payload";

const ALERT_ID: &str = "alert_id";

/// The body, compressed with gzip. A row without it says who deleted the payload.
const RAW: &str = "raw";

/// Which delivery it is of: where that stands among those of its problem.
const DELIVERY: &str = "delivery";

const DELETED_AT: &str = "deleted_at";

/// The payloads table.
#[derive(Debug, Clone)]
pub struct Payloads {
    client: Client,
    table: String,
}

/// The payload of an alert, to be kept.
#[derive(Debug, Clone)]
pub struct NewPayload<'delivery> {
    pub alert_id: AlertId,
    /// Where the delivery stands among those of its problem.
    pub key: EventKey,
    pub delivery: &'delivery Delivery,
    pub expires_at: Time,
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

    /// Reads the row that is the payload's own, strongly consistent. Costs 1 read unit per 4 KB. `None` if it has
    /// expired, if the payload is in a bundle, or if the alert never had one: then it was split from another. It
    /// counts more than what is in a bundle: it is of an earlier delivery, or says who deleted the payload.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: AlertId, now: Time) -> Result<Option<StoredPayload>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key(ALERT_ID, string(id.to_string()));
        let answer = request.consistent_read(true).send().await;
        let item = answer.map_err(|error| StoreError::of_call(GET, &error))?.item;
        item.filter(|item| !is_expired(item, now)).map(read).transpose()
    }

    /// Opens the connection while the function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(AlertId::first_at(Time::EARLIEST), Time::EARLIEST)).await;
    }

    /// Keeps the payload of an alert in a row of its own: that of its earliest delivery, whatever the order in
    /// which they are kept. Nothing happens if a person deleted one. Costs a write unit per KB.
    ///
    /// It is no part of the transaction with the alert, since that would cost twice as much. The alert is there already, so
    /// nobody keeps what belongs to nothing. If the worker dies in between, its message comes again, and the payload with it.
    ///
    /// # Errors
    /// [`StoreError`]: it can be tried again.
    pub async fn keep(&self, payload: &NewPayload<'_>) -> Result<(), StoreError> {
        let NewPayload { alert_id, key, delivery, expires_at } = payload;
        let mut item = Item::from([
            (ALERT_ID.to_owned(), string(alert_id.to_string())),
            ("entity_type".to_owned(), string("payload")),
            (RAW.to_owned(), AttributeValue::B(Blob::new(delivery.body.gzip.clone()))),
            ("raw_bytes".to_owned(), number(delivery.body.length as u64)),
            ("received_at".to_owned(), string(delivery.received_at.to_string())),
            (DELIVERY.to_owned(), string(keys::event(key))),
            (EXPIRES_AT.to_owned(), expiry(*expires_at)),
        ]);
        if delivery.body.truncated {
            item.insert("truncated".to_owned(), AttributeValue::Bool(true));
        }
        let kept = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(
                "attribute_not_exists(alert_id) OR (attribute_not_exists(deleted_at) AND #delivery > :delivery)",
            )
            .expression_attribute_names("#delivery", DELIVERY)
            .expression_attribute_values(":delivery", string(keys::event(key)))
            .send()
            .await;
        match kept {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::of_call("Put payload", &error)),
        }
    }

    /// The write that deletes a payload from its own row, or one that is still to be kept, and keeps who did it. Its
    /// condition fails if somebody deleted it already.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn deletion(&self, id: AlertId, deletion: &PayloadDeletion, expires_at: Time) -> Result<Write, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key(ALERT_ID, string(id.to_string()))
            .update_expression(
                "SET deleted_at = :at, deleted_by = :actor, expires_at = :expires_at \
                 REMOVE #raw, raw_bytes, truncated, received_at, #delivery",
            )
            .condition_expression("attribute_not_exists(deleted_at)")
            .expression_attribute_names("#raw", RAW)
            .expression_attribute_names("#delivery", DELIVERY)
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
