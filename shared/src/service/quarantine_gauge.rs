//! How many entries of the quarantine need work, as a metric: what its alarm looks at.
//!
//! It is written when that number changes, and when somebody lists the quarantine. Nothing looks for it in between, so
//! it costs nothing while nothing happens.

use std::{collections::BTreeSet, time::Duration};

use tracing::warn;

use crate::{
    config::InvalidVariable,
    deadline::{Deadline, OutOfTime},
    domain::{id::EntryId, time::Time},
    listing::quarantine::{QuarantineFilter, plan},
    store::{
        StoreError, Tables,
        claims::Claims,
        index::{IndexQuery, IndexReader, IndexRows, ReadOrder},
    },
    telemetry::metrics::{Measures, Metrics},
};

/// The name of the metric.
const ENTRIES: &str = "QuarantineEntries";

/// How many entries are counted at the most; the alarm asks only whether there are any.
const MAX_COUNTED: usize = 1000;

/// How long counting may delay an answer: it is not what the caller came for.
const COUNT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the entries were not counted.
#[derive(Debug, thiserror::Error)]
enum CountError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

/// Tells how many entries need work.
#[derive(Debug)]
pub struct QuarantineGauge {
    metrics: Metrics,
    claims: Claims,
    index: IndexReader,
}

impl QuarantineGauge {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, metrics: Metrics) -> Result<Self, InvalidVariable> {
        Ok(Self { metrics, claims: tables.claims()?, index: tables.quarantine_index()? })
    }

    /// Writes how many entries need work after these were `kept` and those are `done`: the index may not know it yet.
    /// To be called as well when something arrives a second time that may have changed the quarantine the first time:
    /// who did that may not have lived to tell. At best effort, since what happened has happened.
    pub async fn changed(&self, kept: &[EntryId], done: &[EntryId], now: Time, deadline: Deadline) {
        match self.entries_by(deadline.within(COUNT_TIMEOUT), now).await {
            Ok(mut entries) => {
                entries.extend(kept.iter().map(ToString::to_string));
                for id in done {
                    entries.remove(&id.to_string());
                }
                self.counted(entries.len() as u64, now);
            }
            Err(error) => {
                warn!(%error, "the quarantine is not counted");
                if !kept.is_empty() {
                    self.counted(kept.len() as u64, now);
                }
            }
        }
    }

    /// Writes how many entries need work.
    pub fn counted(&self, entries: u64, now: Time) {
        let mut measures = Measures::default();
        measures.gauge(ENTRIES, entries);
        self.metrics.write(&measures, now);
    }

    async fn entries_by(&self, deadline: Deadline, now: Time) -> Result<BTreeSet<String>, CountError> {
        Ok(deadline.bound(self.entries(now)).await??)
    }

    async fn entries(&self, now: Time) -> Result<BTreeSet<String>, StoreError> {
        let history_start = self.claims.history_start().await?;
        let Some(plan) = history_start.and_then(|start| plan(&QuarantineFilter::default(), start, now)) else {
            return Ok(BTreeSet::new());
        };
        let (from, to) = plan.range;
        let mut entries = BTreeSet::new();
        for run in plan.slices(from, to).into_iter().flat_map(|(_, runs)| runs) {
            let mut start = None;
            while entries.len() < MAX_COUNTED {
                let query = IndexQuery {
                    index: plan.index,
                    run: &run,
                    filter: &plan.filter,
                    attributes: &[plan.position],
                    order: ReadOrder::Ascending,
                    limit: Some(MAX_COUNTED),
                };
                let IndexRows { items: rows, next: rest } = self.index.rows(&query, start).await?;
                let ids = rows.into_iter().filter_map(|mut row| row.remove(plan.position)?.as_s().ok().cloned());
                entries.extend(ids);
                start = rest;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(entries)
    }
}
