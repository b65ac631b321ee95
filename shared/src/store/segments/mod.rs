//! Answers lists from sealed segments and the change log. `docs/LISTS.md` tells how.

mod cache;
mod manifest;
mod parts;
mod root;
mod seal;
mod source;

use std::{collections::HashMap, sync::atomic::AtomicUsize};

use aws_sdk_dynamodb::Client;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use self::{
    cache::{Cache, Freshness},
    parts::Parts,
    root::{RootRead, Roots},
    source::Wanted,
};
pub use self::{
    seal::{Purpose, Sealed},
    source::{Record, Source},
};
use super::{StoreError, changes::ChangeLog};
use crate::{
    aws::warm,
    deadline::{Deadline, OutOfTime},
    domain::time::Time,
    listing::segments::{
        query::{Listed, Listing, Query},
        rows::{RowId, Series},
        view::{Needs, View},
    },
};

/// Rows of a list that changed in the last minutes, as they are now.
pub type Recent = HashMap<RowId, Record>;

/// A list could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Time ran out. What was read and sealed stays, so the next attempt gets further.
    #[error("the list could not be read in time")]
    OutOfTime,
}

impl From<OutOfTime> for ListError {
    fn from(_: OutOfTime) -> Self {
        Self::OutOfTime
    }
}

/// Why an attempt to answer failed.
#[derive(Debug)]
enum Failure {
    Store(StoreError),
    /// A stored segment is missing or broken. What is sealed is to be made anew.
    Damaged(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The rows of alerts and incidents, summarised. A process keeps what it read.
#[derive(Debug)]
pub struct Segments {
    roots: Roots,
    parts: Parts,
    log: ChangeLog,
    source: Source,
    /// How many rows a step of sealing takes. Fewer, if steps run out of time.
    step_rows: AtomicUsize,
    cache: Mutex<Cache>,
}

impl Segments {
    /// What is stored in the table with this name, of the rows of a source.
    #[must_use]
    pub fn new(client: &Client, table: &str, source: Source) -> Self {
        Self {
            roots: Roots::new(client.clone(), table.to_owned()),
            parts: Parts::new(client.clone(), table.to_owned()),
            log: ChangeLog::new(client.clone(), table.to_owned()),
            source,
            step_rows: AtomicUsize::new(seal::MAX_STEP_ROWS),
            cache: Mutex::default(),
        }
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        warm("DynamoDB", self.roots.read(RootRead::Recent)).await;
    }

    /// Answers a list: the ids of a page, total and facets. Also gives those of its rows that changed in the last minutes,
    /// since they were read for it.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        series: Series,
        query: &Query,
        now: Time,
        deadline: Deadline,
    ) -> Result<(Listed, Recent), ListError> {
        let ask = || {
            let mut listing = Listing::new(query.clone(), now);
            move |view: &View| listing.step(view)
        };
        self.answer_with(series, now, deadline, ask, |listed: &Listed, cache| {
            let record = |id: &RowId| Some((*id, cache.record(series, *id)?.clone()));
            listed.ids.iter().filter_map(record).collect()
        })
        .await
    }

    /// Answers a list of some rows only, which are read from their table.
    ///
    /// # Errors
    /// [`ListError::Store`]
    pub async fn list_of(&self, series: Series, ids: &[RowId], query: Query, now: Time) -> Result<Listed, ListError> {
        let wanted: Vec<Wanted> = ids.iter().map(|id| Wanted { id: *id, version: 0, at: Time::EARLIEST }).collect();
        let found = self.source.rows(series, &wanted, now).await?;
        let view = View::of_rows(series, found.into_iter().filter_map(|found| Some(found.row?.row)).collect());
        let listed = Listing::new(query, now).step(&view);
        listed.map_err(|_| ListError::Store(StoreError::unfinished("List rows")))
    }

    /// Answers a question about all rows of a series as they are now. `ask` begins to ask: what it returns answers from a
    /// view, or says what it needs. Each attempt begins anew.
    ///
    /// Whoever wrote before this call sees it. Rows that nobody sealed yet are sealed first, if they are many.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn answer<T, Question: FnMut(&View) -> Result<T, Needs>>(
        &self,
        series: Series,
        now: Time,
        deadline: Deadline,
        ask: impl Fn() -> Question,
    ) -> Result<T, ListError> {
        Ok(self.answer_with(series, now, deadline, ask, |_, _| ()).await?.0)
    }

    /// The same, with what else is known of the answer.
    async fn answer_with<T, Question: FnMut(&View) -> Result<T, Needs>, More>(
        &self,
        series: Series,
        now: Time,
        deadline: Deadline,
        ask: impl Fn() -> Question,
        more: impl Fn(&T, &Cache) -> More,
    ) -> Result<(T, More), ListError> {
        loop {
            let attempt = async {
                let mut cache = self.cache.lock().await;
                match self.refresh(&mut cache, series, now).await? {
                    Freshness::Unsealed => Ok(None),
                    Freshness::Fresh => {
                        let answer = self.run(&mut cache, series, ask()).await?;
                        let more = more(&answer, &cache);
                        Ok(Some((answer, more)))
                    }
                }
            };
            match deadline.bound(attempt).await? {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(Failure::Store(error)) => return Err(error.into()),
                Err(Failure::Damaged(what)) => {
                    warn!(what, "a stored segment is damaged: everything is sealed anew");
                    deadline.bound(self.forget(now)).await??;
                }
            }
            self.seal(Purpose::Read, now, deadline).await?;
        }
    }

    /// Asks until nothing more is needed.
    async fn run<T>(
        &self,
        cache: &mut Cache,
        series: Series,
        mut question: impl FnMut(&View) -> Result<T, Needs>,
    ) -> Result<T, Failure> {
        loop {
            let needs = match question(cache.view(series)) {
                Ok(answer) => {
                    cache.limit_memory();
                    return Ok(answer);
                }
                Err(Needs(needs)) => needs,
            };
            debug!(parts = needs.len(), "parts of segments are read");
            if needs.is_empty() {
                return Err(Failure::Damaged("the list asks for nothing, but has no answer".to_owned()));
            }
            self.load(cache, series, &needs).await?;
        }
    }
}
