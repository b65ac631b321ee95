//! The list of incidents.

use std::{collections::HashMap, time::Duration};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::IncidentId, incident::Incident, time::Time},
    listing::{
        page::{ListQuery, Page},
        segments::rows::{Row, RowId, Series},
    },
    store::{
        Tables,
        incidents::{Consistency, Incidents},
        segments::{ListError, Segments},
    },
};

/// The use case.
#[derive(Debug)]
pub struct ListIncidents {
    incidents: Incidents,
    segments: Segments,
    budget: Duration,
}

impl ListIncidents {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, segments: tables.segments()?, budget })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// One page, with the facets that are asked for. Half a read unit per incident of it, besides finding them.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(&self, asked: &ListQuery, now: Time, deadline: Deadline) -> Result<Page<Incident>, ListError> {
        let deadline = deadline.within(self.budget);
        let (listed, recent) = self.segments.list(Series::Incidents, &asked.query, now, deadline).await?;
        // What changed a moment ago must be read strongly consistent. The rest did not change for minutes.
        let (recent, settled): (Vec<RowId>, Vec<RowId>) =
            listed.ids.iter().copied().partition(|id| recent.contains(id));
        let read = |ids: Vec<RowId>, consistency| async move {
            let ids: Vec<IncidentId> = ids.into_iter().map(IncidentId::from).collect();
            self.incidents.get_many(&ids, consistency, now).await
        };
        let read = async { tokio::try_join!(read(recent, Consistency::Strong), read(settled, Consistency::Eventual)) };
        let (recent, settled) = deadline.bound(read).await??;
        let found = recent.into_iter().chain(settled);
        let mut found: HashMap<IncidentId, Incident> = found.map(|incident| (incident.id, incident)).collect();
        let mut items: Vec<Incident> =
            listed.ids.iter().filter_map(|id| found.remove(&IncidentId::from(*id))).collect();
        // One may have changed since the list was made.
        items.retain(|incident| asked.query.filter.matches(&Row::from(incident)));
        Ok(Page::of(asked, listed, items))
    }
}
