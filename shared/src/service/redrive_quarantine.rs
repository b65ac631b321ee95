//! A person sends many entries of the quarantine through the same path again, oldest first.

use std::time::Duration;

use futures::{StreamExt, stream};

use super::redrive_quarantine_entry::{RedriveQuarantineEntry, RedriveQuarantineEntryError};
use crate::{
    config::InvalidVariable,
    deadline::{Deadline, OutOfTime},
    domain::{id::EntryId, time::Time},
    listing::quarantine::{QuarantineFilter, plan},
    queue::Queue,
    store::{
        Item, StoreError, Tables,
        index::{IndexQuery, IndexReader, ReadOrder},
        quarantine::RETENTION_DAYS,
    },
};

/// How many entries are redriven side by side.
const PARALLEL: usize = 16;

/// How many rows of the index one request reads at the most.
const MAX_ROWS: usize = 500;

/// How long entries are looked for. If few match, there may be many to look at.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// What is left of the call when no more entries are begun: time to answer.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// Which entries to redrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveRequest {
    pub filter: QuarantineFilter,
    /// Only entries that were created after this one.
    pub after: Option<EntryId>,
    /// How many entries at the most.
    pub limit: usize,
}

/// What became of the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedrivenEntries {
    /// How many are on their way.
    pub redriven: u64,
    /// Those that would fail again. They stay as they are.
    pub refused: Vec<RefusedEntry>,
    /// The last entry that was looked at, if there may be others behind it.
    pub last: Option<EntryId>,
}

/// An entry that was not redriven, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEntry {
    pub id: EntryId,
    pub reason: String,
}

/// Why no entry was redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveQuarantineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entry(#[from] RedriveQuarantineEntryError),
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

/// The use case.
#[derive(Debug)]
pub struct RedriveQuarantine {
    index: IndexReader,
    redrive_quarantine_entry: RedriveQuarantineEntry,
}

/// Entries that need work.
#[derive(Default)]
struct OpenEntries {
    ids: Vec<EntryId>,
    /// The last entry that was looked at, if there may be others behind it.
    last: Option<EntryId>,
}

impl RedriveQuarantine {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, queue: Queue) -> Result<Self, InvalidVariable> {
        Ok(Self {
            index: tables.quarantine_index()?,
            redrive_quarantine_entry: RedriveQuarantineEntry::new(tables, queue)?,
        })
    }

    /// Redrives entries in the order of their creation. Stops at the first that fails because a table or
    /// the queue is in trouble, or when time runs out. So it can be continued behind the last one.
    ///
    /// An entry that is being redriven already is redriven again, because its message may have been lost
    /// on the way. It takes effect once all the same.
    ///
    /// # Errors
    /// [`RedriveQuarantineError`], if none was dealt with.
    pub async fn redrive(
        &self,
        request: &RedriveRequest,
        actor: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<RedrivenEntries, RedriveQuarantineError> {
        let deadline = deadline.leaving(ANSWER_TIME);
        let reading = self.open_entries(request, now, deadline.within(READ_TIMEOUT));
        let OpenEntries { ids, last } = deadline.bound(reading).await??;
        let redrives =
            ids.into_iter().map(async |id| (id, self.redrive_quarantine_entry.redrive(id, actor, now, deadline).await));
        let mut redrives = stream::iter(redrives).buffered(PARALLEL);
        let mut entries = RedrivenEntries::default();
        let failure = loop {
            let (id, result) = match deadline.bound(redrives.next()).await {
                Ok(Some(redrive)) => redrive,
                Ok(None) => break None,
                Err(late) => break Some(late.into()),
            };
            match result {
                Ok(_) => entries.redriven += 1,
                Err(RedriveQuarantineEntryError::Impossible(reason)) => {
                    entries.refused.push(RefusedEntry { id, reason });
                }
                // The index showed it although it is done.
                Err(RedriveQuarantineEntryError::NotFound | RedriveQuarantineEntryError::Done(_)) => {}
                Err(error) => break Some(error.into()),
            }
            entries.last = Some(id);
        };
        match failure {
            Some(error) if entries.last.is_none() => Err(error),
            Some(_) => Ok(entries),
            None => Ok(RedrivenEntries { last, ..entries }),
        }
    }

    /// The next entries that need work. If time runs out, those that were found so far.
    async fn open_entries(
        &self,
        request: &RedriveRequest,
        now: Time,
        deadline: Deadline,
    ) -> Result<OpenEntries, StoreError> {
        let mut entries = OpenEntries::default();
        let oldest = now.plus_minutes(-RETENTION_DAYS * 24 * 60);
        let Some(plan) = plan(&request.filter, oldest, now) else { return Ok(entries) };
        let (from, to) = plan.range;
        let after = request.after.map(|id| id.to_string()).unwrap_or_default();
        let from = request.after.map_or(from, |id| id.created_at().max(from));
        if from > to {
            return Ok(entries);
        }
        for mut run in plan.slices(from, to).into_iter().flat_map(|(_, runs)| runs) {
            run.from = run.from.max(after.clone());
            let mut start = None;
            loop {
                let query = IndexQuery {
                    index: plan.index,
                    run: &run,
                    filter: &plan.filter,
                    attributes: &[plan.position],
                    order: ReadOrder::Ascending,
                    limit: Some(MAX_ROWS),
                };
                let rows = self.index.rows(&query, start).await?;
                let position = |row: &Item| row.get(plan.position)?.as_s().ok()?.parse::<EntryId>().ok();
                entries.ids.extend(rows.items.iter().filter_map(position).filter(|id| Some(*id) > request.after));
                if entries.ids.len() > request.limit {
                    entries.ids.truncate(request.limit);
                    entries.last = entries.ids.last().copied();
                    return Ok(entries);
                }
                let Some(next) = rows.next else { break };
                if deadline.remaining().is_zero() {
                    entries.last = position(&next);
                    return Ok(entries);
                }
                start = Some(next);
            }
        }
        Ok(entries)
    }
}
