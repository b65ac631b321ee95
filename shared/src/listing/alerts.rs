//! The list of alerts: its filter and its plan. Its order is that of creation.

use super::{
    buckets::Series,
    conditions::{CanonicalConditions, texts},
    plan::{Index, Keys, Memory, Partitions, Plan, Range, memory_key},
    predicate::Predicate,
};
use crate::{
    domain::{
        alert::Alert,
        alert_status::AlertStatus,
        id::{AlertId, IncidentId},
        severity::Severity,
        source::Source,
        time::Time,
    },
    keys,
};

/// What alerts to list. Conditions combine with AND, the values of one with OR. A condition without
/// values matches every alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    pub sources: Vec<Source>,
    pub severities: Vec<Severity>,
    pub services: Vec<String>,
    pub environments: Vec<String>,
    pub statuses: Vec<AlertStatus>,
    pub incidents: Vec<IncidentId>,
    pub created: Range,
}

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_partition", sort_key: ID };
static BY_SERVICE: Index = Index { name: "by_service", partition_key: "service", sort_key: ID };
static BY_INCIDENT: Index = Index { name: "by_incident", partition_key: "incident_id", sort_key: ID };

const ID: &str = "alert_id";

/// Up to so many services have an index entry each that is read; of more, all alerts.
const MAX_PARTITIONS: usize = 4;

const KEYS: Keys = Keys { between: ids_between, time: time_of_id };

impl AlertFilter {
    /// Whether an alert matches now: it may have changed since the index was read.
    #[must_use]
    pub fn matches(&self, alert: &Alert) -> bool {
        fn asks<T: PartialEq>(values: &[T], found: Option<&T>) -> bool {
            values.is_empty() || found.is_some_and(|found| values.contains(found))
        }
        let state = &alert.state;
        asks(&self.sources, Some(&state.source))
            && asks(&self.severities, Some(&state.severity))
            && asks(&self.services, state.service.as_ref())
            && asks(&self.environments, Some(&state.environment))
            && asks(&self.statuses, Some(&state.status))
            && asks(&self.incidents, state.incident_id.as_ref())
            && self.created.contains(alert.created_at())
    }

    /// The plan of a list, given when the history starts; `None` if nothing can match.
    ///
    /// An incident has few alerts, which are read each time; a service has more. The index decides what a list costs the
    /// first time: what is remembered is the same for each.
    #[must_use]
    pub fn plan(&self, history_start: Time, now: Time) -> Option<Plan> {
        let range = self.created.within(history_start, now)?;
        let (index, partitions, served) = if !self.incidents.is_empty() {
            let incidents = self.incidents.iter().map(ToString::to_string).collect();
            (&BY_INCIDENT, Partitions::Fixed(incidents), "incident_id")
        } else if (1..=MAX_PARTITIONS).contains(&self.services.len()) {
            (&BY_SERVICE, Partitions::Fixed(self.services.clone()), "service")
        } else {
            (&BY_CREATED, Partitions::Monthly(|month| keys::alert_partitions(month).collect()), "")
        };
        let memory = self.incidents.is_empty().then(|| Memory {
            key: memory_key("alerts", &self.conditions()),
            series: Series::Alerts,
            // Who reports an alert stays; the rest may change when a delivery arrives late and tells it anew.
            is_final: self.conditions().iter().all(|(name, values)| values.is_empty() || *name == "source"),
        });
        Some(Plan { index, partitions, keys: KEYS, range, filter: self.predicates(served), position: ID, memory })
    }

    /// Everything that the filter asks for, in a form that does not depend on the order in which it
    /// was asked for.
    #[must_use]
    pub fn canonical(&self) -> CanonicalConditions {
        CanonicalConditions::new(self.conditions())
            .with("incident_id", texts(&self.incidents))
            .with_range("created", &self.created)
    }

    fn conditions(&self) -> [(&'static str, Vec<String>); 5] {
        [
            ("source", texts(&self.sources)),
            ("severity", texts(&self.severities)),
            ("service", self.services.clone()),
            ("environment", self.environments.clone()),
            ("status", texts(&self.statuses)),
        ]
    }

    fn predicates(&self, served: &str) -> Vec<Predicate> {
        let conditions = self.conditions().into_iter().filter(|(attribute, _)| *attribute != served);
        conditions.filter_map(|(attribute, values)| Predicate::any_of(attribute, &values)).collect()
    }
}

fn ids_between(from: Time, to: Time) -> (String, String) {
    (AlertId::first_at(from).to_string(), AlertId::last_at(to).to_string())
}

fn time_of_id(id: &str) -> Option<Time> {
    id.parse().ok().map(AlertId::created_at)
}
