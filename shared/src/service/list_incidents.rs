//! The list of incidents.

use std::time::Duration;

use tokio::time::timeout_at;
use tracing::debug;

use crate::{
    config::InvalidVariable,
    domain::{id::IncidentId, incident::Incident, time::Time},
    keys,
    listing::{
        facets::{self, Facet, FacetValues},
        incidents::{IncidentFilter, IncidentOrder},
        page::{Page, PageRequest},
    },
    store::{
        Tables,
        claims::Claims,
        counts::Counts,
        incidents::{Consistency, Incidents},
        index::IndexReader,
        lists::{self, ListContext, ListError},
    },
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentQuery {
    pub filter: IncidentFilter,
    pub order: IncidentOrder,
    /// What to count besides. Cursors do not depend on it.
    pub facets: Vec<Facet>,
}

/// A page and the facets that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIncidents {
    pub page: Page<Incident>,
    pub facets: Vec<FacetValues>,
}

/// The use case.
#[derive(Debug)]
pub struct ListIncidents {
    claims: Claims,
    index: IndexReader,
    incidents: Incidents,
    counts: Counts,
    budget: Duration,
}

impl ListIncidents {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self {
            claims: tables.claims()?,
            index: tables.incident_index()?,
            incidents: tables.incidents()?,
            counts: tables.counts()?,
            budget,
        })
    }

    /// One page and the facets that are asked for. `list` is the key of the list for its cursors.
    /// 1/2 read unit per incident, besides finding them.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        query: &IncidentQuery,
        request: &PageRequest,
        list: &str,
        now: Time,
    ) -> Result<ListedIncidents, ListError> {
        let IncidentQuery { filter, order, facets } = query;
        let deadline = lists::deadline(self.budget);
        let history_start = timeout_at(deadline, self.claims.history_start()).await;
        let history_start = history_start.map_err(|_| ListError::OutOfTime)??;
        let Some(plan) = history_start.and_then(|start| filter.plan(*order, start, now)) else {
            let facets = facets.iter().map(|facet| facets::none(*facet)).collect();
            return Ok(ListedIncidents { page: Page::empty(request), facets });
        };
        debug!(index = plan.index.name, partitions = ?plan.partitions, filters = plan.filter.len(), "list planned");
        let context = ListContext { reader: &self.index, counts: Some(&self.counts), now, deadline };
        // Both, even if one runs out of time: each keeps what it counted.
        let (page, facets) =
            tokio::join!(lists::list(context, &plan, request, list), lists::facets(context, &plan, facets));
        let (page, facets) = (page?, facets?);
        let ids: Vec<IncidentId> = page.items.iter().filter_map(|row| id_of(&row.position)).collect();
        let mut incidents = self.incidents.get_many(&ids, Consistency::Eventual, now).await?;
        incidents.retain(|incident| filter.matches(incident));
        Ok(ListedIncidents { page: page.with_items(incidents), facets })
    }
}

/// Positions are ids or `updated_key`s.
fn id_of(position: &str) -> Option<IncidentId> {
    position.parse().ok().or_else(|| keys::id_of_updated_key(position))
}
