//! The list of the quarantine.

use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{quarantine::QuarantineEntry, time::Time},
    query::{self, Page, page::PageRequest},
    store::{StoreError, claims::Claims, index::IndexReader, quarantine},
};

/// Lists the quarantine.
#[derive(Debug)]
pub struct QuarantineLister {
    claims: Claims,
    index: IndexReader,
}

impl QuarantineLister {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let claims = Claims::new(client.clone(), environment.claims_table()?);
        Ok(Self { claims, index: IndexReader::new(client, environment.quarantine_table()?) })
    }

    /// One page. `list` is the key of the list for its cursors.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(
        &self,
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<Page<QuarantineEntry>, StoreError> {
        let history_start = self.claims.history_start().await?;
        let Some(plan) = history_start.and_then(|start| query::quarantine::plan(start, now)) else {
            return Ok(Page::empty(request));
        };
        let page = query::list(&self.index, &plan, request, list).await?;
        let rows = query::rows(&self.index, &plan, &page.items).await?;
        let entries = rows.into_iter().map(quarantine::read).collect::<Result<_, _>>()?;
        Ok(page.with_items(entries))
    }
}
