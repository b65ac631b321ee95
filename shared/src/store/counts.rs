//! The counts table: what lists remember of closed buckets, and the generations by which writers invalidate late changes.
//!
//! It is a cache: without it every list is as exact, and slower. All of it expires.
//!
//! | `filter` | `bucket` | holds |
//! | --- | --- | --- |
//! | `COUNTS#kind#list` | month | what was counted in each bucket of the month, packed: 400 days are 14 small rows |
//! | `POSITIONS#list` | day | which rows match, hour by hour, where they are few |
//! | `MARKS#list` | hour | where every so-many-th matching row is, of a crowded hour |
//! | `GENERATIONS#series` | day | the latest invalidation of late changes, hour by hour. A day without any has no row |

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Read,
};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tracing::warn;

use super::{
    StoreError,
    batch::{self, Consistency},
    item::{Item, number, string},
};
use crate::{
    domain::time::{Month, Time},
    keys,
    listing::{
        buckets::{Series, Unit, is_at_rest},
        marks::Marks,
    },
};

const MINUTES_A_DAY: i64 = 24 * 60;

/// How long counts are good. Rows that somebody deletes without a word, by hand or by TTL, are counted no longer.
const COUNTS_DAYS: i64 = 30;

/// How long generations are kept after the last change: longer than any count that was taken before it. Each is a number of its
/// own, so that one that is forgotten never comes again.
const GENERATIONS_DAYS: i64 = 2 * COUNTS_DAYS;

/// What every reader of JSON takes as a whole number.
const MAX_GENERATION: u64 = 1 << 53;

/// An item may have 400 KB. What does not fit is not remembered.
const MAX_BODY_BYTES: usize = 350_000;

/// The counts table.
#[derive(Debug, Clone)]
pub struct Counts {
    client: Client,
    table: String,
}

/// The generations of a series.
#[derive(Debug, Clone, Default)]
pub struct Generations {
    hours: HashMap<i64, u64>,
    moved_at: HashMap<i64, Time>,
}

/// What was counted of a month.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MonthCounts<T> {
    /// By the bucket's place in the month; `None` if it was not counted.
    values: Vec<Option<T>>,
    /// The generations at which, by the bucket's place, where they are not 0.
    generations: BTreeMap<usize, u64>,
    /// When it is to be counted anew, in seconds since 1970.
    #[serde(skip)]
    expires_at: i64,
}

/// The positions that match within hours, by the hour's number, each with its generation.
pub type Positions = HashMap<i64, (u64, Vec<String>)>;

/// The positions that match within an hour: its number, its generation, the positions.
pub type HourPositions<'list> = (i64, u64, &'list [String]);

/// Buckets in which something is about to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invalidations(BTreeSet<(&'static str, i64)>);

impl Invalidations {
    /// Adds those of another change.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds the bucket of a time, if it is closed.
    pub fn note(&mut self, series: Series, at: Time, now: Time) {
        if series.needs_invalidation(at, now) {
            self.0.insert((series.name(), Unit::Hour.number(at)));
        }
    }
}

impl Generations {
    /// That of a bucket: 0 if nothing was ever invalidated in it, else another one after each invalidation.
    #[must_use]
    pub fn of(&self, unit: Unit, number: i64) -> u64 {
        hours(unit, number).map(|hour| self.hours.get(&hour).copied().unwrap_or(0)).fold(0, u64::wrapping_add)
    }

    /// Whether what is counted of a bucket now may be remembered.
    #[must_use]
    pub fn is_at_rest(&self, unit: Unit, number: i64, now: Time) -> bool {
        // Days are read whole, so the whole day rests.
        let moved_at = self.moved_at.get(&Unit::Day.number(unit.start(number)));
        self.of(unit, number) == 0 || moved_at.is_none_or(|moved_at| is_at_rest(*moved_at, now))
    }
}

fn hours(unit: Unit, number: i64) -> std::ops::RangeInclusive<i64> {
    Unit::Hour.number(unit.start(number))..=Unit::Hour.number(unit.end(number))
}

impl<T> MonthCounts<T> {
    /// Nothing of a month.
    #[must_use]
    pub fn empty(unit: Unit, month: Month, now: Time) -> Self {
        let values = unit.of_month(month).map(|_| None).collect();
        Self {
            values,
            generations: BTreeMap::new(),
            expires_at: now.plus_minutes(COUNTS_DAYS * MINUTES_A_DAY).as_seconds(),
        }
    }

    /// What was counted of the bucket at a place, if it was at this generation.
    pub fn take(&mut self, place: usize, generation: u64) -> Option<T>
    where
        T: Clone,
    {
        let is_good = self.generations.get(&place).copied().unwrap_or(0) == generation;
        self.values.get(place).filter(|_| is_good)?.clone()
    }

    /// Notes what was counted.
    pub fn set(&mut self, place: usize, generation: u64, value: T) {
        if let Some(slot) = self.values.get_mut(place) {
            *slot = Some(value);
            match generation {
                0 => self.generations.remove(&place),
                generation => self.generations.insert(place, generation),
            };
        }
    }
}

impl Counts {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Invalidates late changes. To be called before they are written, and again if they are decided anew.
    ///
    /// # Errors
    /// [`StoreError`]: then they must not be written.
    pub async fn invalidate(&self, changes: &Invalidations, now: Time) -> Result<(), StoreError> {
        let mut days: BTreeMap<(&str, String), Vec<i64>> = BTreeMap::new();
        for (series, hour) in &changes.0 {
            days.entry((series, Unit::Hour.start(*hour).day())).or_default().push(*hour);
        }
        let invalidated = days.into_iter().map(|((series, day), hours)| self.advance(series, day, hours, now));
        futures::future::try_join_all(invalidated).await.map(drop)
    }

    async fn advance(&self, series: &str, day: String, hours: Vec<i64>, now: Time) -> Result<(), StoreError> {
        let expires_at = now.plus_minutes(GENERATIONS_DAYS * MINUTES_A_DAY).as_seconds();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("filter", string(keys::generations(series)))
            .key("bucket", string(day))
            .expression_attribute_values(":generation", number(fastrand::u64(1..=MAX_GENERATION)))
            .expression_attribute_values(":now", number(now.as_millis()))
            .expression_attribute_values(":expires_at", number(expires_at));
        let mut settings = vec!["moved_at = :now".to_owned(), "expires_at = :expires_at".to_owned()];
        for hour in hours {
            let name = hour_name(hour);
            settings.push(format!("#{name} = :generation"));
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        let written = update.update_expression(format!("SET {}", settings.join(", "))).send().await;
        written.map(drop).map_err(|error| StoreError::of_call("Update generations", &error))
    }

    /// The generations of the days of some months.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn generations(&self, series: Series, first: Month, last: Month) -> Result<Generations, StoreError> {
        let mut generations = Generations::default();
        for item in self.query(&keys::generations(series.name()), &first.to_string(), &last.next().to_string()).await? {
            let Some(midnight) = text(&item, "bucket").and_then(|day| format!("{day}T00:00:00Z").parse().ok()) else {
                continue;
            };
            let first_hour = Unit::Hour.number(midnight);
            for hour in first_hour..first_hour + 24 {
                if let Some(generation) = integer(&item, &hour_name(hour)) {
                    generations.hours.insert(hour, generation.unsigned_abs());
                }
            }
            if let Some(moved_at) = integer(&item, "moved_at").and_then(Time::from_millis) {
                generations.moved_at.insert(Unit::Day.number(midnight), moved_at);
            }
        }
        Ok(generations)
    }

    /// What is remembered of some months of a list and still good.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn months<T: DeserializeOwned>(
        &self,
        (list, kind): (&str, &str),
        (first, until): (Month, Month),
        now: Time,
    ) -> Result<BTreeMap<String, MonthCounts<T>>, StoreError> {
        let found = self.query(&keys::counts(list, kind), &first.to_string(), &until.to_string()).await?;
        let read = |item: Item| {
            let expires_at = integer(&item, "expires_at").filter(|expires_at| *expires_at > now.as_seconds())?;
            let mut json = Vec::new();
            GzDecoder::new(item.get("body")?.as_b().ok()?.as_ref()).read_to_end(&mut json).ok()?;
            // What an older version remembered otherwise is counted anew.
            let month: MonthCounts<T> = serde_json::from_slice(&json).ok()?;
            Some((text(&item, "bucket")?.clone(), MonthCounts { expires_at, ..month }))
        };
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// Remembers a month of a list.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remember<T: Serialize>(
        &self,
        (list, kind): (&str, &str),
        month: &str,
        counts: &MonthCounts<T>,
    ) -> Result<(), StoreError> {
        let mut body = GzEncoder::new(Vec::new(), Compression::fast());
        let packed =
            serde_json::to_writer(&mut body, counts).map_err(std::io::Error::from).and_then(|()| body.finish());
        let Some(body) = packed.ok().filter(|body| body.len() <= MAX_BODY_BYTES) else {
            warn!(kind, month, "what was counted of a month is too much to be remembered");
            return Ok(());
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("filter", string(keys::counts(list, kind)))
            .item("bucket", string(month))
            .item("body", AttributeValue::B(Blob::new(body)))
            .item("expires_at", number(counts.expires_at));
        put.send().await.map(drop).map_err(|error| StoreError::of_call("Put counts", &error))
    }

    /// The remembered positions of the rows of some days of a list, named by an hour of each.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn positions(&self, list: &str, hours: &[i64]) -> Result<Positions, StoreError> {
        let days: BTreeSet<i64> = hours.iter().map(|hour| Unit::Day.number(Unit::Hour.start(*hour))).collect();
        let keys: Vec<Item> = days.iter().map(|day| positions_key(list, *day)).collect();
        let mut positions = Positions::new();
        for item in batch::get(&self.client, &self.table, &keys, Consistency::Eventual).await? {
            let Some(midnight) = text(&item, "bucket").and_then(|day| format!("{day}T00:00:00Z").parse().ok()) else {
                continue;
            };
            let first_hour = Unit::Hour.number(midnight);
            for hour in first_hour..first_hour + 24 {
                let mut words = text(&item, &hour_name(hour)).into_iter().flat_map(|words| words.split(' '));
                if let Some(generation) = words.next().and_then(|generation| generation.parse().ok()) {
                    positions.insert(hour, (generation, words.map(str::to_owned).collect()));
                }
            }
        }
        Ok(positions)
    }

    /// Remembers the positions of hours of one day of a list; others of that day stay.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remember_positions(
        &self,
        list: &str,
        day: i64,
        hours: Vec<HourPositions<'_>>,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut request = self.client.update_item().table_name(&self.table).set_key(Some(positions_key(list, day)));
        let mut settings = vec!["expires_at = :expires_at".to_owned()];
        let expires_at = now.plus_minutes((COUNTS_DAYS + 1) * MINUTES_A_DAY).as_seconds();
        request = request.expression_attribute_values(":expires_at", number(expires_at));
        for (hour, generation, positions) in hours {
            let name = hour_name(hour);
            settings.push(format!("#{name} = :{name}"));
            request = request.expression_attribute_names(format!("#{name}"), &name).expression_attribute_values(
                format!(":{name}"),
                string(format!("{generation} {}", positions.join(" "))),
            );
        }
        let request = request.update_expression(format!("SET {}", settings.join(", ")));
        request.send().await.map(drop).map_err(|error| StoreError::of_call("Update positions", &error))
    }

    /// The remembered marks of an hour of a list, if they were made at this generation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn marks(&self, list: &str, hour: i64, generation: u64) -> Result<Option<Marks>, StoreError> {
        let found = batch::get(&self.client, &self.table, &[marks_key(list, hour)], Consistency::Eventual).await?;
        let read = |item: Item| {
            let size = |attribute: &str| integer(&item, attribute).and_then(|size| usize::try_from(size).ok());
            let positions = text(&item, "positions")?.split(' ').map(str::to_owned).collect();
            let marks = Marks { rows: size("rows")?, every: size("every").filter(|every| *every > 0)?, positions };
            (integer(&item, "generation")?.unsigned_abs() == generation).then_some(marks)
        };
        Ok(found.into_iter().next().and_then(read))
    }

    /// Remembers the marks of an hour of a list.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remember_marks(
        &self,
        list: &str,
        (hour, generation): (i64, u64),
        marks: Marks,
        now: Time,
    ) -> Result<(), StoreError> {
        let expires_at = now.plus_minutes((COUNTS_DAYS + 1) * MINUTES_A_DAY).as_seconds();
        let mut item = marks_key(list, hour);
        item.insert("generation".to_owned(), number(generation));
        item.insert("rows".to_owned(), number(marks.rows as u64));
        item.insert("every".to_owned(), number(marks.every as u64));
        item.insert("positions".to_owned(), string(marks.positions.join(" ")));
        item.insert("expires_at".to_owned(), number(expires_at));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(drop).map_err(|error| StoreError::of_call("Put marks", &error))
    }

    async fn query(&self, filter: &str, first: &str, last: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#filter = :filter AND #bucket BETWEEN :first AND :last")
                .expression_attribute_names("#filter", "filter")
                .expression_attribute_names("#bucket", "bucket")
                .expression_attribute_values(":filter", string(filter))
                .expression_attribute_values(":first", string(first))
                .expression_attribute_values(":last", string(last))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call("Query counts", &error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

fn positions_key(list: &str, day: i64) -> Item {
    let bucket = Unit::Day.start(day).day();
    Item::from([("filter".to_owned(), string(keys::positions(list))), ("bucket".to_owned(), string(bucket))])
}

fn marks_key(list: &str, hour: i64) -> Item {
    let bucket = Unit::Hour.start(hour).to_string();
    Item::from([("filter".to_owned(), string(keys::marks(list))), ("bucket".to_owned(), string(bucket))])
}

/// The attribute of an hour of a day: `h00` to `h23`.
fn hour_name(hour: i64) -> String {
    format!("h{:02}", hour.rem_euclid(24))
}

fn text<'item>(item: &'item Item, attribute: &str) -> Option<&'item String> {
    item.get(attribute)?.as_s().ok()
}

fn integer(item: &Item, attribute: &str) -> Option<i64> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
}
