//! The list of incidents.

use tracing::debug;

use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{id::IncidentId, incident::Incident, time::Time},
    query::{
        self, Page,
        incidents::{IncidentFilter, IncidentOrder},
        page::PageRequest,
    },
    store::{StoreError, claims::Claims, incidents::Incidents, index::IndexReader, keys},
};

/// Lists incidents.
#[derive(Debug)]
pub struct IncidentLister {
    claims: Claims,
    index: IndexReader,
    incidents: Incidents,
}

impl IncidentLister {
    /// Connects to the tables.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        let table = environment.incidents_table()?;
        Ok(Self {
            claims: Claims::new(client.clone(), environment.claims_table()?),
            index: IndexReader::new(client.clone(), table.clone()),
            incidents: Incidents::new(client, table),
        })
    }

    /// One page. `list` is the key of the list for its cursors.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(
        &self,
        (filter, order): (&IncidentFilter, IncidentOrder),
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<Page<Incident>, StoreError> {
        let history_start = self.claims.history_start().await?;
        let Some(plan) = history_start.and_then(|start| filter.plan(order, start, now)) else {
            return Ok(Page::empty(request));
        };
        debug!(index = plan.index.name, slices = plan.slices.len(), filters = plan.filter.len(), "planned");
        let page = query::list(&self.index, &plan, request, list).await?;
        let ids: Vec<IncidentId> = page.items.iter().filter_map(|position| id_of(position)).collect();
        let mut incidents = self.incidents.get_many(&ids, true).await?;
        incidents.retain(|incident| filter.matches(incident));
        Ok(page.with_items(incidents))
    }
}

/// Positions are ids or `updated_key`s.
fn id_of(position: &str) -> Option<IncidentId> {
    position.parse().ok().or_else(|| keys::id_of_updated_key(position))
}
