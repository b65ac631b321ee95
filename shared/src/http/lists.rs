//! Reads the query parameters of the lists.

use super::{
    Parameters, Request,
    export::Format,
    filters,
    parameters::{whole_number, word},
    problem::Problem,
};
use crate::{
    domain::id::EntryId,
    listing::{
        cursor::{Cursor, InvalidCursor},
        page::ListQuery,
        quarantine::{EntryStart, QuarantineFilter, QuarantineQuery},
        segments::{
            filters::Filter,
            order::Order,
            query::{Query, Start},
            rows::Series,
        },
    },
    service::{list_alerts::AlertsQuery, redrive_quarantine::RedriveRequest},
};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// Reads the parameters of `GET /incidents`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn incidents(request: &Request) -> Result<ListQuery, Problem> {
    read_incidents(Parameters::of(request), Format::of(request))
}

/// Reads the same parameters from a query string.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn incidents_of(query: &str) -> Result<ListQuery, Problem> {
    read_incidents(Parameters::read(query), Format::Json)
}

fn read_incidents(mut parameters: Parameters, format: Format) -> Result<ListQuery, Problem> {
    let filter = filters::incidents(&mut parameters);
    finish(parameters, Series::Incidents, filter, format)
}

/// Reads the parameters of `GET /alerts`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn alerts(request: &Request) -> Result<AlertsQuery, Problem> {
    read_alerts(Parameters::of(request), Format::of(request))
}

/// Reads the same parameters from a query string.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn alerts_of(query: &str) -> Result<AlertsQuery, Problem> {
    read_alerts(Parameters::read(query), Format::Json)
}

fn read_alerts(mut parameters: Parameters, format: Format) -> Result<AlertsQuery, Problem> {
    let (filter, incidents) = filters::alerts(&mut parameters);
    Ok(AlertsQuery { asked: finish(parameters, Series::Alerts, filter, format)?, incidents })
}

/// Reads the parameters of `GET /quarantine`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn quarantine(request: &Request) -> Result<QuarantineQuery, Problem> {
    quarantine_of(request.uri().query().unwrap_or_default())
}

/// Reads the same parameters from a query string.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn quarantine_of(query: &str) -> Result<QuarantineQuery, Problem> {
    let mut parameters = Parameters::read(query);
    let filter =
        QuarantineFilter { kinds: parameters.many("kind", word), sources: parameters.many("source", filters::source) };
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
    redrive_of(request.uri().query().unwrap_or_default())
}

/// Reads the same parameters from a query string.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn redrive_of(query: &str) -> Result<RedriveList, Problem> {
    let mut parameters = Parameters::read(query);
    let filter =
        QuarantineFilter { kinds: parameters.some("kind", word), sources: parameters.many("source", filters::source) };
    let list = format!("redrive.{}", filter.list_key(true));
    let limit = limit(&mut parameters);
    let after = parameters.one("cursor", |value| {
        Cursor::decode(value, &list).and_then(|cursor| cursor.position.parse::<EntryId>().map_err(|_| InvalidCursor))
    });
    parameters.finish()?;
    Ok(RedriveList { request: RedriveRequest { filter, after, limit }, list })
}

fn finish(mut parameters: Parameters, series: Series, filter: Filter, format: Format) -> Result<ListQuery, Problem> {
    let facets = parameters.many("facets", |value| filters::facet(series, value));
    if !facets.is_empty() && format != Format::Json {
        parameters.error("facets", "cannot be combined with this Accept: only JSON has facets");
    }
    let order = parameters.one("sort", |value| {
        Order::read(series, value).ok_or_else(|| {
            let names: Vec<String> = series.orders().iter().map(|(name, _)| format!("{name}, -{name}")).collect();
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

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;
    use crate::{
        domain::time::Time,
        listing::segments::{
            query::Position,
            rows::{Field, RowId},
        },
    };

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
        for query in ["status=OPEN", "incident_id=7", "environment=", "has_firing=true", "sort=alert_count"] {
            assert!(alerts(&request(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn an_exclamation_mark_belongs_to_the_name_and_means_none_of_these() {
        let filter = |query: &str| incidents(&request(query)).unwrap().query.filter;
        let expected = Filter::default().none_of(Field::Service, &["-web", "shop"]).any_of(Field::Team, &["!infra"]);
        assert_eq!(filter("service!=-Web,shop&team=!infra").hash(), expected.hash());
        assert_eq!(filter("team=%21infra&service%21=shop&service!=-web").hash(), expected.hash());
        for query in ["service!", "service!=", "service!!=a", "!service=a", "has_firing!=true", "severity_min!=info"] {
            assert!(incidents(&request(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn a_search_is_for_words() {
        let filter = |query: &str| incidents(&request(query)).map(|list| list.query.filter);
        assert_eq!(filter("q=Disk+FULL%20web-1"), filter("q=web,1%20disk%2Cfull"));
        let too_many = (10..27).map(|word| word.to_string()).collect::<Vec<_>>().join("+");
        for query in ["q=", "q=--", "q=a&q=b", &format!("q={}", "x".repeat(201)), &format!("q={too_many}")] {
            assert!(filter(query).is_err(), "{query}");
        }
    }

    #[test]
    fn each_order_and_facet_of_a_series_can_be_asked_for() {
        for (name, _) in Series::Alerts.orders() {
            assert!(alerts(&request(&format!("sort=-{name}&facets=team,environment"))).is_ok(), "{name}");
        }
        for (name, _) in Series::Incidents.orders() {
            assert!(incidents(&request(&format!("sort={name}&facets=has_firing,service"))).is_ok(), "{name}");
        }
    }
}
