//! Reads and writes the quarantine table. An entry holds the whole delivery, or the whole message
//! if that is not a delivery.

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};

use super::{
    StoreError,
    item::{EXPIRES_AT, Item, expiry, from_item, is_expired, number, string, to_attribute, to_item},
    transaction::{Part, Write},
};
use crate::{
    aws::warm,
    domain::{
        delivery::{Delivery, PackedBody},
        id::EntryId,
        quarantine::{EntryState, QuarantineEntry, StoredBody},
        time::{MINUTES_A_DAY, Month, Time},
    },
    keys,
};

/// DynamoDB deletes entries that are older.
pub const RETENTION_DAYS: i64 = 90;

const ENTRY_ID: &str = "entry_id";

/// The partition key of the index. Only entries that need work have this attribute.
const CREATED_MONTH: &str = "created_month";

const DELIVERY: &str = "delivery";
const MESSAGE: &str = "message";

/// How many entries one request reads at the most.
const MAX_ROWS: i32 = 500;

/// Entries that need work, as one request found them.
#[derive(Debug, Clone)]
pub struct WaitingEntries {
    pub entries: Vec<QuarantineEntry>,
    /// Where the next request begins. `None` if there are no more.
    pub next: Option<Item>,
}

/// The quarantine table.
#[derive(Debug, Clone)]
pub struct Quarantine {
    client: Client,
    table: String,
}

impl Quarantine {
    /// Uses the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads an entry and the body that it keeps, strongly consistent. Costs 1 read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get(&self, id: EntryId, now: Time) -> Result<Option<(QuarantineEntry, StoredBody)>, StoreError> {
        const OPERATION: &str = "GetItem quarantine entry";
        let request = self.client.get_item().table_name(&self.table).key(ENTRY_ID, string(id.to_string()));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| StoreError::of_call(OPERATION, &error))?;
        let Some(mut item) = answer.item.filter(|item| !is_expired(item, now)) else { return Ok(None) };
        let (delivery, message) = (item.remove(DELIVERY), item.remove(MESSAGE));
        let entry: QuarantineEntry = from_item(OPERATION, item)?;
        let kept = match (delivery, message) {
            (Some(AttributeValue::B(packed)), _) => {
                let delivery = Delivery::unpack(packed.as_ref());
                StoredBody::Delivery(Box::new(delivery.map_err(|_| StoreError::of_attribute(OPERATION, DELIVERY))?))
            }
            (_, Some(AttributeValue::B(packed))) => StoredBody::Message(PackedBody {
                gzip: packed.into_inner(),
                length: entry.body_bytes,
                truncated: entry.truncated,
            }),
            _ => StoredBody::Nothing,
        };
        Ok(Some((entry, kept)))
    }

    /// The entries that need work, as the index knows them: at least `most`, if there are so many. Costs half a read unit
    /// per 4 KB of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting(
        &self,
        history_start: Time,
        now: Time,
        most: usize,
    ) -> Result<Vec<QuarantineEntry>, StoreError> {
        let mut entries = Vec::new();
        // Clocks of writers may be a little ahead.
        for month in Month::range(history_start.plus_minutes(-60).month(), now.plus_minutes(60).month()) {
            let mut start = None;
            while entries.len() < most {
                let read = self.waiting_in(month, EntryId::first_at(Time::EARLIEST), start).await?;
                entries.extend(read.entries);
                start = read.next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(entries)
    }

    /// The next entries of a month that need work, behind an entry.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting_in(
        &self,
        month: Month,
        after: EntryId,
        start: Option<Item>,
    ) -> Result<WaitingEntries, StoreError> {
        const OPERATION: &str = "Query quarantine";
        let query = self.client.query().table_name(&self.table).index_name("by_created");
        let answer = query
            .key_condition_expression("created_month = :month AND entry_id > :after")
            .expression_attribute_values(":month", string(keys::month(month)))
            .expression_attribute_values(":after", string(after.to_string()))
            .limit(MAX_ROWS)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::of_call(OPERATION, &error))?;
        let entries = answer.items.unwrap_or_default().into_iter().map(|item| from_item(OPERATION, item));
        Ok(WaitingEntries { entries: entries.collect::<Result<_, _>>()?, next: answer.last_evaluated_key })
    }

    /// Opens the connection while the function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.get(EntryId::first_at(Time::EARLIEST), Time::EARLIEST)).await;
    }

    /// The write of a new entry and the body that it keeps.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn insertion(&self, entry: &QuarantineEntry, kept: &StoredBody, now: Time) -> Result<Write, StoreError> {
        const OPERATION: &str = "Put quarantine entry";
        let mut item = to_item(OPERATION, entry)?;
        item.insert("entity_type".to_owned(), string("quarantine_entry"));
        item.insert(CREATED_MONTH.to_owned(), string(keys::month(entry.id.created_at().month())));
        let kept = match kept {
            StoredBody::Delivery(delivery) => Some((DELIVERY, delivery.pack())),
            StoredBody::Message(raw) => Some((MESSAGE, raw.gzip.clone())),
            StoredBody::Nothing => None,
        };
        item.extend(kept.map(|(name, packed)| (name.to_owned(), AttributeValue::B(Blob::new(packed)))));
        let expires_at = now.plus_minutes(RETENTION_DAYS * MINUTES_A_DAY);
        item.insert(EXPIRES_AT.to_owned(), expiry(expires_at));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(entry_id)")
            .build();
        Ok(Write::put(Part::Quarantine, put.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }

    /// The write of a change of an entry. Its condition fails if another writer was faster.
    ///
    /// A redriven or deleted entry leaves the index, so that the list shows only entries that need
    /// work. A deleted entry loses its body.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn change(&self, before: &QuarantineEntry, after: &QuarantineEntry) -> Result<Write, StoreError> {
        const OPERATION: &str = "Update quarantine entry";
        let removed = match after.state {
            EntryState::Pending | EntryState::Redriving => "",
            EntryState::Redriven => " REMOVE created_month",
            EntryState::Deleted => " REMOVE created_month, delivery, message",
        };
        let expression = "SET #state = :state, #reason = :reason, #first_lines = :first_lines, #actions = :actions, \
             #version = :version";
        let update = Update::builder()
            .table_name(&self.table)
            .key(ENTRY_ID, string(after.id.to_string()))
            .update_expression(format!("{expression}{removed}"))
            .condition_expression("#version = :before")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#reason", "reason")
            .expression_attribute_names("#first_lines", "first_lines")
            .expression_attribute_names("#actions", "actions")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":state", to_attribute(OPERATION, &after.state)?)
            .expression_attribute_values(":reason", string(&after.reason))
            .expression_attribute_values(":first_lines", string(&after.first_lines))
            .expression_attribute_values(":actions", to_attribute(OPERATION, &after.actions)?)
            .expression_attribute_values(":version", number(after.version))
            .expression_attribute_values(":before", number(before.version))
            .build();
        Ok(Write::update(Part::Quarantine, update.map_err(|error| StoreError::of_request(OPERATION, &error))?))
    }
}
