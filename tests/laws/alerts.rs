//! The list of alerts against a naive model.

use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use shared::{
    domain::{alert::Alert, alert_status::AlertStatus, severity::Severity, source::Source, time::Time},
    listing::{
        alerts::AlertFilter,
        page::{PageRequest, Start},
        plan::Range,
    },
    service::list_alerts::ListAlerts,
};

use super::{
    history::{self, ENVIRONMENTS, SERVICES, SEVERITIES, SOURCES},
    paging::{assert_page, pages},
};

const ALERTS: usize = 200;
const LIST: &str = "list";

fn names(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(all, 1..=2)]
        .prop_map(|names: Vec<&str>| names.into_iter().map(str::to_owned).collect())
}

fn some<T: Clone + std::fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(all, 1..=2)]
}

fn filters(alerts: &[Alert]) -> impl Strategy<Value = AlertFilter> + use<> {
    let mut incidents: Vec<_> = alerts.iter().filter_map(|alert| alert.state.incident_id).collect();
    incidents.sort_unstable();
    incidents.dedup();
    let incidents = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(incidents, 1..=3)];
    let bound = prop_oneof![
        2 => Just(None),
        1 => any::<u64>().prop_map(|seed| Some(history::some_time(&mut fastrand::Rng::with_seed(seed)))),
    ];
    let severities = some(&SEVERITIES);
    let statuses = some(&[AlertStatus::Firing, AlertStatus::Resolved]);
    (names(&SOURCES), severities, names(&SERVICES), names(&ENVIRONMENTS), statuses, incidents, bound.clone(), bound)
        .prop_map(|(sources, severities, services, environments, statuses, incidents, from, to)| AlertFilter {
            sources: sources.iter().map(|source| Source::named(source)).collect(),
            severities,
            services,
            environments,
            statuses,
            incidents,
            created: Range { from, to },
        })
}

/// The whole list, one alert after the other.
pub fn model(alerts: &[Alert], filter: &AlertFilter, ascending: bool) -> Vec<Alert> {
    fn asked<T: PartialEq>(values: &[T], value: &T) -> bool {
        values.is_empty() || values.contains(value)
    }
    let within =
        |at: Time| filter.created.from.is_none_or(|from| from <= at) && filter.created.to.is_none_or(|to| at <= to);
    let mut list: Vec<Alert> = alerts
        .iter()
        .filter(|alert| asked(&filter.sources, &alert.state.source))
        .filter(|alert| asked(&filter.severities, &alert.state.severity))
        .filter(|alert| {
            filter.services.is_empty()
                || alert.state.service.as_ref().is_some_and(|service| filter.services.contains(service))
        })
        .filter(|alert| asked(&filter.environments, &alert.state.environment))
        .filter(|alert| asked(&filter.statuses, &alert.state.status))
        .filter(|alert| {
            filter.incidents.is_empty() || alert.state.incident_id.is_some_and(|id| filter.incidents.contains(&id))
        })
        .filter(|alert| within(alert.created_at()))
        .cloned()
        .collect();
    list.sort_by_key(|alert| (alert.created_at(), alert.id));
    if !ascending {
        list.reverse();
    }
    list
}

#[test]
fn pages_totals_and_walks_are_those_of_the_naive_model() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let alerts = history::alerts(&mut fastrand::Rng::with_seed(7), ALERTS);
    let stack = runtime.block_on(history::stack_with(&[], &alerts));
    let lister = history::alert_lister(&stack);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) });
    let outcome = runner.run(&(filters(&alerts), pages(ALERTS)), |(filter, request)| {
        let expected = model(&alerts, &filter, request.ascending);
        runtime.block_on(async {
            let page = lister.list(&filter, &request, LIST, history::now()).await.expect("a page");
            assert_page(&page, &request, &expected);
            assert_eq!(walk(&lister, &filter, request.ascending).await, expected);
        });
        Ok(())
    });
    runtime.block_on(stack.stop());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Most of a history within an hour: what is remembered of it is where every so-many-th row is.
#[test]
fn pages_within_a_crowded_hour_are_those_of_the_naive_model() {
    const CROWD: usize = 2_600;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let alerts = history::alerts_at(&mut fastrand::Rng::with_seed(3), CROWD, |random| match random.u8(..12) {
        0 => history::some_time(random),
        _ => history::at("2126-02-10T10:00:00Z").plus_millis(random.i64(0..3_600_000)),
    });
    let stack = runtime.block_on(history::stack_with(&[], &alerts));
    let lister = history::alert_lister(&stack);
    let mut random = fastrand::Rng::with_seed(4);
    let critical = AlertFilter { severities: vec![Severity::Critical], ..AlertFilter::default() };
    for filter in [AlertFilter::default(), critical] {
        for _ in 0..40 {
            let ascending = random.bool();
            let expected = model(&alerts, &filter, ascending);
            let offset = random.u64(0..=expected.len() as u64);
            let request = PageRequest { limit: random.usize(1..=200), start: Start::Offset(offset), ascending };
            let page = runtime.block_on(lister.list(&filter, &request, LIST, history::now())).expect("a page");
            assert_page(&page, &request, &expected);
            if let Some(cursor) = page.next_cursor {
                let rest = &expected[usize::try_from(cursor.offset).expect("a place in the list")..];
                let request = PageRequest { start: Start::Cursor(cursor), ..request };
                let page = runtime.block_on(lister.list(&filter, &request, LIST, history::now())).expect("a page");
                assert_eq!(page.items, rest[..rest.len().min(request.limit)]);
            }
        }
    }
    runtime.block_on(stack.stop());
}

async fn walk(lister: &ListAlerts, filter: &AlertFilter, ascending: bool) -> Vec<Alert> {
    let mut visited = Vec::new();
    let mut request = PageRequest { start: Start::Offset(0), limit: 37, ascending };
    loop {
        let page = lister.list(filter, &request, LIST, history::now()).await.expect("a page");
        visited.extend(page.items);
        match page.next_cursor {
            Some(cursor) => request.start = Start::Cursor(cursor),
            None => return visited,
        }
    }
}
