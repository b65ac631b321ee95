//! How many entries of the quarantine need work, as a metric: what its alarm looks at.
//!
//! It is written when that number changes, and when somebody lists the quarantine. Nothing looks for it in between, so
//! it costs nothing while nothing happens.

use std::{collections::BTreeSet, time::Duration};

use tracing::warn;

use super::count_error::CountError;
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::EntryId, time::Time},
    store::{StoreError, Tables, claims::Claims, quarantine::Quarantine},
    telemetry::metrics::{Measures, Metrics},
};

/// The name of the metric.
const ENTRIES: &str = "QuarantineEntries";

/// How many entries are counted at least; the alarm asks only whether there are any.
const MAX_COUNTED: usize = 1000;

/// How long counting may delay an answer: it is not what the caller came for.
const COUNT_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells how many entries need work.
#[derive(Debug)]
pub struct QuarantineGauge {
    metrics: Metrics,
    claims: Claims,
    quarantine: Quarantine,
}

impl QuarantineGauge {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, metrics: Metrics) -> Result<Self, InvalidVariable> {
        Ok(Self { metrics, claims: tables.claims()?, quarantine: tables.quarantine()? })
    }

    /// Writes how many entries need work after these were `kept` and those are `done`: the index may not know it yet.
    /// To be called as well when something arrives a second time that may have changed the quarantine the first time:
    /// who did that may not have lived to tell. At best effort, since what happened has happened.
    pub async fn changed(&self, kept: &[EntryId], done: &[EntryId], now: Time, deadline: Deadline) {
        match self.entries_by(deadline.within(COUNT_TIMEOUT), now).await {
            Ok(mut entries) => {
                entries.extend(kept);
                for id in done {
                    entries.remove(id);
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

    async fn entries_by(&self, deadline: Deadline, now: Time) -> Result<BTreeSet<EntryId>, CountError> {
        Ok(deadline.bound(self.entries(now)).await??)
    }

    async fn entries(&self, now: Time) -> Result<BTreeSet<EntryId>, StoreError> {
        let Some(start) = self.claims.history_start().await? else { return Ok(BTreeSet::new()) };
        let entries = self.quarantine.waiting(start, now, MAX_COUNTED).await?;
        Ok(entries.into_iter().map(|entry| entry.id).collect())
    }
}
