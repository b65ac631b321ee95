//! The list of alerts.

use std::{collections::HashMap, time::Duration};

use futures::future::try_join_all;

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        alert::Alert,
        id::{AlertId, IncidentId},
        time::Time,
    },
    listing::{
        page::{ListQuery, Page},
        segments::rows::{Row, RowId, Series},
    },
    store::{
        Tables,
        alerts::{Alerts, Consistency},
        segments::{ListError, Recent, Record, Segments},
    },
};

/// Up to so many alerts of incidents are read from the table. More are found by their columns.
const MAX_READ: usize = 500;

/// The list of alerts that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsQuery {
    pub asked: ListQuery,
    /// The incidents that the filter names, if it does.
    pub incidents: Vec<IncidentId>,
}

impl AlertsQuery {
    /// How many alerts the page may have.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.asked.query.limit
    }

    /// The same page with another limit.
    #[must_use]
    pub fn with_limit(&self, limit: usize) -> Self {
        Self { asked: self.asked.with_limit(limit), incidents: self.incidents.clone() }
    }
}

/// The use case.
#[derive(Debug)]
pub struct ListAlerts {
    alerts: Alerts,
    segments: Segments,
    budget: Duration,
}

impl ListAlerts {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { alerts: tables.alerts()?, segments: tables.segments()?, budget })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// One page. Half a read unit per 4 KB of its alerts, besides finding them.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        AlertsQuery { asked, incidents }: &AlertsQuery,
        now: Time,
        deadline: Deadline,
    ) -> Result<Page<Alert>, ListError> {
        let deadline = deadline.within(self.budget);
        let known =
            if incidents.is_empty() { None } else { deadline.bound(self.of_incidents(incidents, now)).await?? };
        let (listed, recent) = match known {
            Some(ids) => {
                let listed = self.segments.list_of(Series::Alerts, &ids, asked.query.clone(), now);
                (deadline.bound(listed).await??, Recent::new())
            }
            None => self.segments.list(Series::Alerts, &asked.query, now, deadline).await?,
        };
        // What changed in the last minutes was read for the list. The rest did not change for minutes, so an eventually
        // consistent read is right.
        let others = listed.ids.iter().filter(|id| !recent.contains_key(id)).map(|id| AlertId::from(*id));
        let others: Vec<AlertId> = others.collect();
        let read = deadline.bound(self.alerts.get_many(&others, Consistency::Eventual, now)).await??;
        let mut found: HashMap<AlertId, Alert> = read.into_iter().map(|alert| (alert.id, alert)).collect();
        found.extend(recent.into_values().filter_map(|record| match record {
            Record::Alert(alert) => Some((alert.id, *alert)),
            Record::Incident(_) => None,
        }));
        let mut items: Vec<Alert> = listed.ids.iter().filter_map(|id| found.remove(&AlertId::from(*id))).collect();
        // One may have changed since the list was made.
        items.retain(|alert| asked.query.filter.matches(&Row::from(alert)));
        Ok(Page::of(asked, listed, items))
    }

    /// The alerts of some incidents, as the index knows them. `None` if they are many.
    async fn of_incidents(&self, incidents: &[IncidentId], now: Time) -> Result<Option<Vec<RowId>>, ListError> {
        let ids = incidents.iter().map(|id| self.alerts.ids_of_incident(*id, MAX_READ, now));
        let ids: Vec<RowId> = try_join_all(ids).await?.into_iter().flatten().map(RowId::from).collect();
        Ok(Some(ids).filter(|ids| ids.len() < MAX_READ))
    }
}
