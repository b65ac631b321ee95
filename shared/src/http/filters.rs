//! Reads the filters of lists and statistics from query parameters.
//!
//! `service=a,b` asks for one of these values; `service!=a,b` for none of them. The exclamation mark belongs to the
//! name, so a value may begin with any character.

use std::fmt::Display;

use jiff::Timestamp;

use super::{
    Parameters,
    parameters::{name, word},
};
use crate::{
    domain::{
        alert_status::AlertStatus,
        assignee::NOBODY,
        id::IncidentId,
        severity::Severity,
        source::Source,
        status::Status,
        time::{InvalidTime, Time},
    },
    listing::segments::{
        filters::{Condition, Filter},
        rows::{Field, Number, Series},
        search::{MAX_QUERY_WORDS, query_words},
    },
    sources::SOURCES,
};

/// The longest text that is searched for, in characters.
const MAX_SEARCH: usize = 200;

/// The filters of incidents.
pub(super) fn incidents(parameters: &mut Parameters) -> Filter {
    let filter = values(parameters, Filter::default(), Field::Status, word::<Status>);
    let filter = assignees(parameters, filter);
    let filter = filter.any_of(Field::HasFiring, &Vec::from_iter(parameters.one("has_firing", yes_or_no)));
    of_both(parameters, filter)
}

/// The filters of alerts, and the incidents that they ask for, if they do.
pub(super) fn alerts(parameters: &mut Parameters) -> (Filter, Vec<IncidentId>) {
    let filter = values(parameters, Filter::default(), Field::Status, word::<AlertStatus>);
    let incidents: Vec<IncidentId> = parameters.many("incident_id", str::parse);
    let others: Vec<IncidentId> = parameters.many("incident_id!", str::parse);
    let filter = filter.any_of(Field::IncidentId, &incidents).none_of(Field::IncidentId, &others);
    (of_both(parameters, filter), incidents)
}

fn of_both(parameters: &mut Parameters, filter: Filter) -> Filter {
    let filter = values(parameters, filter, Field::Severity, word::<Severity>);
    let filter = values(parameters, filter, Field::Service, name);
    let filter = values(parameters, filter, Field::Source, source);
    let filter = values(parameters, filter, Field::Team, name);
    let filter = values(parameters, filter, Field::Environment, name);
    let filter = match parameters.one("severity_min", word::<Severity>) {
        Some(severity) => filter.at_least(severity),
        None => filter,
    };
    let filter = filter.words(&parameters.one("q", search).unwrap_or_default());
    let Range { from, to } = range(parameters, "created_from", "created_to");
    let filter = filter.created(from, to);
    let Range { from, to } = range(parameters, "updated_from", "updated_to");
    filter.between(Number::UpdatedAt, from, to)
}

/// The values that a field may have, and those that it may not have.
fn values<T: PartialEq + ToString, E: Display>(
    parameters: &mut Parameters,
    filter: Filter,
    field: Field,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Filter {
    let wanted = parameters.many(&field.to_string(), &parse);
    let unwanted = parameters.many(&format!("{field}!"), &parse);
    filter.any_of(field, &wanted).none_of(field, &unwanted)
}

/// Who works on the incidents. `nobody` is no name: it asks for those on which nobody does.
fn assignees(parameters: &mut Parameters, filter: Filter) -> Filter {
    let parse = |value: &str| name(value).map(|name| Some(name).filter(|name| name != NOBODY));
    let (wanted, unwanted) = (parameters.many("assignee", parse), parameters.many("assignee!", parse));
    let filter = filter.and(Condition::AnyOf { field: Field::Assignee, values: wanted });
    filter.and(Condition::NoneOf { field: Field::Assignee, values: unwanted })
}

/// The fields that lists count and statistics group by.
pub(super) const fn facets(series: Series) -> &'static [Field] {
    use Field::{Assignee, Environment, HasFiring, Service, Severity, Source, Status, Team};
    match series {
        Series::Alerts => &[Status, Severity, Team, Service, Source, Environment],
        Series::Incidents => &[Status, Severity, Team, Service, Source, Environment, Assignee, HasFiring],
    }
}

/// Parses one of [`facets`].
pub(super) fn facet(series: Series, value: &str) -> Result<Field, String> {
    let known = facets(series);
    let facet = known.iter().copied().find(|field| field.to_string().eq_ignore_ascii_case(value));
    let names = || known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    facet.ok_or_else(|| format!("must be one of {}", names()))
}

/// A range of times, both ends included. An end that is absent is unbounded.
struct Range {
    from: Option<Time>,
    to: Option<Time>,
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

pub(super) fn source(value: &str) -> Result<Source, String> {
    let names = SOURCES.iter().map(|source| source.name());
    match names.clone().find(|name| name.eq_ignore_ascii_case(value)) {
        Some(name) => Ok(Source::named(name)),
        None => Err(format!("must be one of {}", names.collect::<Vec<_>>().join(", "))),
    }
}

/// The words that are searched for.
fn search(value: &str) -> Result<Vec<String>, String> {
    if value.chars().count() > MAX_SEARCH {
        return Err(format!("must have at most {MAX_SEARCH} characters"));
    }
    match query_words(value) {
        words if words.is_empty() => Err("must contain a letter or a digit".to_owned()),
        words if words.len() > MAX_QUERY_WORDS => Err(format!("must have at most {MAX_QUERY_WORDS} words")),
        words => Ok(words),
    }
}
