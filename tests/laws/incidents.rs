//! The list of incidents agrees with a naive model.

use std::{cmp::Reverse, collections::BTreeMap};

use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use rstest::rstest;
use shared::{
    domain::{assignee::Assignee, incident::Incident, source::Source, status::Status, time::Time},
    listing::segments::{
        facets::FacetValues,
        order::OrderBy,
        query::Start,
        rows::{Field, Series},
    },
    service::list_incidents::ListIncidents,
};
use strum::VariantArray;

use super::{
    asked::{self, IncidentFilter, PageRequest, Range},
    history::{self, SERVICES, SEVERITIES, SOURCES, Sealing, TEAMS},
    paging::{assert_page, pages},
};

const INCIDENTS: usize = 150;

pub const FACETS: [Field; 6] =
    [Field::Status, Field::Severity, Field::Team, Field::Service, Field::Assignee, Field::Source];

fn names(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(all, 1..=2)]
        .prop_map(|names: Vec<&str>| names.into_iter().map(str::to_owned).collect())
}

fn time() -> impl Strategy<Value = Option<Time>> {
    let some = any::<u64>().prop_map(|seed| Some(history::some_time(&mut fastrand::Rng::with_seed(seed))));
    prop_oneof![2 => Just(None), 1 => some]
}

fn range() -> impl Strategy<Value = Range> {
    (time(), time()).prop_map(|(from, to)| match (from, to) {
        (Some(from), Some(to)) if from > to => Range { from: Some(to), to: Some(from) },
        (from, to) => Range { from, to },
    })
}

pub fn orders() -> Vec<OrderBy> {
    Series::Incidents.orders().iter().map(|(_, by)| *by).collect()
}

fn queries() -> impl Strategy<Value = (IncidentFilter, OrderBy)> {
    let statuses = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(Status::VARIANTS, 1..=3)];
    let severities = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(SEVERITIES.to_vec(), 1..=3)];
    let has_firing = prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(Some)];
    let assignees = subsequence(vec![None, Some("ada".to_owned()), Some("grace hopper".to_owned())], 1..=2);
    let assignees = prop_oneof![3 => Just(Vec::new()), 1 => assignees];
    let names = (names(&SERVICES), names(&TEAMS), names(&SOURCES), assignees);
    let order = proptest::sample::select(orders());
    (statuses, severities, names, has_firing, range(), range(), order).prop_map(
        |(statuses, severities, (services, teams, sources, assignees), has_firing, created, updated, order)| {
            let sources = sources.iter().map(|source| Source::named(source)).collect();
            let filter = IncidentFilter {
                statuses,
                severities,
                services,
                teams,
                sources,
                has_firing,
                assignees,
                created,
                updated,
            };
            (filter, order)
        },
    )
}

/// The number of incidents per value, in the order of the answer. The filter of the facet itself does not count.
fn facet_model(incidents: &[Incident], filter: &IncidentFilter, field: Field) -> FacetValues {
    let mut without = filter.clone();
    match field {
        Field::Status => without.statuses.clear(),
        Field::Severity => without.severities.clear(),
        Field::Team => without.teams.clear(),
        Field::Service => without.services.clear(),
        Field::Assignee => without.assignees.clear(),
        _ => without.sources.clear(),
    }
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for incident in without.model(incidents, OrderBy::CreatedAt, true) {
        let values: Vec<Option<String>> = match field {
            Field::Status => vec![Some(incident.status.to_string())],
            Field::Severity => vec![Some(incident.severity.to_string())],
            Field::Team => vec![incident.team.clone()],
            Field::Assignee => vec![incident.assignee.as_ref().map(Assignee::in_lower_case)],
            Field::Service if incident.services.is_empty() => vec![None],
            Field::Service => incident.services.iter().cloned().map(Some).collect(),
            _ if incident.sources.is_empty() => vec![None],
            _ => incident.sources.iter().map(|source| Some(source.to_string())).collect(),
        };
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut values: Vec<(Option<String>, u64)> = counts.into_iter().collect();
    values.sort_by_key(|(_, count)| Reverse(*count));
    FacetValues { field, values, omitted: 0 }
}

/// Asserts that a page with all facets is that of the model.
pub async fn assert_list(
    lister: &ListIncidents,
    incidents: &[Incident],
    (filter, by): (&IncidentFilter, OrderBy),
    request: &PageRequest,
    now: Time,
) {
    let page = asked::incidents(lister, (filter, by, &FACETS), request, now).await.expect("a page");
    assert_page(&page, request, &filter.model(incidents, by, request.ascending));
    let counted: Vec<FacetValues> = FACETS.iter().map(|field| facet_model(incidents, filter, *field)).collect();
    assert_eq!(page.facets, counted, "facets");
}

fn check(
    (seed, sealing): (u64, Sealing),
    cases: u32,
    law: &impl AsyncFn(&ListIncidents, &[Incident], (&IncidentFilter, OrderBy), &PageRequest),
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let incidents = history::incidents(&mut fastrand::Rng::with_seed(seed), INCIDENTS);
    let stack = runtime.block_on(history::stack_with(&incidents, &[], sealing));
    let lister = history::incident_lister(&stack);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) });
    let outcome = runner.run(&(queries(), pages(INCIDENTS)), |((filter, by), request)| {
        runtime.block_on(law(&lister, &incidents, (&filter, by), &request));
        Ok(())
    });
    runtime.block_on(stack.stop());
    outcome.unwrap_or_else(|failure| panic!("history {seed}: {failure}"));
}

#[rstest]
fn pages_and_totals_of_incidents_match_a_naive_model(
    #[values((1, Sealing::Rebuilt), (2, Sealing::Nothing), (3, Sealing::Half), (4, Sealing::Patched))] history: (
        u64,
        Sealing,
    ),
) {
    check(history, 60, &async |lister, incidents, query, request| {
        assert_list(lister, incidents, query, request, history::now()).await;
    });
}

#[test]
fn a_walk_by_cursor_visits_each_incident_once_in_order() {
    check((5, Sealing::Half), 30, &async |lister, incidents, (filter, by), request| {
        let expected = filter.model(incidents, by, request.ascending);
        let mut visited: Vec<Incident> = Vec::new();
        let limit = request.limit.max(5);
        let mut next = Some(PageRequest { start: Start::Offset(0), limit, ascending: request.ascending });
        while let Some(request) = next {
            let page = asked::incidents(lister, (filter, by, &[]), &request, history::now()).await.expect("a page");
            assert_eq!((page.total, page.offset), (expected.len() as u64, visited.len() as u64));
            next = request.after(&page);
            visited.extend(page.items);
        }
        assert_eq!(visited, expected);
    });
}
