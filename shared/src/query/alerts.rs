//! The list of alerts: its filter and its plan. Its order is that of creation.

use super::{
    plan::{Index, Plan, Range, Run},
    predicate::Predicate,
};
use crate::{
    domain::{
        id::{AlertId, IncidentId},
        time::{Month, Time},
    },
    store::keys,
};

/// What alerts to list. Conditions combine with AND, the values of one with OR; no values, no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Sources, by name.
    pub sources: Vec<String>,
    /// Severities, by name.
    pub severities: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Statuses, by name.
    pub statuses: Vec<String>,
    /// Incidents.
    pub incidents: Vec<IncidentId>,
    /// When it was recorded.
    pub created: Range,
}

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_bucket", sort_key: ID };
static BY_SERVICE: Index = Index { name: "by_service", partition_key: "service", sort_key: ID };
static BY_INCIDENT: Index = Index { name: "by_incident", partition_key: "incident_id", sort_key: ID };

const ID: &str = "alert_id";

impl AlertFilter {
    /// The plan of a list, given when the history starts; `None` if nothing can match.
    ///
    /// An incident has few alerts, a service more.
    #[must_use]
    pub fn plan(&self, history_start: Time, now: Time) -> Option<Plan> {
        let created = self.created.within(history_start, now)?;
        let runs =
            |partitions: Vec<String>| partitions.into_iter().map(|partition| id_run(partition, created)).collect();
        Some(if !self.incidents.is_empty() {
            let partitions = self.incidents.iter().map(ToString::to_string).collect();
            Plan {
                index: &BY_INCIDENT,
                slices: vec![runs(partitions)],
                filter: self.predicates("incident_id"),
                position: ID,
            }
        } else if !self.services.is_empty() {
            Plan {
                index: &BY_SERVICE,
                slices: vec![runs(self.services.clone())],
                filter: self.predicates("service"),
                position: ID,
            }
        } else {
            let months = Month::range(created.0.month(), created.1.month());
            let slices = months.map(|month| runs(keys::alert_buckets(month).collect())).collect();
            Plan { index: &BY_CREATED, slices, filter: self.predicates(""), position: ID }
        })
    }

    fn predicates(&self, served: &str) -> Vec<Predicate> {
        [
            Predicate::any_of("source", &self.sources),
            Predicate::any_of("severity", &self.severities),
            Predicate::any_of("service", &self.services).filter(|_| served != "service"),
            Predicate::any_of("environment", &self.environments),
            Predicate::any_of("status", &self.statuses),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn id_run(partition: String, (from, to): (Time, Time)) -> Run {
    Run { partition, from: AlertId::first_at(from).to_string(), to: AlertId::last_at(to).to_string() }
}
