//! The change log: which alerts and incidents changed, and when. It is a part of the table `segments`.
//!
//! Each transaction that changes rows which lists show writes one entry, with the ids of these rows. So a list reads what
//! changed since it was summarised, and reads those rows again. An entry has no condition, so writers never collide in it.

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put},
};
use ulid::Ulid;

use super::{
    StoreError,
    item::{Item, number, string},
    transaction::{Listed, Part, Write},
};
use crate::{
    domain::{
        id::{AlertId, IncidentId},
        time::Time,
    },
    keys,
};

/// How long entries are kept. Lists that were not sealed for longer are summarised anew.
pub const KEPT_DAYS: i64 = 14;

/// How late an entry may appear, after its time: the clocks of two machines differ by up to 2 minutes, and a function takes
/// up to 30 seconds from reading its clock to the end of its last transaction.
pub const MAX_LATE_MS: i64 = 180_000;

/// How far ahead of ours the clock of another machine may be.
const MAX_AHEAD_MS: i64 = 120_000;

const MINUTES_A_DAY: i64 = 24 * 60;
const ID_BYTES: usize = 16;
const OPERATION: &str = "Query changes";

/// The change log.
#[derive(Debug, Clone)]
pub struct ChangeLog {
    client: Client,
    table: String,
}

/// An entry: the rows that one transaction changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Names the entry. Its time is that of the writer.
    pub id: Ulid,
    pub alerts: Vec<AlertId>,
    pub incidents: Vec<IncidentId>,
}

impl Change {
    /// When the writer decided on the change, by its own clock.
    #[must_use]
    pub fn at(&self) -> Time {
        time_of(self.id)
    }
}

/// The write of an entry, if any of these writes changes a row that lists show. Costs 2 write units per 50 rows.
///
/// # Errors
/// [`StoreError`]
pub(super) fn entry(table: &str, writes: &[Write], now: Time) -> Result<Option<Write>, StoreError> {
    let (mut alerts, mut incidents) = (Vec::new(), Vec::new());
    for row in writes.iter().filter_map(Write::row) {
        match row {
            Listed::Alert(id) => alerts.extend(id.bytes()),
            Listed::Incident(id) => incidents.extend(id.bytes()),
        }
    }
    if alerts.is_empty() && incidents.is_empty() {
        return Ok(None);
    }
    let id = Ulid::from_parts(now.as_millis().unsigned_abs(), fastrand::u128(..));
    let ids =
        |bytes: Vec<u8>| Some(bytes).filter(|bytes| !bytes.is_empty()).map(|bytes| AttributeValue::B(Blob::new(bytes)));
    let mut item = Item::from([
        ("part_of".to_owned(), string(keys::changes(now, id.random()))),
        ("part".to_owned(), string(id.to_string())),
        ("expires_at".to_owned(), number(now.plus_minutes(KEPT_DAYS * MINUTES_A_DAY).as_seconds())),
    ]);
    item.extend(ids(alerts).map(|ids| ("alerts".to_owned(), ids)));
    item.extend(ids(incidents).map(|ids| ("incidents".to_owned(), ids)));
    let put = Put::builder().table_name(table).set_item(Some(item)).build();
    Ok(Some(Write::put(Part::Change, put.map_err(|error| StoreError::of_request("Put change", &error))?)))
}

impl ChangeLog {
    /// The change log in the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The entries whose time is `from` or later, in no order. Reads are strongly consistent: an entry is there as soon as
    /// its rows are. Costs a read unit for every 4 KB and at least [`keys::CHANGE_SHARDS`].
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn since(&self, from: Time, now: Time) -> Result<Vec<Change>, StoreError> {
        let until = now.plus_millis(MAX_AHEAD_MS);
        let queries = keys::change_partitions(from, until).map(|partition| self.partition(partition, from));
        Ok(futures::future::try_join_all(queries).await?.into_iter().flatten().collect())
    }

    async fn partition(&self, partition: String, from: Time) -> Result<Vec<Change>, StoreError> {
        let first = Ulid::from_parts(from.as_millis().unsigned_abs(), 0);
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("part_of = :partition AND part >= :first")
                .expression_attribute_values(":partition", string(&partition))
                .expression_attribute_values(":first", string(first.to_string()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call(OPERATION, &error))?;
            for item in answer.items.unwrap_or_default() {
                found.push(read(&item).ok_or_else(|| StoreError::of_attribute(OPERATION, "part"))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

fn read(item: &Item) -> Option<Change> {
    let ids = |name: &str| -> Vec<Ulid> {
        let bytes = item.get(name).and_then(|ids| ids.as_b().ok()).map_or(&[][..], |ids| ids.as_ref());
        bytes.as_chunks::<ID_BYTES>().0.iter().map(|id| Ulid::from_bytes(*id)).collect()
    };
    Some(Change {
        id: item.get("part")?.as_s().ok()?.parse().ok()?,
        alerts: ids("alerts").into_iter().map(AlertId::from).collect(),
        incidents: ids("incidents").into_iter().map(IncidentId::from).collect(),
    })
}

fn time_of(id: Ulid) -> Time {
    i64::try_from(id.timestamp_ms()).ok().and_then(Time::from_millis).unwrap_or(Time::LATEST)
}
