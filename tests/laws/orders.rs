//! The order of arrival does not matter. The sources' times decide which alerts there are.

use proptest::{prelude::*, test_runner::TestRunner};
use shared::domain::{
    delivery::Delivery,
    event::{KeyScope, Transition},
    grouping::GroupingDecision,
};

use super::{
    batches::{Said, SourceFacts, rows, source_facts},
    history::{self, SEVERITIES},
};

/// What tells one kind of problem from another.
#[derive(Debug, Clone, Copy)]
struct Kind {
    number: u8,
    /// How many environments its events name.
    environments: u8,
    key_scope: KeyScope,
}

/// The events of a problem. They are few enough for a claim to remember all. Some have the same
/// time, and some state neither severity nor service nor environment.
fn problem(kind: Kind) -> impl Strategy<Value = Vec<Delivery>> {
    let minutes = 0_i64..40;
    let stated = (
        prop::option::weighted(0.7, 0_usize..4),
        prop::option::weighted(0.7, 0_u8..3),
        prop::option::weighted(0.7, 0..kind.environments),
    );
    let firings = proptest::collection::vec((minutes.clone(), stated), 0..=7);
    let resolutions = proptest::collection::vec(minutes, 0..=3);
    (firings, resolutions).prop_map(move |(firings, resolutions)| {
        let said = move |place: usize, minutes: i64| Said {
            key_scope: kind.key_scope,
            ..Said::firing(usize::from(kind.number) * 100 + place, kind.number, minutes, SEVERITIES[0])
        };
        let firings = firings.into_iter().enumerate().map(move |(place, (minutes, stated))| {
            let (severity, service, environment) = stated;
            let severity = severity.map(|severity| SEVERITIES[severity]);
            Said { severity, service, environment, ..said(place, minutes) }
        });
        let resolutions = resolutions.into_iter().enumerate();
        let resolutions = resolutions
            .map(move |(place, minutes)| Said { transition: Transition::Resolved, ..said(50 + place, minutes) });
        firings.chain(resolutions).map(|said| said.delivery()).collect()
    })
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let kind = |number, environments, key_scope| Kind { number, environments, key_scope };
    (
        problem(kind(1, 1, KeyScope::Problem)),
        problem(kind(2, 2, KeyScope::Problem)),
        problem(kind(3, 1, KeyScope::ProblemPerEnvironment)),
    )
        .prop_map(|(first, second, third)| [first, second, third].concat())
}

async fn facts(deliveries: &[Delivery], size: usize) -> Vec<SourceFacts> {
    let (alerts, _) = rows(deliveries, size).await;
    let mut facts: Vec<SourceFacts> = alerts.iter().map(source_facts).collect();
    facts.sort_by(|one, other| (&one.title, one.times).cmp(&(&other.title, other.times)));
    facts
}

fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config).run(strategy, test).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn alerts_do_not_depend_on_the_order_of_arrival_or_the_size_of_batches() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let orders = deliveries().prop_flat_map(|deliveries| {
        let shuffled = Just(deliveries.clone()).prop_shuffle();
        (Just(deliveries), shuffled, 1_usize..=10)
    });
    check(32, &orders, |(mut in_order, shuffled, size)| {
        in_order.sort_by_key(|delivery| match &delivery.content {
            shared::domain::delivery::Content::Event(event) => event.occurred_at,
            shared::domain::delivery::Content::Unreadable(_) => history::now(),
        });
        let (expected, found) = runtime.block_on(async { (facts(&in_order, 1).await, facts(&shuffled, size).await) });
        prop_assert_eq!(expected, found);
        Ok(())
    });
}

#[test]
fn every_order_of_arrival_of_an_episode_gives_the_same_alert() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let episode = [
        Said { severity: None, service: None, environment: None, ..Said::firing(1, 1, 3, SEVERITIES[1]) },
        Said { service: Some(1), environment: Some(1), ..Said::firing(2, 1, 5, SEVERITIES[3]) },
        Said { service: Some(2), environment: Some(1), ..Said::firing(3, 1, 5, SEVERITIES[2]) },
        Said { transition: Transition::Resolved, ..Said::firing(4, 1, 9, SEVERITIES[0]) },
    ]
    .map(|said| Said { key_scope: KeyScope::ProblemPerEnvironment, ..said }.delivery());
    let mut expected = None;
    for permutation in permutations(&episode) {
        let (alerts, incidents) = runtime.block_on(rows(&permutation, 4));
        let facts: Vec<SourceFacts> = alerts.iter().map(source_facts).collect();
        assert_eq!(facts.len(), 1);
        assert_eq!(*expected.get_or_insert_with(|| facts.clone()), facts);
        // An alert whose resolution arrived first opens nothing.
        let resolved_first = permutation[0] == episode[3];
        assert_eq!(incidents.is_empty(), resolved_first);
        let opened = alerts[0].report.grouping.decision == GroupingDecision::Opened;
        assert_eq!(opened, !resolved_first);
    }
}

fn permutations(deliveries: &[Delivery]) -> Vec<Vec<Delivery>> {
    let [first, rest @ ..] = deliveries else { return vec![Vec::new()] };
    let insert = |permutation: Vec<Delivery>| {
        (0..=permutation.len()).map(move |place| {
            let (before, after) = permutation.split_at(place);
            [before, std::slice::from_ref(first), after].concat()
        })
    };
    permutations(rest).into_iter().flat_map(insert).collect()
}
