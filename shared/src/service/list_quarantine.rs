//! The list of the quarantine.

use std::time::Duration;

use tokio::time::timeout_at;

use crate::{
    config::InvalidVariable,
    domain::{quarantine::QuarantineEntry, time::Time},
    listing::{
        self,
        page::{Page, PageRequest},
        quarantine::QuarantineFilter,
    },
    store::{
        Tables,
        claims::Claims,
        index::IndexReader,
        lists::{self, ListContext, ListError},
        quarantine,
    },
};

/// The use case.
#[derive(Debug)]
pub struct ListQuarantine {
    claims: Claims,
    index: IndexReader,
    budget: Duration,
}

impl ListQuarantine {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { claims: tables.claims()?, index: tables.quarantine_index()?, budget })
    }

    /// One page. `list` is the key of the list for its cursors.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        filter: &QuarantineFilter,
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<Page<QuarantineEntry>, ListError> {
        let deadline = lists::deadline(self.budget);
        let history_start = timeout_at(deadline, self.claims.history_start()).await;
        let history_start = history_start.map_err(|_| ListError::OutOfTime)??;
        let Some(plan) = history_start.and_then(|start| listing::quarantine::plan(filter, start, now)) else {
            return Ok(Page::empty(request));
        };
        let context = ListContext { reader: &self.index, counts: None, now, deadline };
        let page = lists::list(context, &plan, request, list).await?;
        let positions: Vec<&str> = page.items.iter().map(|row| row.position.as_str()).collect();
        let mut rows = lists::rows_between(context, &plan, &positions).await?;
        rows.sort_by_key(|row| positions.iter().position(|position| *position == row.position));
        let entries = rows.into_iter().filter_map(|row| row.item).map(quarantine::read).collect::<Result<_, _>>()?;
        Ok(page.with_items(entries))
    }
}
