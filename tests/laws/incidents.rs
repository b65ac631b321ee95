//! The list of incidents agrees with a naive model.

use std::{cmp::Reverse, collections::BTreeMap};

use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use rstest::rstest;
use shared::{
    domain::{incident::Incident, source::Source, status::Status, time::Time},
    listing::{
        facets::{Facet, FacetValues},
        incidents::{IncidentFilter, IncidentOrder},
        page::{PageRequest, Start},
        plan::Range,
    },
    service::list_incidents::{IncidentQuery, ListIncidents, ListedIncidents},
};
use strum::VariantArray;

use super::{
    history::{self, SERVICES, SEVERITIES, SOURCES, TEAMS},
    paging::{assert_page, pages},
};

const INCIDENTS: usize = 150;
const LIST: &str = "list";

pub type Query = (IncidentFilter, IncidentOrder);

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

pub fn queries() -> impl Strategy<Value = Query> {
    let statuses = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(Status::VARIANTS, 1..=3)];
    let severities = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(SEVERITIES.to_vec(), 1..=3)];
    let order = prop_oneof![Just(IncidentOrder::Created), Just(IncidentOrder::Updated)];
    let has_firing = prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(Some)];
    let names = (names(&SERVICES), names(&TEAMS), names(&SOURCES));
    (statuses, severities, names, has_firing, range(), range(), order).prop_map(
        |(statuses, severities, (services, teams, sources), has_firing, created, updated, order)| {
            let sources = sources.iter().map(|source| Source::named(source)).collect();
            (IncidentFilter { statuses, severities, services, teams, sources, has_firing, created, updated }, order)
        },
    )
}

/// All incidents that match, in the order of the list.
pub fn model(incidents: &[Incident], (filter, order): &Query, ascending: bool) -> Vec<Incident> {
    let within =
        |range: &Range, at: Time| range.from.is_none_or(|from| from <= at) && range.to.is_none_or(|to| at <= to);
    let mut list: Vec<Incident> = incidents
        .iter()
        .filter(|incident| filter.statuses.is_empty() || filter.statuses.contains(&incident.status))
        .filter(|incident| filter.severities.is_empty() || filter.severities.contains(&incident.severity))
        .filter(|incident| {
            filter.services.is_empty() || incident.services.iter().any(|service| filter.services.contains(service))
        })
        .filter(|incident| {
            filter.teams.is_empty() || incident.team.as_ref().is_some_and(|team| filter.teams.contains(team))
        })
        .filter(|incident| {
            filter.sources.is_empty() || incident.sources.iter().any(|source| filter.sources.contains(source))
        })
        .filter(|incident| filter.has_firing.is_none_or(|fires| fires == (incident.firing_alert_count > 0)))
        .filter(|incident| within(&filter.created, incident.created_at) && within(&filter.updated, incident.updated_at))
        .cloned()
        .collect();
    list.sort_by_key(|incident| match order {
        IncidentOrder::Created => (incident.created_at, incident.id),
        IncidentOrder::Updated => (incident.updated_at, incident.id),
    });
    if !ascending {
        list.reverse();
    }
    list
}

/// The number of incidents per value, in the order of the answer.
fn facet_model(incidents: &[Incident], facet: Facet) -> FacetValues {
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for incident in incidents {
        let values: Vec<Option<String>> = match facet {
            Facet::Status => vec![Some(incident.status.to_string())],
            Facet::Severity => vec![Some(incident.severity.to_string())],
            Facet::Team => vec![incident.team.clone()],
            Facet::Service if incident.services.is_empty() => vec![None],
            Facet::Service => incident.services.iter().cloned().map(Some).collect(),
            Facet::Source if incident.sources.is_empty() => vec![None],
            Facet::Source => incident.sources.iter().map(|source| Some(source.to_string())).collect(),
        };
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut values: Vec<(Option<String>, u64)> = counts.into_iter().collect();
    values.sort_by_key(|(_, count)| Reverse(*count));
    FacetValues { facet, values, omitted: 0 }
}

/// Asserts that a page with all facets is that of the model.
pub async fn assert_list(
    lister: &ListIncidents,
    incidents: &[Incident],
    (query, request): (&Query, &PageRequest),
    now: Time,
) {
    let asked = IncidentQuery { filter: query.0.clone(), order: query.1, facets: Facet::VARIANTS.to_vec() };
    let ListedIncidents { page, facets } = lister.list(&asked, request, LIST, now).await.expect("a page");
    let expected = model(incidents, query, request.ascending);
    assert_page(&page, request, &expected);
    let counted: Vec<FacetValues> = Facet::VARIANTS.iter().map(|facet| facet_model(&expected, *facet)).collect();
    assert_eq!(facets, counted, "facets");
}

fn check(seed: u64, cases: u32, law: &impl AsyncFn(&ListIncidents, &[Incident], &Query, &PageRequest)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let incidents = history::incidents(&mut fastrand::Rng::with_seed(seed), INCIDENTS);
    let stack = runtime.block_on(history::stack_with(&incidents, &[]));
    let lister = history::incident_lister(&stack);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) });
    let outcome = runner.run(&(queries(), pages(INCIDENTS)), |(query, request)| {
        runtime.block_on(law(&lister, &incidents, &query, &request));
        Ok(())
    });
    runtime.block_on(stack.stop());
    outcome.unwrap_or_else(|failure| panic!("history {seed}: {failure}"));
}

#[rstest]
fn pages_and_totals_of_incidents_match_a_naive_model(#[values(1, 2, 3)] seed: u64) {
    check(seed, 80, &async |lister, incidents, (filter, order), request| {
        let query = (filter.clone(), *order);
        assert_list(lister, incidents, (&query, request), history::now()).await;
    });
}

#[test]
fn a_walk_by_cursor_visits_each_incident_once_in_order() {
    check(4, 30, &async |lister, incidents, (filter, order), request| {
        let expected = model(incidents, &(filter.clone(), *order), request.ascending);
        let asked = IncidentQuery { filter: filter.clone(), order: *order, facets: Vec::new() };
        let mut visited: Vec<Incident> = Vec::new();
        let mut request = PageRequest { start: Start::Offset(0), limit: request.limit.max(5), ..request.clone() };
        loop {
            let page = lister.list(&asked, &request, LIST, history::now()).await.expect("a page").page;
            assert_eq!((page.total, page.offset), (expected.len() as u64, visited.len() as u64));
            visited.extend(page.items);
            match page.next_cursor {
                Some(cursor) => request.start = Start::Cursor(cursor),
                None => break,
            }
        }
        assert_eq!(visited, expected);
    });
}
