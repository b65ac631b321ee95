//! The change log: which alerts and incidents changed, and when. It is a part of the table `segments`.
//!
//! Each transaction that changes rows which lists show writes one entry, with the ids of these rows. So a list reads what
//! changed since it was summarised, and reads those rows again. An entry has no condition, so writers never collide in it.

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, Put},
};
use strum::VariantArray;
use ulid::Ulid;

use super::{
    StoreError,
    item::{Item, number, string},
    transaction::{Listed, Part, Write},
};
use crate::{
    domain::time::Time,
    keys,
    listing::segments::rows::{RowId, Series},
};

/// How long entries are kept. Lists that were not sealed for longer are summarised anew.
pub const KEPT_DAYS: i64 = 14;

/// How late an entry may appear, after its time: the clocks of two machines differ by up to 2 minutes, and a function takes
/// up to 30 seconds from reading its clock to the end of its last transaction.
pub const MAX_LATE_MS: i64 = 180_000;

/// How far ahead of ours the clock of another machine may be.
const MAX_AHEAD_MS: i64 = 120_000;

const MINUTES_A_DAY: i64 = 24 * 60;

/// An id and a version.
const ROW_BYTES: usize = 16 + 4;

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
    pub rows: Vec<ChangedRow>,
}

/// The version of a row that was deleted.
pub const DELETED: u32 = u32::MAX;

/// A row that a transaction changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedRow {
    pub series: Series,
    pub id: RowId,
    /// Its version after the change. A row of an older version was read too early: a transaction does not show all of its
    /// writes at the same moment.
    pub version: u32,
}

/// Entries of a range of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    pub entries: Vec<Change>,
    /// They are all that there are before this time.
    pub until: Time,
}

impl Change {
    /// When the writer decided on the change, by its own clock.
    #[must_use]
    pub fn at(&self) -> Time {
        time_of(self.id)
    }
}

/// The write of an entry, if any of these writes changes a row that lists show. Costs 2 write units per 40 rows.
///
/// # Errors
/// [`StoreError`]
pub(super) fn entry(table: &str, writes: &[Write], now: Time) -> Result<Option<Write>, StoreError> {
    let Some(item) = item(writes, now) else { return Ok(None) };
    let put = Put::builder().table_name(table).set_item(Some(item)).build();
    Ok(Some(Write::put(Part::Change, put.map_err(|error| StoreError::of_request("Put change", &error))?)))
}

fn item(writes: &[Write], now: Time) -> Option<Item> {
    let (mut alerts, mut incidents) = (Vec::new(), Vec::new());
    for row in writes.iter().filter_map(Write::row) {
        let (rows, id, version) = match row {
            Listed::Alert(id, version) => (&mut alerts, RowId::from(id), version),
            Listed::Incident(id, version) => (&mut incidents, RowId::from(id), version),
        };
        rows.extend(id.to_bytes());
        rows.extend(u32::try_from(version).unwrap_or(u32::MAX).to_be_bytes());
    }
    if alerts.is_empty() && incidents.is_empty() {
        return None;
    }
    let id = Ulid::from_parts(now.as_millis().unsigned_abs(), fastrand::u128(..));
    let rows =
        |bytes: Vec<u8>| Some(bytes).filter(|bytes| !bytes.is_empty()).map(|bytes| AttributeValue::B(Blob::new(bytes)));
    let mut item = Item::from([
        ("part_of".to_owned(), string(keys::changes(now, id.random()))),
        ("part".to_owned(), string(id.to_string())),
        ("expires_at".to_owned(), number(now.plus_minutes(KEPT_DAYS * MINUTES_A_DAY).as_seconds())),
    ]);
    item.extend(rows(alerts).map(|rows| (Series::Alerts.to_string(), rows)));
    item.extend(rows(incidents).map(|rows| (Series::Incidents.to_string(), rows)));
    Some(item)
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
    pub async fn since(&self, from: Time, now: Time, most: usize) -> Result<Changes, StoreError> {
        self.between(from, now.plus_millis(MAX_AHEAD_MS), most).await
    }

    /// The entries from one time until before another, in no order: some more than `most` of them, if there are so many.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn between(&self, from: Time, until: Time, most: usize) -> Result<Changes, StoreError> {
        let range = (from, until);
        let queries = keys::change_partitions(from, until).map(|partition| self.partition(partition, range, most));
        let mut changes = Changes { entries: Vec::new(), until };
        for (entries, reached) in futures::future::try_join_all(queries).await? {
            changes.until = changes.until.min(reached);
            changes.entries.extend(entries);
        }
        changes.entries.retain(|change| change.at() < changes.until);
        Ok(changes)
    }

    /// The entries of a partition, and the time until which they are all.
    async fn partition(
        &self,
        partition: String,
        (from, until): (Time, Time),
        most: usize,
    ) -> Result<(Vec<Change>, Time), StoreError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("part_of = :partition AND part BETWEEN :first AND :last")
                .expression_attribute_values(":partition", string(&partition))
                .expression_attribute_values(":first", string(first_of(from).to_string()))
                .expression_attribute_values(":last", string(first_of(until).to_string()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call(OPERATION, &error))?;
            for item in answer.items.unwrap_or_default() {
                found.push(read(&item).ok_or_else(|| StoreError::of_attribute(OPERATION, "part"))?);
            }
            start = answer.last_evaluated_key;
            let last = found.last().map(Change::at).filter(|_| found.len() >= most);
            match (&start, last) {
                (None, _) => return Ok((found, until)),
                (Some(_), Some(last)) if last > from => return Ok((found, last)),
                (Some(_), _) => {}
            }
        }
    }
}

/// The smallest id of a millisecond.
fn first_of(at: Time) -> Ulid {
    Ulid::from_parts(at.as_millis().unsigned_abs(), 0)
}

fn read(item: &Item) -> Option<Change> {
    let rows = Series::VARIANTS.iter().flat_map(|series| {
        let bytes =
            item.get(&series.to_string()).and_then(|rows| rows.as_b().ok()).map_or(&[][..], |rows| rows.as_ref());
        bytes.as_chunks::<ROW_BYTES>().0.iter().map(|row| ChangedRow {
            series: *series,
            id: RowId::from_bytes(std::array::from_fn(|place| row[place])),
            version: u32::from_be_bytes([row[16], row[17], row[18], row[19]]),
        })
    });
    Some(Change { id: item.get("part")?.as_s().ok()?.parse().ok()?, rows: rows.collect() })
}

fn time_of(id: Ulid) -> Time {
    i64::try_from(id.timestamp_ms()).ok().and_then(Time::from_millis).unwrap_or(Time::LATEST)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{ConditionCheck, Put};

    use super::*;
    use crate::domain::id::{AlertId, IncidentId};

    fn write(row: Option<Listed>) -> Write {
        let put = Put::builder().table_name("table").item("id", string("1")).build().unwrap();
        let write = Write::put(Part::Alert, put);
        row.map_or_else(|| write.clone(), |row| write.clone().listed(row))
    }

    #[test]
    fn an_entry_names_the_rows_that_a_transaction_changes() {
        let now: Time = "2026-11-23T09:53:08.120Z".parse().unwrap();
        let (alert, incident) = (AlertId::numbered(now, 7), IncidentId::numbered(now, 8));
        let writes =
            [write(Some(Listed::Alert(alert, 3))), write(None), write(Some(Listed::Incident(incident, 70_000)))];
        let entry = item(&writes, now).unwrap();
        let read = read(&entry).unwrap();
        let row = |series, id, version| ChangedRow { series, id, version };
        let expected = [row(Series::Alerts, alert.into(), 3), row(Series::Incidents, incident.into(), 70_000)];
        assert_eq!((read.at(), read.rows.as_slice()), (now, expected.as_slice()));
        assert!(keys::change_partitions(now, now).any(|partition| entry["part_of"] == string(partition)));
    }

    #[test]
    fn a_transaction_that_changes_no_row_of_a_list_has_no_entry() {
        let check = ConditionCheck::builder().table_name("table").key("id", string("1")).condition_expression("a");
        let check = Write::check(Part::Incident, check.build().unwrap());
        assert!(item(&[write(None), check], Time::EARLIEST).is_none());
    }

    #[test]
    fn an_entry_of_forty_rows_is_one_kilobyte() {
        let writes: Vec<Write> =
            (0..40).map(|number| write(Some(Listed::Alert(AlertId::numbered(Time::LATEST, number), 1)))).collect();
        let size = |value: &AttributeValue| match value {
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::S(text) => text.len(),
            // A number takes a byte for two digits, and one more.
            _ => 8,
        };
        let bytes: usize =
            item(&writes, Time::LATEST).unwrap().iter().map(|(name, value)| name.len() + size(value)).sum();
        assert!((800..1024).contains(&bytes), "{bytes}");
    }
}
