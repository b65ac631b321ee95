//! Reads the rows that are summarised from the tables of alerts and incidents.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_dynamodb::Client;

use crate::{
    domain::{
        alert::Alert,
        id::{AlertId, IncidentId},
        incident::Incident,
        time::{Month, Time},
    },
    keys,
    listing::segments::rows::{Number, Row, RowId, Series},
    store::{
        Item, StoreError, alerts,
        batch::{self, Consistency},
        changes::{DELETED, MAX_LATE_MS},
        claims::Claims,
        incidents,
        item::string,
    },
};

/// How often a row is read until it shows a change that is in the log.
const MAX_READS: u32 = 5;

/// The pause after the first reading. It doubles each time.
const PAUSE: Duration = Duration::from_millis(20);

/// The tables of alerts and incidents.
#[derive(Debug, Clone)]
pub struct Source {
    client: Client,
    alerts: String,
    incidents: String,
    claims: Claims,
}

/// A row to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub id: RowId,
    /// The version that it has at least.
    pub version: u32,
    /// When the change to this version was decided.
    pub at: Time,
}

/// An alert or an incident.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Alert(Box<Alert>),
    Incident(Box<Incident>),
}

/// A row of a table, and what lists know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundRow {
    pub row: Row,
    pub record: Record,
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub id: RowId,
    /// `None` if it is not in the table, or if lists do not show it.
    pub row: Option<FoundRow>,
    /// Whether it shows the change. If not, it is to be read again.
    pub is_settled: bool,
}

/// The next ids of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextIds {
    /// In ascending order.
    pub ids: Vec<RowId>,
    /// Whether there are none behind them.
    pub are_last: bool,
}

impl FoundRow {
    /// Whether lists show it. An incident that became part of another is shown and counted as that.
    fn is_listed(&self) -> bool {
        !matches!(&self.record, Record::Incident(incident) if incident.merged_into.is_some())
    }
}

impl Source {
    /// The tables with these names.
    #[must_use]
    pub fn new(client: Client, alerts: String, incidents: String, claims: Claims) -> Self {
        Self { client, alerts, incidents, claims }
    }

    /// Reads rows, strongly consistent. Costs a read unit per 4 KB of each.
    ///
    /// A transaction does not show all of its writes at the same moment, so a row may be older than the log says. It is read
    /// again until it is not. A row that is not there is taken for deleted if the log says so, or if the change is old.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rows(&self, series: Series, wanted: &[Wanted], now: Time) -> Result<Vec<Found>, StoreError> {
        let mut missing: BTreeMap<RowId, Wanted> = wanted.iter().map(|wanted| (wanted.id, *wanted)).collect();
        let mut found: Vec<Found> = Vec::with_capacity(wanted.len());
        let mut old: HashMap<RowId, FoundRow> = HashMap::new();
        let mut pause = PAUSE;
        for read in 1..=MAX_READS {
            let keys: Vec<Item> = missing.keys().map(|id| key(series, *id)).collect();
            for item in batch::get(&self.client, self.table(series), &keys, Consistency::Strong).await? {
                let (read, version) = row(series, item)?;
                let id = read.row.id;
                if missing.get(&id).is_some_and(|wanted| version >= u64::from(wanted.version)) {
                    missing.remove(&id);
                    found.push(Found { id, row: Some(read).filter(FoundRow::is_listed), is_settled: true });
                } else {
                    old.insert(id, read);
                }
            }
            missing.retain(|id, wanted| {
                let is_old = wanted.at.plus_millis(MAX_LATE_MS) <= now;
                let is_deleted = !old.contains_key(id) && (is_old || wanted.version == DELETED);
                if is_deleted {
                    found.push(Found { id: *id, row: None, is_settled: true });
                }
                !is_deleted
            });
            if missing.is_empty() {
                break;
            }
            if read < MAX_READS {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        found.extend(missing.into_keys().map(|id| {
            let row = old.remove(&id).filter(FoundRow::is_listed);
            Found { id, row, is_settled: false }
        }));
        Ok(found)
    }

    /// The ids behind an id, as the index by creation knows them. The index may lack what was written in the last moments.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ids_after(&self, series: Series, after: RowId, most: usize, now: Time) -> Result<NextIds, StoreError> {
        let mut next = NextIds { ids: Vec::new(), are_last: true };
        let Some(start) = self.claims.history_start().await? else { return Ok(next) };
        let first = after.created_at().max(start.plus_minutes(-60));
        for month in Month::range(first.month(), now.plus_minutes(60).month()) {
            let left = most.saturating_sub(next.ids.len());
            if left == 0 {
                next.are_last = false;
                break;
            }
            let partitions: Vec<String> = match series {
                Series::Alerts => keys::alert_partitions(month).collect(),
                Series::Incidents => vec![keys::month(month)],
            };
            let reads = partitions.into_iter().map(|partition| self.index(series, partition, after, left));
            let reads = futures::future::try_join_all(reads).await?;
            // Where a partition was not read to its end, others may go no further.
            let end = reads.iter().filter(|read| !read.are_last).filter_map(|read| read.ids.last()).min().copied();
            let mut ids: Vec<RowId> = reads.into_iter().flat_map(|read| read.ids).collect();
            ids.retain(|id| end.is_none_or(|end| *id <= end));
            ids.sort_unstable();
            next.ids.extend(ids);
            if end.is_some() {
                next.are_last = false;
                break;
            }
        }
        Ok(next)
    }

    async fn index(&self, series: Series, partition: String, after: RowId, most: usize) -> Result<NextIds, StoreError> {
        let (partition_key, id) = match series {
            Series::Alerts => ("created_partition", alerts::ID),
            Series::Incidents => ("created_month", incidents::ID),
        };
        let mut ids = Vec::new();
        let mut start = None;
        loop {
            let limit = i32::try_from(most.saturating_sub(ids.len()).max(1)).unwrap_or(i32::MAX);
            let answer = self
                .client
                .query()
                .table_name(self.table(series))
                .index_name("by_created")
                .key_condition_expression("#partition = :partition AND #id > :after")
                .expression_attribute_names("#partition", partition_key)
                .expression_attribute_names("#id", id)
                .expression_attribute_values(":partition", string(&partition))
                .expression_attribute_values(":after", string(text(series, after)))
                .projection_expression("#id")
                .limit(limit)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call("Query ids", &error))?;
            for item in answer.items.unwrap_or_default() {
                let found = item.get(id).and_then(|found| parse(series, found.as_s().ok()?));
                ids.push(found.ok_or_else(|| StoreError::of_attribute("Query ids", id))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || ids.len() >= most {
                return Ok(NextIds { ids, are_last: start.is_none() });
            }
        }
    }

    const fn table(&self, series: Series) -> &str {
        match series {
            Series::Alerts => self.alerts.as_str(),
            Series::Incidents => self.incidents.as_str(),
        }
    }
}

fn key(series: Series, id: RowId) -> Item {
    match series {
        Series::Alerts => alerts::key(id.into()),
        Series::Incidents => incidents::key(id.into()),
    }
}

/// A row of a table as lists know it, and its version.
fn row(series: Series, item: Item) -> Result<(FoundRow, u64), StoreError> {
    let expires_at = item.get("expires_at").and_then(|expires_at| expires_at.as_n().ok()?.parse().ok());
    let (row, version, record) = match series {
        Series::Alerts => {
            let alert = alerts::read(item)?;
            (Row::from(&alert), alert.state.version, Record::Alert(Box::new(alert)))
        }
        Series::Incidents => {
            let incident = incidents::read(item)?;
            (Row::from(&incident), incident.version, Record::Incident(Box::new(incident)))
        }
    };
    Ok((FoundRow { row: row.with_number(Number::ExpiresAt, expires_at), record }, version))
}

fn text(series: Series, id: RowId) -> String {
    match series {
        Series::Alerts => AlertId::from(id).to_string(),
        Series::Incidents => IncidentId::from(id).to_string(),
    }
}

fn parse(series: Series, text: &str) -> Option<RowId> {
    Some(match series {
        Series::Alerts => text.parse::<AlertId>().ok()?.into(),
        Series::Incidents => text.parse::<IncidentId>().ok()?.into(),
    })
}
