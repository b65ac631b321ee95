//! Reads the rows that are summarised from the tables of alerts and incidents.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use tokio::sync::Mutex;

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

/// How many parts of the index of alerts are read side by side.
const SCANS: i32 = 8;

/// The tables of alerts and incidents.
#[derive(Debug, Clone)]
pub struct Source {
    client: Client,
    alerts: String,
    incidents: String,
    claims: Claims,
    /// The ids of alerts, as long as they are needed. Copies share them.
    alert_ids: Arc<Mutex<Option<Scanned>>>,
}

/// The ids of all alerts that the index knew at a time, in ascending order: 16 bytes each.
#[derive(Debug)]
struct Scanned {
    ids: Vec<RowId>,
    at: Time,
}

/// Now, and how old what an index says may be.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub since: Time,
    pub now: Time,
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
        Self { client, alerts, incidents, claims, alert_ids: Arc::default() }
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

    /// The ids behind an id, as an index knows them at `since` or later. The index may lack what was written in the last
    /// moments.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ids_after(
        &self,
        series: Series,
        after: RowId,
        most: usize,
        Moments { since, now }: Moments,
    ) -> Result<NextIds, StoreError> {
        match series {
            Series::Alerts => self.alerts_after(after, most, Moments { since, now }).await,
            Series::Incidents => self.incidents_after(after, most, now).await,
        }
    }

    /// No index has the alerts in the order of creation: it would cost a write unit for each. So the index by incident is
    /// read whole, once, and its ids are kept until they are all taken. Costs a read unit for some 80 alerts.
    async fn alerts_after(&self, after: RowId, most: usize, at: Moments) -> Result<NextIds, StoreError> {
        let mut kept = self.alert_ids.lock().await;
        let scanned = match kept.take() {
            Some(scanned) if scanned.at >= at.since => scanned,
            _ => Scanned { ids: self.scan_alerts().await?, at: at.now },
        };
        let first = scanned.ids.partition_point(|id| *id <= after);
        let ids: Vec<RowId> = scanned.ids[first..].iter().take(most).copied().collect();
        let are_last = first + ids.len() == scanned.ids.len();
        *kept = Some(scanned).filter(|_| !are_last);
        Ok(NextIds { ids, are_last })
    }

    /// The ids of all alerts, in ascending order.
    async fn scan_alerts(&self) -> Result<Vec<RowId>, StoreError> {
        let scans = (0..SCANS).map(|segment| self.scan_segment(segment));
        let mut ids = futures::future::try_join_all(scans).await?.concat();
        ids.sort_unstable();
        // An index may show a row twice if it changes meanwhile.
        ids.dedup();
        Ok(ids)
    }

    async fn scan_segment(&self, segment: i32) -> Result<Vec<RowId>, StoreError> {
        const OPERATION: &str = "Scan alert ids";
        let (mut ids, mut start) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(&self.alerts).index_name(alerts::BY_INCIDENT);
            let scan = scan.segment(segment).total_segments(SCANS).projection_expression(alerts::ID);
            let answer = scan.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::of_call(OPERATION, &error))?;
            for item in answer.items.unwrap_or_default() {
                let id = item.get(alerts::ID).and_then(|id| id.as_s().ok()?.parse::<AlertId>().ok());
                ids.push(id.ok_or_else(|| StoreError::of_attribute(OPERATION, alerts::ID))?.into());
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(ids);
            }
        }
    }

    async fn incidents_after(&self, after: RowId, most: usize, now: Time) -> Result<NextIds, StoreError> {
        let mut next = NextIds { ids: Vec::new(), are_last: true };
        let Some(start) = self.claims.history_start().await? else { return Ok(next) };
        let first = after.created_at().max(start.plus_minutes(-60));
        for month in Month::range(first.month(), now.plus_minutes(60).month()) {
            let left = most.saturating_sub(next.ids.len());
            if left == 0 {
                next.are_last = false;
                break;
            }
            let read = self.incidents_of_month(month, after, left).await?;
            next.ids.extend(read.ids);
            if !read.are_last {
                next.are_last = false;
                break;
            }
        }
        Ok(next)
    }

    async fn incidents_of_month(&self, month: Month, after: RowId, most: usize) -> Result<NextIds, StoreError> {
        const OPERATION: &str = "Query incident ids";
        let (mut ids, mut start) = (Vec::new(), None);
        loop {
            let limit = i32::try_from(most.saturating_sub(ids.len()).max(1)).unwrap_or(i32::MAX);
            let answer = self
                .client
                .query()
                .table_name(&self.incidents)
                .index_name("by_created")
                .key_condition_expression("created_month = :month AND incident_id > :after")
                .expression_attribute_values(":month", string(keys::month(month)))
                .expression_attribute_values(":after", string(IncidentId::from(after).to_string()))
                .projection_expression(incidents::ID)
                .limit(limit)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of_call(OPERATION, &error))?;
            for item in answer.items.unwrap_or_default() {
                let id = item.get(incidents::ID).and_then(|id| id.as_s().ok()?.parse::<IncidentId>().ok());
                ids.push(id.ok_or_else(|| StoreError::of_attribute(OPERATION, incidents::ID))?.into());
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
