//! The list of incidents.

use std::{collections::HashMap, time::Duration};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::IncidentId, incident::Incident, time::Time},
    listing::{
        page::{ListQuery, Page},
        segments::rows::{Row, Series},
    },
    store::{
        Tables,
        incidents::{Consistency, Incidents},
        segments::{ListError, Record, Segments},
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
        // What changed in the last minutes was read for the list. The rest did not change for minutes, so an eventually
        // consistent read is right.
        let others = listed.ids.iter().filter(|id| !recent.contains_key(id)).map(|id| IncidentId::from(*id));
        let others: Vec<IncidentId> = others.collect();
        let read = deadline.bound(self.incidents.get_many(&others, Consistency::Eventual, now)).await??;
        let mut found: HashMap<IncidentId, Incident> =
            read.into_iter().map(|incident| (incident.id, incident)).collect();
        found.extend(recent.into_values().filter_map(|record| match record {
            Record::Incident(incident) => Some((incident.id, *incident)),
            Record::Alert(_) => None,
        }));
        let mut items: Vec<Incident> =
            listed.ids.iter().filter_map(|id| found.remove(&IncidentId::from(*id))).collect();
        // One may have changed since the list was made.
        items.retain(|incident| incident.merged_into.is_none() && asked.query.filter.matches(&Row::from(incident)));
        Ok(Page::of(asked, listed, items))
    }
}
