use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};

use super::*;

/// What a delivery says: whether it fires, when, how bad it is.
type Said = (bool, i64, Severity);

const SEVERITIES: [Severity; 3] = [Severity::Warning, Severity::Error, Severity::Critical];

fn at(millis: i64) -> Time {
    Time::from_millis(1_700_000_000_000 + millis).unwrap()
}

fn key(number: usize, (_, millis, _): Said) -> EventKey {
    EventKey { at: at(millis), delivery_id: DeliveryId::new(format!("delivery-{number:03}")) }
}

/// What is known after deliveries arrived in this order, as the worker lets them take effect.
fn fold(deliveries: &[(usize, Said)]) -> Episodes {
    fold_all(deliveries).0
}

/// The same, and the occurrences of all alerts, of those that are forgotten, too.
fn fold_all(deliveries: &[(usize, Said)]) -> (Episodes, BTreeMap<AlertId, u64>) {
    let mut ids = 0..;
    let mut known = Episodes::default();
    let mut all = BTreeMap::new();
    let mut begin = |base: Firings, recent: Vec<Firing>, resolved_at: Option<Time>| Episode {
        alert_id: AlertId::numbered(at(0), ids.next().unwrap_or_default()),
        incident_id: None,
        resolved_at,
        base,
        recent,
    };
    for (number, said) in deliveries {
        let key = key(*number, *said);
        let transition = if said.0 { Transition::Firing } else { Transition::Resolved };
        let changed = match known.step(transition, key.clone(), said.2) {
            Step::Begin { resolved_at } => {
                vec![begin(Firings::of(&Firing { key, severity: said.2 }), Vec::new(), resolved_at)]
            }
            Step::Repeat(episode) | Step::Resolve(episode) => vec![episode],
            Step::Split { ended, rest } => {
                vec![ended, begin(Firings::of(&rest.first), rest.others, rest.resolved_at)]
            }
            Step::Remember => {
                known.remember(key.at);
                Vec::new()
            }
            Step::Nothing => Vec::new(),
        };
        for episode in changed {
            all.insert(episode.alert_id, episode.firings().occurrences);
            known.put(episode);
        }
    }
    (known, all)
}

fn alerts(known: &Episodes) -> Vec<(Firings, Option<Time>)> {
    known.episodes.iter().map(|episode| (episode.firings(), episode.resolved_at)).collect()
}

/// The alerts that deliveries make, by the definition: firing deliveries with the same next resolution are one alert.
fn model(deliveries: &[(usize, Said)]) -> Vec<(Firings, Option<Time>)> {
    let resolutions: BTreeSet<Time> =
        deliveries.iter().filter(|(_, said)| !said.0).map(|(_, said)| at(said.1)).collect();
    let mut alerts: BTreeMap<Time, (Firings, Option<Time>)> = BTreeMap::new();
    for (number, said) in deliveries.iter().filter(|(_, said)| said.0) {
        let firing = Firings::of(&Firing { key: key(*number, *said), severity: said.2 });
        let end = resolutions.range(at(said.1)..).next().copied();
        let alert = alerts.remove(&end.unwrap_or(Time::LATEST));
        let firings = alert.map_or(firing.clone(), |(firings, _)| firings.and(firing));
        alerts.insert(end.unwrap_or(Time::LATEST), (firings, end));
    }
    alerts.into_values().collect()
}

fn fires(millis: i64) -> Said {
    (true, millis, Severity::Error)
}

fn resolves(millis: i64) -> Said {
    (false, millis, Severity::Info)
}

fn numbered(deliveries: &[Said]) -> Vec<(usize, Said)> {
    deliveries.iter().copied().enumerate().collect()
}

/// Occurrences, first and last time of firing, and resolution of each alert, earliest first.
fn summary(deliveries: &[Said]) -> Vec<(u64, i64, i64, Option<i64>)> {
    let millis = |time: Time| time.as_millis() - at(0).as_millis();
    alerts(&fold(&numbered(deliveries)))
        .into_iter()
        .map(|(firings, resolved_at)| {
            let (first, last) = (millis(firings.first.at), millis(firings.last_seen_at));
            (firings.occurrences, first, last, resolved_at.map(millis))
        })
        .collect()
}

#[test]
fn the_first_delivery_begins_and_later_ones_are_counted() {
    assert_eq!(summary(&[fires(0), fires(20), fires(5)]), [(3, 0, 20, None)]);
}

#[test]
fn a_resolution_ends_what_fired_until_then() {
    assert_eq!(summary(&[fires(0), fires(10), resolves(10)]), [(2, 0, 10, Some(10))]);
    assert_eq!(summary(&[resolves(10), fires(10)]), [(1, 10, 10, Some(10))]);
    assert_eq!(summary(&[fires(10), resolves(9)]), [(1, 10, 10, None)]);
}

#[test]
fn after_the_resolution_it_is_a_new_alert_and_before_it_a_late_repeat() {
    assert_eq!(summary(&[fires(0), resolves(15), fires(16)]), [(1, 0, 0, Some(15)), (1, 16, 16, None)]);
    assert_eq!(summary(&[fires(0), resolves(15), fires(12)]), [(2, 0, 12, Some(15))]);
    assert_eq!(
        summary(&[fires(0), resolves(15), fires(16), fires(12)]),
        [(2, 0, 12, Some(15)), (1, 16, 16, None)],
        "a repeat of an earlier alert is its own"
    );
}

#[test]
fn the_earliest_resolution_counts() {
    assert_eq!(summary(&[fires(0), resolves(15), resolves(12)]), [(1, 0, 0, Some(12))]);
    let deliveries = [fires(0), resolves(15), resolves(12), fires(14)];
    assert_eq!(summary(&deliveries), [(1, 0, 0, Some(12)), (1, 14, 14, Some(15))]);
}

#[test]
fn a_resolution_that_comes_first_is_remembered() {
    assert_eq!(summary(&[resolves(10), resolves(5), fires(4), fires(7), fires(11)]).len(), 3);
    assert_eq!(summary(&[resolves(10), fires(10)]), [(1, 10, 10, Some(10))]);
    assert_eq!(summary(&[resolves(10), fires(11)]), [(1, 11, 11, None)]);
}

#[test]
fn a_resolution_that_later_firings_overtook_splits_their_alert() {
    assert_eq!(summary(&[fires(0), fires(10), resolves(5)]), [(1, 0, 0, Some(5)), (1, 10, 10, None)]);
    let deliveries = [fires(0), fires(10), fires(12), resolves(20), resolves(5)];
    assert_eq!(summary(&deliveries), [(1, 0, 0, Some(5)), (2, 10, 12, Some(20))]);
}

#[test]
fn a_resolution_that_too_many_overtook_is_ignored() {
    let mut deliveries: Vec<Said> = (0..20).map(|number| fires(number * 10)).collect();
    deliveries.push(resolves(55));
    assert_eq!(summary(&deliveries), [(20, 0, 190, None)]);
    deliveries.push(resolves(175));
    assert_eq!(summary(&deliveries), [(18, 0, 170, Some(175)), (2, 180, 190, None)]);
}

#[test]
fn what_is_remembered_is_bounded_and_what_is_forgotten_still_separates() {
    let deliveries: Vec<Said> = (0..100).flat_map(|number| [fires(number * 10), resolves(number * 10 + 5)]).collect();
    let mut known = fold(&numbered(&deliveries));
    assert_eq!((known.episodes.len(), known.resolutions.len()), (MAX_EPISODES, MAX_RESOLUTIONS));
    let late = EventKey { at: at(952), delivery_id: DeliveryId::new("late".to_owned()) };
    assert_eq!(
        known.step(Transition::Firing, late.clone(), Severity::Error),
        Step::Begin { resolved_at: Some(at(955)) }
    );
    known.remember(at(953));
    let begin = known.step(Transition::Firing, late, Severity::Error);
    assert_eq!(begin, Step::Begin { resolved_at: Some(at(953)) });
}

/// Few enough that all of it is remembered.
fn deliveries() -> impl Strategy<Value = Vec<Said>> {
    let firing = (0_i64..12, any::<Index>()).prop_map(|(millis, severity)| (true, millis, *severity.get(&SEVERITIES)));
    let firings = proptest::collection::vec(firing, 0..=MAX_RECENT_FIRINGS + 1);
    let resolutions = proptest::collection::vec((0_i64..12).prop_map(resolves), 0..MAX_EPISODES);
    (firings, resolutions).prop_map(|(firings, resolutions)| firings.into_iter().chain(resolutions).collect())
}

proptest! {
    #[test]
    fn in_every_order_the_alerts_are_the_same(
        (deliveries, shuffled) in deliveries()
            .prop_map(|deliveries| numbered(&deliveries))
            .prop_flat_map(|deliveries| (Just(deliveries.clone()), Just(deliveries).prop_shuffle())),
    ) {
        prop_assert_eq!(alerts(&fold(&shuffled)), model(&deliveries));
    }

    #[test]
    fn however_many_there_are_none_that_fired_is_lost_or_counted_twice(
        said in proptest::collection::vec((any::<bool>(), 0_i64..200, Just(Severity::Error)), 0..60),
    ) {
        let (known, all) = fold_all(&numbered(&said));
        prop_assert_eq!(all.values().sum::<u64>(), said.iter().filter(|(fires, ..)| *fires).count() as u64);
        prop_assert!(known.episodes.len() <= MAX_EPISODES && known.resolutions.len() <= MAX_RESOLUTIONS);
    }
}
