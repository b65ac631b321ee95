//! What the laws ask lists for, as the naive model understands it.

use shared::{
    deadline::Deadline,
    domain::{
        alert::Alert, alert_status::AlertStatus, assignee::Assignee, id::IncidentId, incident::Incident,
        severity::Severity, source::Source, status::Status, time::Time,
    },
    listing::{
        page::{ListQuery, Page},
        segments::{
            filters::{Condition, Filter},
            order::{Direction, Order, OrderBy},
            query::{Query, Start},
            rows::{Field, Number},
        },
    },
    service::{
        list_alerts::{AlertsQuery, ListAlerts},
        list_incidents::ListIncidents,
    },
    store::segments::ListError,
};

/// A range of times, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    pub from: Option<Time>,
    pub to: Option<Time>,
}

/// Which alerts to list.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    pub sources: Vec<Source>,
    pub severities: Vec<Severity>,
    pub services: Vec<String>,
    pub environments: Vec<String>,
    pub statuses: Vec<AlertStatus>,
    pub incidents: Vec<IncidentId>,
    pub created: Range,
}

/// Which incidents to list.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    pub statuses: Vec<Status>,
    pub severities: Vec<Severity>,
    pub services: Vec<String>,
    pub teams: Vec<String>,
    pub sources: Vec<Source>,
    pub has_firing: Option<bool>,
    /// `None` is nobody.
    pub assignees: Vec<Option<String>>,
    pub created: Range,
    pub updated: Range,
}

/// The page of a list.
#[derive(Debug, Clone)]
pub struct PageRequest {
    pub limit: usize,
    pub start: Start,
    pub ascending: bool,
}

impl PageRequest {
    pub fn first(limit: usize) -> Self {
        Self { limit, start: Start::Offset(0), ascending: false }
    }

    pub fn offset(&self) -> u64 {
        match self.start {
            Start::Offset(offset) => offset,
            Start::After(_) => panic!("a cursor has no offset"),
        }
    }

    fn query(&self, filter: Filter, by: OrderBy, facets: &[Field]) -> ListQuery {
        let direction = if self.ascending { Direction::Ascending } else { Direction::Descending };
        let order = Order { by, direction };
        let query = Query { filter, order, start: self.start, limit: self.limit, facets: facets.to_vec() };
        ListQuery { query, list: "list".to_owned() }
    }

    /// The page behind another.
    pub fn after<T>(&self, page: &Page<T>) -> Option<Self> {
        let cursor = page.next_cursor.as_ref()?;
        let start = Start::After(cursor.position.parse().expect("a position"));
        Some(Self { start, ..self.clone() })
    }
}

fn within(range: Range, at: Time) -> bool {
    range.from.is_none_or(|from| from <= at) && range.to.is_none_or(|to| at <= to)
}

fn asked<T: PartialEq>(values: &[T], found: &[T]) -> bool {
    values.is_empty() || found.iter().any(|value| values.contains(value))
}

impl AlertFilter {
    pub fn filter(&self) -> Filter {
        Filter::default()
            .any_of(Field::Source, &self.sources)
            .any_of(Field::Severity, &self.severities)
            .any_of(Field::Service, &self.services)
            .any_of(Field::Environment, &self.environments)
            .any_of(Field::Status, &self.statuses)
            .any_of(Field::IncidentId, &self.incidents)
            .created(self.created.from, self.created.to)
    }

    /// All alerts that match, in the order of the list.
    pub fn model(&self, alerts: &[Alert], by: OrderBy, ascending: bool) -> Vec<Alert> {
        let matches = |alert: &&Alert| {
            let state = &alert.state;
            asked(&self.sources, std::slice::from_ref(&state.source))
                && asked(&self.severities, &[state.severity])
                && asked(&self.services, state.service.as_slice())
                && asked(&self.environments, std::slice::from_ref(&state.environment))
                && asked(&self.statuses, &[state.status])
                && asked(&self.incidents, state.incident_id.as_slice())
                && within(self.created, alert.created_at())
        };
        let mut list: Vec<Alert> = alerts.iter().filter(matches).cloned().collect();
        list.sort_by_key(|alert| {
            let value = match by {
                OrderBy::CreatedAt => alert.created_at().as_millis(),
                OrderBy::Severity => alert.state.severity as i64,
                OrderBy::Number(Number::Count) => alert.state.occurrences.cast_signed(),
                OrderBy::Number(Number::LastAlertAt) => alert.state.last_seen_at.as_millis(),
                OrderBy::Number(other) => panic!("alerts are not sorted by {other}"),
            };
            (value, alert.id)
        });
        if !ascending {
            list.reverse();
        }
        list
    }
}

impl IncidentFilter {
    pub fn filter(&self) -> Filter {
        Filter::default()
            .any_of(Field::Status, &self.statuses)
            .any_of(Field::Severity, &self.severities)
            .any_of(Field::Service, &self.services)
            .any_of(Field::Team, &self.teams)
            .any_of(Field::Source, &self.sources)
            .any_of(Field::HasFiring, self.has_firing.as_slice())
            .and(Condition::AnyOf { field: Field::Assignee, values: self.assignees.clone() })
            .created(self.created.from, self.created.to)
            .between(Number::UpdatedAt, self.updated.from, self.updated.to)
    }

    /// All incidents that match, in the order of the list.
    pub fn model(&self, incidents: &[Incident], by: OrderBy, ascending: bool) -> Vec<Incident> {
        let matches = |incident: &&Incident| {
            asked(&self.statuses, &[incident.status])
                && asked(&self.severities, &[incident.severity])
                && asked(&self.services, &incident.services)
                && asked(&self.teams, incident.team.as_slice())
                && asked(&self.sources, &incident.sources)
                && asked(&self.assignees, &[incident.assignee.as_ref().map(Assignee::in_lower_case)])
                && self.has_firing.is_none_or(|fires| fires == (incident.firing_alert_count > 0))
                && within(self.created, incident.created_at)
                && within(self.updated, incident.updated_at)
        };
        let mut list: Vec<Incident> = incidents.iter().filter(matches).cloned().collect();
        list.sort_by_key(|incident| {
            let value = match by {
                OrderBy::CreatedAt => incident.created_at.as_millis(),
                OrderBy::Severity => incident.severity as i64,
                OrderBy::Number(Number::Count) => incident.alert_count.cast_signed(),
                OrderBy::Number(Number::LastAlertAt) => incident.last_alert_at.as_millis(),
                OrderBy::Number(Number::UpdatedAt) => incident.updated_at.as_millis(),
                OrderBy::Number(other) => panic!("incidents are not sorted by {other}"),
            };
            (value, incident.id)
        });
        if !ascending {
            list.reverse();
        }
        list
    }
}

/// Lists alerts as the function does.
pub async fn alerts(
    lister: &ListAlerts,
    (filter, by): (&AlertFilter, OrderBy),
    request: &PageRequest,
    now: Time,
) -> Result<Page<Alert>, ListError> {
    let asked = request.query(filter.filter(), by, &[]);
    lister.list(&AlertsQuery { asked, incidents: filter.incidents.clone() }, now, deadline()).await
}

/// Lists incidents as the function does.
pub async fn incidents(
    lister: &ListIncidents,
    (filter, by, facets): (&IncidentFilter, OrderBy, &[Field]),
    request: &PageRequest,
    now: Time,
) -> Result<Page<Incident>, ListError> {
    lister.list(&request.query(filter.filter(), by, facets), now, deadline()).await
}

/// The budget of a list is shorter.
pub fn deadline() -> Deadline {
    Deadline::after(std::time::Duration::from_mins(1))
}
