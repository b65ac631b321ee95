//! The list of incidents: its filter, its orders, its plan.

use super::{
    buckets::Series,
    conditions::{CanonicalConditions, texts},
    plan::{Index, Keys, Memory, Partitions, Plan, Range, memory_key},
    predicate::Predicate,
};
use crate::{
    domain::{
        id::IncidentId,
        incident::Incident,
        severity::Severity,
        source::Source,
        status::Status,
        time::{Month, Time},
    },
    keys,
};

/// What incidents to list. Conditions combine with AND, the values of one with OR. A condition
/// without values matches every incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    pub statuses: Vec<Status>,
    pub severities: Vec<Severity>,
    /// One of the incident's services is one of these.
    pub services: Vec<String>,
    pub teams: Vec<String>,
    /// One of the incident's sources is one of these.
    pub sources: Vec<Source>,
    /// Whether an alert of it fires.
    pub has_firing: Option<bool>,
    pub created: Range,
    pub updated: Range,
}

/// What orders the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentOrder {
    /// `created_at`, then id.
    Created,
    /// `updated_at`, then id.
    Updated,
}

static BY_CREATED: Index = Index { name: "by_created", partition_key: "created_month", sort_key: ID };
static BY_STATUS: Index = Index { name: "by_status", partition_key: "status", sort_key: ID };
static BY_TEAM: Index = Index { name: "by_team", partition_key: "team", sort_key: ID };
static BY_UPDATED: Index = Index { name: "by_updated", partition_key: "updated_month", sort_key: UPDATED_KEY };

const ID: &str = "incident_id";
const UPDATED_KEY: &str = "updated_key";

/// Up to so many teams have a partition each that is read; of more, all incidents.
const MAX_PARTITIONS: usize = 4;

impl IncidentFilter {
    /// Whether an incident matches now: it may have changed since the index was read.
    #[must_use]
    pub fn matches(&self, incident: &Incident) -> bool {
        fn asks<T: PartialEq>(values: &[T], found: &[T]) -> bool {
            values.is_empty() || found.iter().any(|found| values.contains(found))
        }
        asks(&self.statuses, &[incident.status])
            && asks(&self.severities, &[incident.severity])
            && asks(&self.services, &incident.services)
            && asks(&self.teams, incident.team.as_slice())
            && asks(&self.sources, &incident.sources)
            && self.has_firing.is_none_or(|has_firing| has_firing == (incident.firing_alert_count > 0))
            && self.created.contains(incident.created_at)
            && self.updated.contains(incident.updated_at)
    }

    /// Everything that the filter asks for, in a form that does not depend on the order in which it
    /// was asked for.
    #[must_use]
    pub fn canonical(&self) -> CanonicalConditions {
        CanonicalConditions::new(self.conditions())
            .with_range("created", &self.created)
            .with_range("updated", &self.updated)
    }

    /// The plan of a list, given when the history starts; `None` if nothing can match.
    ///
    /// Open work is little, so its statuses are the best index; then teams, then other statuses. That decides what a
    /// list costs the first time: what is remembered is the same for each. Only `by_updated` knows when incidents
    /// changed: asked for that range in the order of creation, its rows are all read and sorted.
    #[must_use]
    pub fn plan(&self, order: IncidentOrder, history_start: Time, now: Time) -> Option<Plan> {
        let created = self.created.within(history_start, now)?;
        let updated = Range { from: self.updated.from.max(Some(created.0)), to: self.updated.to };
        let updated = updated.within(history_start, now)?;
        let few = |values: usize| (1..=MAX_PARTITIONS).contains(&values);
        Some(match order {
            IncidentOrder::Updated => self.by_updated(updated, UPDATED_KEY),
            IncidentOrder::Created if !self.updated.is_unbounded() => self.by_updated(updated, ID),
            IncidentOrder::Created if self.asks_for_active() => self.by_status(created),
            IncidentOrder::Created if few(self.teams.len()) => {
                self.by_id(&BY_TEAM, Partitions::Fixed(self.teams.clone()), "team", created)
            }
            IncidentOrder::Created if !self.statuses.is_empty() => self.by_status(created),
            IncidentOrder::Created => self.by_id(&BY_CREATED, Partitions::Monthly(of_month), "", created),
        })
    }

    fn asks_for_active(&self) -> bool {
        !self.statuses.is_empty() && self.statuses.iter().all(|status| status.is_active())
    }

    fn by_status(&self, created: (Time, Time)) -> Plan {
        self.by_id(&BY_STATUS, Partitions::Fixed(texts(&self.statuses)), "status", created)
    }

    fn by_id(&self, index: &'static Index, partitions: Partitions, served: &str, range: (Time, Time)) -> Plan {
        let conditions = self.conditions();
        let memory = Memory {
            key: memory_key("incidents", &conditions),
            series: Series::Incidents,
            is_final: conditions.iter().all(|(_, values)| values.is_empty()),
        };
        let keys = Keys { between: ids_between, time: |id| id.parse().ok().map(IncidentId::created_at) };
        Plan { index, partitions, keys, range, filter: self.predicates(served), position: ID, memory: Some(memory) }
    }

    fn by_updated(&self, range: (Time, Time), position: &'static str) -> Plan {
        let mut filter = self.predicates("");
        let mut conditions = self.conditions().to_vec();
        if !self.created.is_unbounded() {
            let from = self.created.from.unwrap_or(Time::EARLIEST);
            let to = self.created.to.unwrap_or(Time::LATEST);
            let (first, last) = ids_between(from, to);
            conditions.push(("created", vec![format!("{first}/{last}")]));
            filter.push(Predicate::Between { attribute: ID, from: first, to: last });
        }
        let memory = Memory {
            key: memory_key("updated-incidents", &conditions),
            series: Series::UpdatedIncidents,
            is_final: false,
        };
        Plan {
            index: &BY_UPDATED,
            partitions: Partitions::Monthly(of_month),
            keys: Keys { between: keys::updated_key_range, time: keys::time_of_updated_key },
            range,
            filter,
            position,
            memory: Some(memory),
        }
    }

    fn conditions(&self) -> [(&'static str, Vec<String>); 6] {
        [
            ("status", texts(&self.statuses)),
            ("severity", texts(&self.severities)),
            ("services", self.services.clone()),
            ("team", self.teams.clone()),
            ("sources", texts(&self.sources)),
            ("has_firing", texts(self.has_firing.as_slice())),
        ]
    }

    fn predicates(&self, served: &str) -> Vec<Predicate> {
        let conditions = self.conditions().into_iter().filter(|(attribute, _)| *attribute != served);
        let predicate = |(attribute, values): (&'static str, Vec<String>)| match attribute {
            "services" | "sources" => Predicate::contains_any(attribute, &values),
            _ => Predicate::any_of(attribute, &values),
        };
        conditions.filter_map(predicate).collect()
    }
}

fn of_month(month: Month) -> Vec<String> {
    vec![keys::month(month)]
}

fn ids_between(from: Time, to: Time) -> (String, String) {
    (IncidentId::first_at(from).to_string(), IncidentId::last_at(to).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn plan(filter: &IncidentFilter, order: IncidentOrder) -> Option<Plan> {
        filter.plan(order, time("2026-09-15T00:00:00Z"), time("2026-11-23T00:00:00Z"))
    }

    #[test]
    fn without_a_filter_the_months_since_the_start_are_read() {
        let plan = plan(&IncidentFilter::default(), IncidentOrder::Created).unwrap();
        let slices = plan.slices(plan.range.0, plan.range.1);
        let months: Vec<&str> = slices.iter().map(|(_, runs)| runs[0].partition.as_str()).collect();
        assert_eq!((plan.index.name, months), ("by_created", vec!["2026-09", "2026-10", "2026-11"]));
        assert!(plan.is_ordered() && plan.filter.is_empty());
    }

    #[test]
    fn the_index_that_serves_the_filter_is_chosen() {
        let open = IncidentFilter { statuses: vec![Status::Open], teams: vec!["web".into()], ..Default::default() };
        let closed = IncidentFilter { statuses: vec![Status::Open, Status::Closed], ..open.clone() };
        let updated =
            IncidentFilter { updated: Range { from: Some(time("2026-11-01T00:00:00Z")), to: None }, ..open.clone() };
        for (filter, order, index, filters, ordered) in [
            (&open, IncidentOrder::Created, "by_status", 1, true),
            (&closed, IncidentOrder::Created, "by_team", 1, true),
            (&updated, IncidentOrder::Created, "by_updated", 2, false),
            (&open, IncidentOrder::Updated, "by_updated", 2, true),
        ] {
            let plan = plan(filter, order).unwrap();
            assert_eq!((plan.index.name, plan.filter.len(), plan.is_ordered()), (index, filters, ordered));
        }
    }

    #[test]
    fn a_range_outside_of_the_history_is_no_plan() {
        let before = IncidentFilter {
            created: Range { from: None, to: Some(time("2026-09-14T00:00:00Z")) },
            ..Default::default()
        };
        let after = IncidentFilter {
            updated: Range { from: Some(time("2027-01-01T00:00:00Z")), to: None },
            ..Default::default()
        };
        assert!(plan(&before, IncidentOrder::Created).is_none() && plan(&after, IncidentOrder::Created).is_none());
    }
}
