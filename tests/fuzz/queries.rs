//! Arbitrary query strings: each is a valid request within its limits, or a problem that names
//! parameters.

use http::Request as HttpRequest;
use lambda_http::Body;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;
use shared::{
    domain::text::limits,
    http::{Request, lists, problem::Problem, stats},
    listing::segments::{filters::Condition, query::Query},
};

const NAMES: [&str; 22] = [
    "status",
    "severity",
    "service",
    "team",
    "source",
    "environment",
    "incident_id",
    "created_from",
    "created_to",
    "updated_from",
    "updated_to",
    "sort",
    "limit",
    "offset",
    "cursor",
    "unknown",
    "severity_min",
    "service!",
    "status!",
    "q",
    "facets",
    "interval",
];

const VALUES: [&str; 22] = [
    "OPEN",
    "firing",
    "critical,error",
    "web",
    "datadog",
    "200",
    "201",
    "-1",
    "0",
    "18446744073709551616",
    "2026-11-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "created_at",
    "-updated_at",
    ",",
    "",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "eyJwIjoiMSIsIm8iOjE4NDQ2NzQ0MDczNzA5NTUxNjE1LCJsIjoiIn0",
];

/// A part `name=value`. Most names are known, and some values are arbitrary bytes, percent-encoded.
fn part() -> impl Strategy<Value = String> {
    let encoded = prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| percent(&bytes));
    let name = prop_oneof![6 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => encoded.clone()];
    let value = prop_oneof![
        4 => prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned),
        2 => encoded,
        1 => (1_usize..300).prop_map(|count| (0..count).map(|value| format!("v{value}")).collect::<Vec<_>>().join(",")),
        1 => (1_usize..3000).prop_map(|count| "x".repeat(count)),
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

fn percent(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    })
}

fn request(query: &str) -> Request {
    HttpRequest::builder().uri(format!("https://api.example.com/?{query}")).body(Body::Empty).expect("a request")
}

fn check_problem(problem: Problem, query: &str) -> Result<(), TestCaseError> {
    let problem: Value = serde_json::to_value(problem).expect("a problem is JSON");
    let errors = problem["errors"].as_array().expect("errors");
    prop_assert!(!errors.is_empty() && problem["status"] == 400);
    prop_assert!(errors.iter().all(|error| error["parameter"].is_string() && error["message"].is_string()));
    prop_assert!(problem.to_string().len() <= 1_000 + 100 * query.len(), "{} bytes", problem.to_string().len());
    Ok(())
}

fn check_query(Query { filter, limit, .. }: &Query) -> Result<(), TestCaseError> {
    prop_assert!((1..=200).contains(limit));
    for condition in filter.conditions() {
        let (Condition::AnyOf { values, .. } | Condition::NoneOf { values, .. }) = condition else { continue };
        prop_assert!(values.len() <= 200);
        prop_assert!(values.iter().flatten().all(|value| !value.is_empty() && value.chars().count() <= limits::NAME));
    }
    Ok(())
}

fn check(query: &str) -> Result<(), TestCaseError> {
    match lists::incidents(&request(query)) {
        Ok(list) => check_query(&list.query)?,
        Err(problem) => check_problem(problem, query)?,
    }
    match lists::alerts(&request(query)) {
        Ok(list) => check_query(&list.asked.query)?,
        Err(problem) => check_problem(problem, query)?,
    }
    match stats::alerts(&request(query)) {
        Ok(query) => prop_assert!(query.problems <= 100),
        Err(problem) => check_problem(problem, query)?,
    }
    match lists::quarantine(&request(query)) {
        Ok(list) => prop_assert!((1..=200).contains(&list.limit)),
        Err(problem) => check_problem(problem, query)?,
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_query_string_is_a_valid_request_or_a_problem_that_names_parameters(
        parts in prop::collection::vec(part(), 0..6),
    ) {
        check(&parts.join("&"))?;
    }

    #[test]
    fn any_characters_of_a_uri_are_answered(query in "[!$-;=?-~]{0,400}") {
        check(&query)?;
    }
}

#[rstest]
#[case::unknown("a&".repeat(30_000))]
#[case::known("service=x&".repeat(6_000))]
#[case::single("limit=1&".repeat(7_000))]
#[case::commas(",".repeat(60_000))]
fn thousands_of_parameters_are_answered(#[case] query: String) {
    check(&query).unwrap();
}
