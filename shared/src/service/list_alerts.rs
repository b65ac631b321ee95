//! The list of alerts.

use std::{collections::HashMap, time::Duration};

use tokio::time::timeout_at;
use tracing::debug;

use crate::{
    config::InvalidVariable,
    domain::{alert::Alert, id::AlertId, time::Time},
    listing::{
        alerts::AlertFilter,
        page::{Page, PageRequest},
        plan::Plan,
    },
    store::{
        Tables,
        alerts::{self, Alerts},
        claims::Claims,
        counts::Counts,
        incidents::Consistency,
        index::IndexReader,
        lists::{self, ListContext, ListError, Row},
    },
};

/// The use case.
#[derive(Debug)]
pub struct ListAlerts {
    alerts: Alerts,
    claims: Claims,
    index: IndexReader,
    counts: Counts,
    budget: Duration,
}

impl ListAlerts {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self {
            alerts: tables.alerts()?,
            claims: tables.claims()?,
            index: tables.alert_index()?,
            counts: tables.counts()?,
            budget,
        })
    }

    /// One page. `list` is the key of the list for its cursors.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        filter: &AlertFilter,
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<Page<Alert>, ListError> {
        let deadline = lists::deadline(self.budget);
        let history_start = timeout_at(deadline, self.claims.history_start()).await;
        let history_start = history_start.map_err(|_| ListError::OutOfTime)??;
        let Some(plan) = history_start.and_then(|start| filter.plan(start, now)) else {
            return Ok(Page::empty(request));
        };
        debug!(index = plan.index.name, partitions = ?plan.partitions, filters = plan.filter.len(), "planned");
        let context = ListContext { reader: &self.index, counts: Some(&self.counts), now, deadline };
        let mut page = lists::list(context, &plan, request, list).await?;
        let mut alerts = self.read_alerts(context, &plan, std::mem::take(&mut page.items)).await?;
        alerts.retain(|alert| filter.matches(alert));
        Ok(page.with_items(alerts))
    }

    /// The alerts of a page, in its order. What was not read with the page is read from the index where that holds
    /// nothing in between, which is the cheaper; else from the table. One that is gone meanwhile is left out.
    async fn read_alerts(
        &self,
        context: ListContext<'_>,
        plan: &Plan,
        rows: Vec<Row>,
    ) -> Result<Vec<Alert>, ListError> {
        let unread: Vec<&str> = rows.iter().filter(|row| row.item.is_none()).map(|row| row.position.as_str()).collect();
        let mut found: HashMap<AlertId, Alert> = HashMap::new();
        if plan.filter.is_empty() {
            for row in lists::rows_between(context, plan, &unread).await? {
                let alert = row.item.map(alerts::read).transpose()?;
                found.extend(alert.map(|alert| (alert.id, alert)));
            }
        } else {
            let ids: Vec<AlertId> = unread.iter().filter_map(|position| position.parse().ok()).collect();
            let alerts = self.alerts.get_many(&ids, Consistency::Eventual, context.now).await?;
            found.extend(alerts.into_iter().map(|alert| (alert.id, alert)));
        }
        let mut page = Vec::with_capacity(rows.len());
        for row in rows {
            match row.item {
                Some(item) => page.push(alerts::read(item)?),
                None => page.extend(row.position.parse().ok().and_then(|id: AlertId| found.remove(&id))),
            }
        }
        Ok(page)
    }
}
