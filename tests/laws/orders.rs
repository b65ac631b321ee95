//! The order of arrival does not matter: alerts are what the sources' times make of their deliveries.

use proptest::{prelude::*, test_runner::TestRunner};
use shared::domain::{delivery::Delivery, grouping::GroupingDecision};

use super::{
    batches::{SourceFacts, delivery, rows, source_facts},
    history::{self, SEVERITIES},
};

/// A problem's deliveries, few enough that all of them are remembered; some at the same time.
fn problem(number: u8) -> impl Strategy<Value = Vec<Delivery>> {
    let minutes = 0_i64..40;
    let firing = (minutes.clone(), 0_usize..4, 0_u8..3);
    let firings = proptest::collection::vec(firing, 0..=7);
    let recoveries = proptest::collection::vec(minutes, 0..=3);
    (firings, recoveries).prop_map(move |(firings, recoveries)| {
        let identity = |place: usize| usize::from(number) * 100 + place;
        let firings = firings.into_iter().enumerate().map(move |(place, (minutes, severity, service))| {
            delivery(identity(place), number, service, minutes, SEVERITIES[severity], false)
        });
        let recoveries = recoveries
            .into_iter()
            .enumerate()
            .map(move |(place, minutes)| delivery(identity(50 + place), number, 0, minutes, SEVERITIES[0], true));
        firings.chain(recoveries).collect()
    })
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    (problem(1), problem(2), problem(3)).prop_map(|(first, second, third)| [first, second, third].concat())
}

async fn facts(deliveries: &[Delivery], size: usize) -> Vec<SourceFacts> {
    let (alerts, _) = rows(deliveries, size).await;
    let mut facts: Vec<SourceFacts> = alerts.iter().map(source_facts).collect();
    facts.sort_by(|one, other| (&one.0, one.3).cmp(&(&other.0, other.3)));
    facts
}

fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config).run(strategy, test).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn in_every_order_and_in_batches_of_every_size_the_alerts_are_the_same() {
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
fn every_permutation_of_one_episode_makes_the_same_alert() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let episode = [
        delivery(1, 1, 0, 3, SEVERITIES[1], false),
        delivery(2, 1, 1, 5, SEVERITIES[3], false),
        delivery(3, 1, 2, 5, SEVERITIES[3], false),
        delivery(4, 1, 0, 9, SEVERITIES[0], true),
    ];
    let mut expected = None;
    for permutation in permutations(&episode) {
        let (alerts, incidents) = runtime.block_on(rows(&permutation, 4));
        let facts: Vec<SourceFacts> = alerts.iter().map(source_facts).collect();
        assert_eq!(facts.len(), 1);
        assert_eq!(*expected.get_or_insert_with(|| facts.clone()), facts);
        // What has recovered before it arrives opens nothing.
        let recovered_first = permutation[0] == episode[3];
        assert_eq!(incidents.is_empty(), recovered_first);
        let opened = alerts[0].report.grouping.decision == GroupingDecision::Opened;
        assert_eq!(opened, !recovered_first);
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
