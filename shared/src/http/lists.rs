//! Reads the query parameters of the lists.

use jiff::Timestamp;

use super::{
    Parameters, Request,
    parameters::{name, whole_number, word},
    problem::Problem,
};
use crate::{
    domain::{
        alert_status::AlertStatus,
        id::IncidentId,
        severity::Severity,
        source::Source,
        status::Status,
        time::{InvalidTime, Time},
    },
    listing::{
        cursor::{Cursor, InvalidCursor},
        page::ListQuery,
        quarantine::{EntryStart, QuarantineFilter, QuarantineQuery},
        segments::{
            filters::Filter,
            order::Order,
            query::{Query, Start},
            rows::{Field, Number, Series},
        },
    },
    service::list_alerts::AlertsQuery,
    sources::SOURCES,
};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// Reads the parameters of `GET /incidents`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn incidents(request: &Request) -> Result<ListQuery, Problem> {
    let mut parameters = Parameters::of(request);
    let facets = parameters.many("facets", facet);
    let filter = Filter::default()
        .any_of(Field::Status, &parameters.many("status", word::<Status>))
        .any_of(Field::Severity, &parameters.many("severity", word::<Severity>))
        .any_of(Field::Service, &parameters.many("service", name))
        .any_of(Field::Team, &parameters.many("team", name))
        .any_of(Field::Source, &parameters.many("source", source))
        .any_of(Field::HasFiring, &Vec::from_iter(parameters.one("has_firing", yes_or_no)));
    let (from, to) = range(&mut parameters, "created_from", "created_to");
    let filter = filter.created(from, to);
    let (from, to) = range(&mut parameters, "updated_from", "updated_to");
    let filter = filter.between(Number::UpdatedAt, from, to);
    finish(parameters, Series::Incidents, (filter, facets), &["created_at", "updated_at"])
}

/// Reads the parameters of `GET /alerts`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn alerts(request: &Request) -> Result<AlertsQuery, Problem> {
    let mut parameters = Parameters::of(request);
    let incidents: Vec<IncidentId> = parameters.many("incident_id", str::parse);
    let filter = Filter::default()
        .any_of(Field::Source, &parameters.many("source", source))
        .any_of(Field::Severity, &parameters.many("severity", word::<Severity>))
        .any_of(Field::Service, &parameters.many("service", name))
        .any_of(Field::Environment, &parameters.many("environment", name))
        .any_of(Field::Status, &parameters.many("status", word::<AlertStatus>))
        .any_of(Field::IncidentId, &incidents);
    let (from, to) = range(&mut parameters, "created_from", "created_to");
    let asked = finish(parameters, Series::Alerts, (filter.created(from, to), Vec::new()), &["created_at"])?;
    Ok(AlertsQuery { asked, incidents })
}

/// Reads the parameters of `GET /quarantine`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn quarantine(request: &Request) -> Result<QuarantineQuery, Problem> {
    let mut parameters = Parameters::of(request);
    let filter = QuarantineFilter { kinds: parameters.many("kind", word), sources: parameters.many("source", source) };
    let sort = parameters.one("sort", |value| match value {
        "created_at" => Ok(true),
        "-created_at" => Ok(false),
        _ => Err("must be one of created_at, -created_at"),
    });
    let ascending = sort.unwrap_or(false);
    let list = filter.list_key(ascending);
    let limit = limit(&mut parameters);
    let start =
        start(&mut parameters, &list, EntryStart::Offset, |position| Some(EntryStart::After(position.parse().ok()?)));
    parameters.finish()?;
    Ok(QuarantineQuery { filter, ascending, start, limit, list })
}

fn finish(
    mut parameters: Parameters,
    series: Series,
    (filter, facets): (Filter, Vec<Field>),
    sorts: &[&str],
) -> Result<ListQuery, Problem> {
    let order = parameters.one("sort", |value| {
        let is_known = sorts.contains(&value.strip_prefix('-').unwrap_or(value));
        let order = is_known.then(|| Order::read(series, value)).flatten();
        order.ok_or_else(|| {
            let names: Vec<String> = sorts.iter().map(|name| format!("{name}, -{name}")).collect();
            format!("must be one of {}", names.join(", "))
        })
    });
    let order = order.unwrap_or(Order::NEWEST_FIRST);
    let list = format!("{series}.{}.{}", order.name(series), filter.hash());
    let limit = limit(&mut parameters);
    let start = start(&mut parameters, &list, Start::Offset, |position| Some(Start::After(position.parse().ok()?)));
    parameters.finish()?;
    Ok(ListQuery { query: Query { filter, order, start, limit, facets }, list })
}

fn limit(parameters: &mut Parameters) -> usize {
    let limit = parameters.one("limit", |value| match whole_number(value) {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(format!("must be a whole number from 1 to {MAX_LIMIT}")),
    });
    usize::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX)
}

/// Where a page starts: after a number of rows, or after the position in a cursor.
fn start<S>(
    parameters: &mut Parameters,
    list: &str,
    offset: impl Fn(u64) -> S,
    after: impl Fn(&str) -> Option<S>,
) -> S {
    let skipped = parameters.one("offset", whole_number);
    let cursor = parameters.one("cursor", |value| {
        let cursor = Cursor::decode(value, list)?;
        after(&cursor.position).ok_or(InvalidCursor)
    });
    if cursor.is_some() && skipped.is_some() {
        parameters.error("offset", "cannot be combined with cursor");
    }
    cursor.unwrap_or_else(|| offset(skipped.unwrap_or(0)))
}

fn facet(value: &str) -> Result<Field, String> {
    let known = [Field::Status, Field::Severity, Field::Team, Field::Service, Field::Source];
    let facet = known.into_iter().find(|field| field.to_string().eq_ignore_ascii_case(value));
    facet.ok_or_else(|| format!("must be one of {}", known.map(|field| field.to_string()).join(", ")))
}

/// A range of times, both ends included. An end that is absent is unbounded.
fn range(parameters: &mut Parameters, from_name: &str, to_name: &str) -> (Option<Time>, Option<Time>) {
    let from = parameters.one(from_name, timestamp);
    let to = parameters.one(to_name, timestamp);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        parameters.error(from_name, format!("must not be after {to_name}"));
    }
    (from.map(first_millisecond), to.map(Time::from))
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
    use crate::listing::segments::{query::Position, rows::RowId};

    fn request(query: &str) -> Request {
        let request = lambda_http::http::Request::builder().uri(format!("https://api.example.com/incidents?{query}"));
        request.body(Body::Empty).unwrap()
    }

    #[test]
    fn defaults_are_the_first_page_newest_first() {
        let list = incidents(&request("")).unwrap();
        let first = Query {
            filter: Filter::default(),
            order: Order::NEWEST_FIRST,
            start: Start::Offset(0),
            limit: 50,
            facets: Vec::new(),
        };
        assert_eq!(list.query, first);
    }

    #[test]
    fn ranges_are_inclusive_to_the_microsecond() {
        let list =
            incidents(&request("created_from=2026-11-01T00:00:00.0001Z&created_to=2026-11-01T02:00:00.9999+02:00"))
                .unwrap();
        let at = |text: &str| Some(text.parse::<Time>().unwrap());
        let expected = Filter::default().created(at("2026-11-01T00:00:00.001Z"), at("2026-11-01T00:00:00.999Z"));
        assert_eq!(list.query.filter, expected);
    }

    #[test]
    fn times_beyond_every_history_are_bounds_like_others() {
        let list = incidents(&request("created_from=0001-01-01T00:00:00Z&created_to=9999-12-31T23:59:59Z")).unwrap();
        assert_eq!(list.query.filter, Filter::default().created(Some(Time::EARLIEST), Some(Time::LATEST)));
        assert!(
            incidents(&request("created_from=2026-11-01T00:00:00.0005Z&created_to=2026-11-01T00:00:00.0009Z")).is_ok()
        );
    }

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let list = incidents(&request("status=open&limit=1")).unwrap();
        let position = Position { value: 7, id: RowId::new(7, 7) }.to_string();
        let cursor = Cursor { position, list: list.list }.encode();
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
