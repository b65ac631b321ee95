//! The list of incidents: its filter, its orders, its plan.

use super::{
    plan::{Index, Plan, Range, Run},
    predicate::Predicate,
};
use crate::{
    domain::{
        id::IncidentId,
        incident::Incident,
        status::Status,
        time::{Month, Time},
    },
    store::keys,
};

/// What incidents to list. Conditions combine with AND, the values of one with OR; no values, no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Statuses.
    pub statuses: Vec<Status>,
    /// Severities, by name.
    pub severities: Vec<String>,
    /// Services; one of the incident's is one of these.
    pub services: Vec<String>,
    /// Teams.
    pub teams: Vec<String>,
    /// Sources; one of the incident's is one of these.
    pub sources: Vec<String>,
    /// When it was opened.
    pub created: Range,
    /// When it last changed.
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

impl IncidentFilter {
    /// Whether an incident matches now: it may have changed since the index was read.
    #[must_use]
    pub fn matches(&self, incident: &Incident) -> bool {
        fn asks<T: PartialEq + ?Sized>(values: &[impl AsRef<T>], found: &T) -> bool {
            values.is_empty() || values.iter().any(|value| value.as_ref() == found)
        }
        let sources = &self.sources;
        (self.statuses.is_empty() || self.statuses.contains(&incident.status))
            && asks(&self.severities, incident.severity.as_str())
            && (self.services.is_empty() || incident.services.iter().any(|service| self.services.contains(service)))
            && (self.teams.is_empty() || incident.team.as_ref().is_some_and(|team| self.teams.contains(team)))
            && (sources.is_empty() || incident.sources.iter().any(|source| asks(sources, source.as_str())))
            && self.created.contains(incident.created_at)
            && self.updated.contains(incident.updated_at)
    }

    /// The plan of a list, given when the history starts; `None` if nothing can match.
    ///
    /// Open work is little, so its statuses are the best index; then teams, then other statuses. Only `by_updated`
    /// knows when incidents changed: asked for that range in the order of creation, its rows are sorted.
    #[must_use]
    pub fn plan(&self, order: IncidentOrder, history_start: Time, now: Time) -> Option<Plan> {
        let created = self.created.within(history_start, now)?;
        let updated = Range { from: self.updated.from.max(Some(created.0)), to: self.updated.to };
        let updated = updated.within(history_start, now)?;
        Some(match order {
            IncidentOrder::Updated => self.by_updated(updated, UPDATED_KEY),
            IncidentOrder::Created if !self.updated.is_unbounded() => self.by_updated(updated, ID),
            IncidentOrder::Created if self.asks_for_active() => self.by_status(created),
            IncidentOrder::Created if !self.teams.is_empty() => self.by_team(created),
            IncidentOrder::Created if !self.statuses.is_empty() => self.by_status(created),
            IncidentOrder::Created => self.by_created(created),
        })
    }

    fn asks_for_active(&self) -> bool {
        !self.statuses.is_empty() && self.statuses.iter().all(|status| status.is_active())
    }

    fn by_created(&self, created: (Time, Time)) -> Plan {
        let months = Month::range(created.0.month(), created.1.month());
        let slices = months.map(|month| vec![id_run(keys::month(month), created)]).collect();
        Plan { index: &BY_CREATED, slices, filter: self.predicates(&[]), position: ID }
    }

    fn by_status(&self, created: (Time, Time)) -> Plan {
        let runs = self.statuses.iter().map(|status| id_run(status.as_str().to_owned(), created)).collect();
        Plan { index: &BY_STATUS, slices: vec![runs], filter: self.predicates(&["status"]), position: ID }
    }

    fn by_team(&self, created: (Time, Time)) -> Plan {
        let runs = self.teams.iter().map(|team| id_run(team.clone(), created)).collect();
        Plan { index: &BY_TEAM, slices: vec![runs], filter: self.predicates(&["team"]), position: ID }
    }

    fn by_updated(&self, updated: (Time, Time), position: &'static str) -> Plan {
        let (from, to) = keys::updated_key_range(updated.0, updated.1);
        let months = Month::range(updated.0.month(), updated.1.month());
        let runs = months.map(|month| Run { partition: keys::month(month), from: from.clone(), to: to.clone() });
        let slices = if position == UPDATED_KEY { runs.map(|run| vec![run]).collect() } else { vec![runs.collect()] };
        let mut filter = self.predicates(&[]);
        if !self.created.is_unbounded() {
            filter.push(Predicate::Between {
                attribute: ID,
                from: IncidentId::first_at(self.created.from.unwrap_or(Time::EARLIEST)).to_string(),
                to: IncidentId::last_at(self.created.to.unwrap_or(Time::LATEST)).to_string(),
            });
        }
        Plan { index: &BY_UPDATED, slices, filter, position }
    }

    fn predicates(&self, served: &[&str]) -> Vec<Predicate> {
        let statuses: Vec<String> = self.statuses.iter().map(|status| status.as_str().to_owned()).collect();
        [
            Predicate::any_of("status", &statuses).filter(|_| !served.contains(&"status")),
            Predicate::any_of("severity", &self.severities),
            Predicate::contains_any("services", &self.services),
            Predicate::any_of("team", &self.teams).filter(|_| !served.contains(&"team")),
            Predicate::contains_any("sources", &self.sources),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn id_run(partition: String, (from, to): (Time, Time)) -> Run {
    Run { partition, from: IncidentId::first_at(from).to_string(), to: IncidentId::last_at(to).to_string() }
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
        let months: Vec<&str> = plan.slices.iter().map(|runs| runs[0].partition.as_str()).collect();
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
        assert_eq!((plan(&before, IncidentOrder::Created), plan(&after, IncidentOrder::Created)), (None, None));
    }
}
