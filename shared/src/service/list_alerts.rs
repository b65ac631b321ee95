//! The list of alerts.

use tracing::debug;

use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{alert::Alert, time::Time},
    query::{self, Page, alerts::AlertFilter, page::PageRequest},
    store::{StoreError, alerts, claims::Claims, index::IndexReader},
};

/// Lists alerts.
#[derive(Debug)]
pub struct AlertLister {
    claims: Claims,
    index: IndexReader,
}

impl AlertLister {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let claims = Claims::new(client.clone(), environment.claims_table()?);
        Ok(Self { claims, index: IndexReader::new(client, environment.alerts_table()?) })
    }

    /// One page. `list` is the key of the list for its cursors.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(
        &self,
        filter: &AlertFilter,
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<Page<Alert>, StoreError> {
        let history_start = self.claims.history_start().await?;
        let Some(plan) = history_start.and_then(|start| filter.plan(start, now)) else {
            return Ok(Page::empty(request));
        };
        debug!(index = plan.index.name, slices = plan.slices.len(), filters = plan.filter.len(), "planned");
        let page = query::list(&self.index, &plan, request, list).await?;
        let rows = query::rows(&self.index, &plan, &page.items).await?;
        let alerts = rows.into_iter().map(alerts::read).collect::<Result<_, _>>()?;
        Ok(page.with_items(alerts))
    }
}
