//! Reads the query parameters of the lists.

use jiff::Timestamp;

use super::{
    Parameters, Request,
    parameters::{name, whole_number, word},
    problem::Problem,
};
use crate::{
    domain::{
        id::EntryId,
        source::Source,
        time::{InvalidTime, Time},
    },
    listing::{
        alerts::AlertFilter,
        cursor::{Cursor, InvalidCursor, list_key},
        incidents::{IncidentFilter, IncidentOrder},
        page::{PageRequest, Start},
        plan::Range,
        quarantine::QuarantineFilter,
    },
    service::{list_incidents::IncidentQuery, redrive_quarantine::RedriveRequest},
    sources::SOURCES,
};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// A valid request for one page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest<F> {
    pub filter: F,
    pub page: PageRequest,
    /// Identifies the list. A cursor works only for the list that it came from.
    pub list: String,
}

/// Reads the parameters of `GET /incidents`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn incidents(request: &Request) -> Result<ListRequest<IncidentQuery>, Problem> {
    let mut parameters = Parameters::of(request);
    let facets = parameters.many("facets", word);
    let filter = IncidentFilter {
        statuses: parameters.many("status", word),
        severities: parameters.many("severity", word),
        services: parameters.many("service", name),
        teams: parameters.many("team", name),
        sources: parameters.many("source", source),
        has_firing: parameters.one("has_firing", yes_or_no),
        created: range(&mut parameters, "created_from", "created_to"),
        updated: range(&mut parameters, "updated_from", "updated_to"),
    };
    let sort = parameters.one("sort", |value| match value {
        "created_at" => Ok(Sort { order: IncidentOrder::Created, ascending: true }),
        "-created_at" => Ok(Sort { order: IncidentOrder::Created, ascending: false }),
        "updated_at" => Ok(Sort { order: IncidentOrder::Updated, ascending: true }),
        "-updated_at" => Ok(Sort { order: IncidentOrder::Updated, ascending: false }),
        _ => Err("must be one of created_at, -created_at, updated_at, -updated_at"),
    });
    let Sort { order, ascending } = sort.unwrap_or(Sort { order: IncidentOrder::Created, ascending: false });
    let list = list_key("incidents", &filter.canonical(), &format!("{order:?} {ascending}"));
    let query = IncidentQuery { filter, order, facets };
    finish(parameters, query, list, ascending)
}

/// Reads the parameters of `GET /alerts`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn alerts(request: &Request) -> Result<ListRequest<AlertFilter>, Problem> {
    let mut parameters = Parameters::of(request);
    let filter = AlertFilter {
        sources: parameters.many("source", source),
        severities: parameters.many("severity", word),
        services: parameters.many("service", name),
        environments: parameters.many("environment", name),
        statuses: parameters.many("status", word),
        incidents: parameters.many("incident_id", str::parse),
        created: range(&mut parameters, "created_from", "created_to"),
    };
    let ascending = created_sort(&mut parameters);
    let list = list_key("alerts", &filter.canonical(), created_sort_name(ascending));
    finish(parameters, filter, list, ascending)
}

/// Reads the parameters of `GET /quarantine`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn quarantine(request: &Request) -> Result<ListRequest<QuarantineFilter>, Problem> {
    let mut parameters = Parameters::of(request);
    let filter = QuarantineFilter { kinds: parameters.many("kind", word), sources: parameters.many("source", source) };
    let ascending = created_sort(&mut parameters);
    let list = list_key("quarantine", &filter.canonical(), created_sort_name(ascending));
    finish(parameters, filter, list, ascending)
}

/// A valid request to redrive many entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveList {
    pub request: RedriveRequest,
    /// Identifies the list. A cursor works only for the list that it came from.
    pub list: String,
}

/// Reads the parameters of `POST /quarantine/redrive`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn redrive(request: &Request) -> Result<RedriveList, Problem> {
    let mut parameters = Parameters::of(request);
    let filter = QuarantineFilter { kinds: parameters.some("kind", word), sources: parameters.many("source", source) };
    let list = list_key("redrive", &filter.canonical(), created_sort_name(true));
    let limit = limit(&mut parameters);
    let after = parameters.one("cursor", |value| {
        Cursor::decode(value, &list).and_then(|cursor| cursor.position.parse::<EntryId>().map_err(|_| InvalidCursor))
    });
    parameters.finish()?;
    Ok(RedriveList { request: RedriveRequest { filter, after, limit }, list })
}

struct Sort {
    order: IncidentOrder,
    ascending: bool,
}

fn created_sort(parameters: &mut Parameters) -> bool {
    let sort = parameters.one("sort", |value| match value {
        "created_at" => Ok(true),
        "-created_at" => Ok(false),
        _ => Err("must be one of created_at, -created_at"),
    });
    sort.unwrap_or(false)
}

const fn created_sort_name(ascending: bool) -> &'static str {
    if ascending { "created_at" } else { "-created_at" }
}

fn finish<F>(mut parameters: Parameters, filter: F, list: String, ascending: bool) -> Result<ListRequest<F>, Problem> {
    let limit = limit(&mut parameters);
    let offset = parameters.one("offset", whole_number);
    let cursor = parameters.one("cursor", |value| Cursor::decode(value, &list));
    if cursor.is_some() && offset.is_some() {
        parameters.error("offset", "cannot be combined with cursor");
    }
    parameters.finish()?;
    let start = cursor.map_or(Start::Offset(offset.unwrap_or(0)), Start::Cursor);
    Ok(ListRequest { filter, page: PageRequest { limit, start, ascending }, list })
}

fn limit(parameters: &mut Parameters) -> usize {
    let limit = parameters.one("limit", |value| match whole_number(value) {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(format!("must be a whole number from 1 to {MAX_LIMIT}")),
    });
    usize::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX)
}

fn range(parameters: &mut Parameters, from_name: &str, to_name: &str) -> Range {
    let from = parameters.one(from_name, timestamp);
    let to = parameters.one(to_name, timestamp);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        parameters.error(from_name, format!("must not be after {to_name}"));
    }
    Range { from: from.map(first_millisecond), to: to.map(Time::from) }
}

/// Parses an RFC 3339 time and keeps its precision.
fn timestamp(value: &str) -> Result<Timestamp, InvalidTime> {
    // `jiff` accepts a zone in brackets. RFC 3339 does not.
    if value.contains('[') {
        return Err(InvalidTime);
    }
    // A plus sign that was not percent-encoded arrives as a space.
    let value = value.replace(' ', "+");
    // Callers write 9999-12-31 for "no end". `jiff` ends a day earlier.
    let parsed = value.parse().or_else(|error| match value.strip_prefix("9999-12-31") {
        Some(time) => format!("9999-12-29{time}").parse(),
        None => Err(error),
    });
    parsed.map_err(|_| InvalidTime)
}

/// Times in rows are whole milliseconds. So a bound within a millisecond means the next one.
fn first_millisecond(from: Timestamp) -> Time {
    let whole = Time::from(from);
    if from.as_nanosecond() > i128::from(whole.as_millis()) * 1_000_000 { whole.plus_millis(1) } else { whole }
}

fn yes_or_no(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false"),
    }
}

fn source(value: &str) -> Result<Source, String> {
    let names = SOURCES.iter().map(|source| source.name());
    match names.clone().find(|name| name.eq_ignore_ascii_case(value)) {
        Some(name) => Ok(Source::named(name)),
        None => Err(format!("must be one of {}", names.collect::<Vec<_>>().join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn request(query: &str) -> Request {
        let request = lambda_http::http::Request::builder().uri(format!("https://api.example.com/incidents?{query}"));
        request.body(Body::Empty).unwrap()
    }

    #[test]
    fn defaults_are_the_first_page_newest_first() {
        let list = incidents(&request("")).unwrap();
        assert_eq!(list.page, PageRequest { limit: 50, start: Start::Offset(0), ascending: false });
        assert_eq!(
            list.filter,
            IncidentQuery { filter: IncidentFilter::default(), order: IncidentOrder::Created, facets: Vec::new() }
        );
    }

    #[test]
    fn ranges_are_inclusive_to_the_microsecond() {
        let list =
            incidents(&request("created_from=2026-11-01T00:00:00.0001Z&created_to=2026-11-01T02:00:00.9999+02:00"))
                .unwrap();
        let Range { from, to } = list.filter.filter.created;
        assert_eq!(from.unwrap().to_string(), "2026-11-01T00:00:00.001Z");
        assert_eq!(to.unwrap().to_string(), "2026-11-01T00:00:00.999Z");
    }

    #[test]
    fn times_beyond_every_history_are_bounds_like_others() {
        let list = incidents(&request("created_from=0001-01-01T00:00:00Z&created_to=9999-12-31T23:59:59Z")).unwrap();
        assert_eq!(list.filter.filter.created, Range { from: Some(Time::EARLIEST), to: Some(Time::LATEST) });
        assert!(
            incidents(&request("created_from=2026-11-01T00:00:00.0005Z&created_to=2026-11-01T00:00:00.0009Z")).is_ok()
        );
    }

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let list = incidents(&request("status=open&limit=1")).unwrap();
        let cursor = Cursor { position: "01J".into(), offset: 1, list: list.list }.encode();
        assert!(incidents(&request(&format!("status=OPEN&limit=7&facets=team&cursor={cursor}"))).is_ok());
        let list = incidents(&request("status=OPEN,CLOSED&limit=1")).unwrap().list;
        assert_eq!(incidents(&request("status=closed&status=open")).unwrap().list, list, "whatever the order");
        for query in ["status=CLOSED&", "", "status=OPEN&sort=created_at&", "status=OPEN&offset=0&"] {
            assert!(incidents(&request(&format!("{query}cursor={cursor}"))).is_err(), "{query}");
        }
        assert!(alerts(&request(&format!("cursor={cursor}"))).is_err());
    }

    #[test]
    fn bad_values_are_refused() {
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=1.5",
            "limit=+5",
            "limit=0005",
            "offset=+1",
            "created_from=2026-11-01T00:00:00Z[Europe/Berlin]",
            "limit=",
            "offset=-1",
            "offset=99999999999999999999",
            "cursor=",
            "cursor=x",
            "status=",
            "status=OPEN,",
            "status=DONE",
            "severity=fatal",
            "source=pagerduty",
            "service=",
            "sort=id",
            "sort=Created_at",
            "created_from=yesterday",
            "created_from=2026-11-02T00:00:00Z&created_to=2026-11-01T00:00:00Z",
            "page=2",
            "facets=",
            "facets=status,title",
            "Status=OPEN",
        ] {
            assert!(incidents(&request(query)).is_err(), "{query}");
        }
        for query in [
            "status=OPEN",
            "incident_id=7",
            "environment=",
            "team=web",
            "updated_from=2026-11-02T00:00:00Z",
            "sort=updated_at",
        ] {
            assert!(alerts(&request(query)).is_err(), "{query}");
        }
    }
}
