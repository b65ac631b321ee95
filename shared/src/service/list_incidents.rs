//! The list of incidents.

use std::time::Duration;

use tracing::debug;

use super::warm::warm;
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{id::IncidentId, incident::Incident, time::Time},
    keys,
    listing::{
        facets::{self, Facet, FacetValues},
        incidents::{IncidentFilter, IncidentOrder},
        page::{Page, PageRequest},
    },
    store::{
        claims::Claims,
        counts::Counts,
        incidents::Incidents,
        index::IndexReader,
        lists::{self, ListContext, ListError},
    },
};

/// Lists incidents.
#[derive(Debug)]
pub struct ListIncidents {
    claims: Claims,
    index: IndexReader,
    incidents: Incidents,
    counts: Counts,
    budget: Duration,
}

impl ListIncidents {
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
            incidents: Incidents::new(client.clone(), table),
            counts: Counts::new(client, environment.counts_table()?),
            budget: environment.list_budget()?,
        })
    }

    /// Makes the first call before the first request comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.claims.history_start()).await;
    }

    /// One page, and the facets that are asked for. `list` is the key of the list for its cursors. 1/2 read unit per
    /// incident, and what finding them takes.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        (filter, order): (&IncidentFilter, IncidentOrder),
        (request, asked): (&PageRequest, &[Facet]),
        list: &str,
        now: Time,
    ) -> Result<(Page<Incident>, Vec<FacetValues>), ListError> {
        let deadline = lists::deadline(self.budget);
        let history_start = self.claims.history_start().await?;
        let Some(plan) = history_start.and_then(|start| filter.plan(order, start, now)) else {
            return Ok((Page::empty(request), asked.iter().map(|facet| facets::none(*facet)).collect()));
        };
        debug!(index = plan.index.name, partitions = ?plan.partitions, filters = plan.filter.len(), "planned");
        let context = ListContext { reader: &self.index, counts: Some(&self.counts), now, deadline };
        // Both, even if one runs out of time: each keeps what it counted.
        let (page, facets) =
            tokio::join!(lists::list(context, &plan, request, list), lists::facets(context, &plan, asked));
        let (page, facets) = (page?, facets?);
        let ids: Vec<IncidentId> = page.items.iter().filter_map(|row| id_of(&row.position)).collect();
        let mut incidents = self.incidents.get_many(&ids, false).await?;
        incidents.retain(|incident| filter.matches(incident));
        Ok((page.with_items(incidents), facets))
    }
}

/// Positions are ids or `updated_key`s.
fn id_of(position: &str) -> Option<IncidentId> {
    position.parse().ok().or_else(|| keys::id_of_updated_key(position))
}
