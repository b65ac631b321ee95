//! The list of alerts agrees with a naive model.

use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use rstest::rstest;
use shared::{
    domain::{alert::Alert, alert_status::AlertStatus, source::Source},
    listing::segments::{
        order::OrderBy,
        query::Start,
        rows::{Number, Series},
    },
    service::list_alerts::ListAlerts,
};

use super::{
    asked::{self, AlertFilter, PageRequest, Range},
    history::{self, ENVIRONMENTS, SERVICES, SEVERITIES, SOURCES, Sealing},
    paging::{assert_page, pages},
};

const ALERTS: usize = 200;

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

fn orders() -> impl Strategy<Value = OrderBy> {
    // `updated_at` of an alert is not stored.
    let orders = Series::Alerts.orders().iter().map(|(_, by)| *by);
    let orders: Vec<OrderBy> = orders.filter(|by| *by != OrderBy::Number(Number::UpdatedAt)).collect();
    proptest::sample::select(orders)
}

#[rstest]
fn pages_totals_and_walks_of_alerts_match_a_naive_model(
    #[values(Sealing::Rebuilt, Sealing::Nothing, Sealing::Half, Sealing::Patched)] sealing: Sealing,
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let alerts = history::alerts(&mut fastrand::Rng::with_seed(7), ALERTS);
    let stack = runtime.block_on(history::stack_with(&[], &alerts, sealing));
    let lister = history::alert_lister(&stack);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) });
    let outcome = runner.run(&(filters(&alerts), orders(), pages(ALERTS)), |(filter, by, request)| {
        let expected = filter.model(&alerts, by, request.ascending);
        runtime.block_on(async {
            let page = asked::alerts(&lister, (&filter, by), &request, history::now()).await.expect("a page");
            assert_page(&page, &request, &expected);
            assert_eq!(walk(&lister, (&filter, by), request.ascending).await, expected);
        });
        Ok(())
    });
    runtime.block_on(stack.stop());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Most alerts are created within one hour.
#[test]
fn pages_of_alerts_within_a_crowded_hour_match_a_naive_model() {
    const CROWD: usize = 2_600;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let alerts = history::alerts_at(&mut fastrand::Rng::with_seed(3), CROWD, |random| match random.u8(..12) {
        0 => history::some_time(random),
        _ => history::at("2126-02-10T10:00:00Z").plus_millis(random.i64(0..3_600_000)),
    });
    let stack = runtime.block_on(history::stack_with(&[], &alerts, Sealing::Rebuilt));
    let lister = history::alert_lister(&stack);
    let mut random = fastrand::Rng::with_seed(4);
    let critical = AlertFilter { severities: vec![SEVERITIES[3]], ..AlertFilter::default() };
    for filter in [AlertFilter::default(), critical] {
        for _ in 0..20 {
            let ascending = random.bool();
            let expected = filter.model(&alerts, OrderBy::CreatedAt, ascending);
            let offset = random.u64(0..=expected.len() as u64);
            let request = PageRequest { limit: random.usize(1..=200), start: Start::Offset(offset), ascending };
            let list = (&filter, OrderBy::CreatedAt);
            let page = runtime.block_on(asked::alerts(&lister, list, &request, history::now())).expect("a page");
            assert_page(&page, &request, &expected);
        }
    }
    runtime.block_on(stack.stop());
}

async fn walk(lister: &ListAlerts, list: (&AlertFilter, OrderBy), ascending: bool) -> Vec<Alert> {
    let mut visited = Vec::new();
    let mut next = Some(PageRequest { start: Start::Offset(0), limit: 37, ascending });
    while let Some(request) = next {
        let page = asked::alerts(lister, list, &request, history::now()).await.expect("a page");
        assert_eq!(page.offset, visited.len() as u64, "offset");
        next = request.after(&page);
        visited.extend(page.items);
    }
    visited
}
