//! A person sends many entries of the quarantine through the same path again, oldest first.

use std::time::Duration;

use futures::{StreamExt, stream};

use super::redrive_quarantine_entry::{RedriveQuarantineEntry, RedriveQuarantineEntryError};
use crate::{
    config::InvalidVariable,
    deadline::{Deadline, OutOfTime},
    domain::{
        id::EntryId,
        time::{Month, Time},
    },
    listing::quarantine::QuarantineFilter,
    queue::Queue,
    store::{
        StoreError, Tables,
        quarantine::{Quarantine, RETENTION_DAYS},
    },
};

/// How many entries are redriven side by side.
const PARALLEL: usize = 16;

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
    quarantine: Quarantine,
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
            quarantine: tables.quarantine()?,
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
        let oldest = EntryId::first_at(now.plus_minutes(-RETENTION_DAYS * 24 * 60));
        let after = request.after.map_or(oldest, |after| after.max(oldest));
        // Clocks of writers may be a little ahead.
        for month in Month::range(after.created_at().month(), now.plus_minutes(60).month()) {
            let mut start = None;
            loop {
                let read = self.quarantine.waiting_in(month, after, start).await?;
                let last = read.entries.last().map(|entry| entry.id);
                let matching = read.entries.iter().filter(|entry| request.filter.matches(entry));
                entries.ids.extend(matching.map(|entry| entry.id));
                if entries.ids.len() > request.limit {
                    entries.ids.truncate(request.limit);
                    entries.last = entries.ids.last().copied();
                    return Ok(entries);
                }
                let Some(next) = read.next else { break };
                if deadline.remaining().is_zero() {
                    entries.last = last;
                    return Ok(entries);
                }
                start = Some(next);
            }
        }
        Ok(entries)
    }
}
