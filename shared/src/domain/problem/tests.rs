//! The alerts of a problem are those of a naive model, in whatever order its deliveries arrive.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::domain::{
    classification::Evidence,
    delivery::DeliveryId,
    episode::{EpisodeOf, EventKey, Firings, MAX_RECENT_FIRINGS},
    severity::Severity,
};

/// What a delivery says: whether it fires, when, how bad it is.
type Said = (bool, i64, Severity);

const SEVERITIES: [Severity; 3] = [Severity::Warning, Severity::Error, Severity::Critical];

fn at(millis: i64) -> Time {
    Time::from_millis(1_700_000_000_000 + millis).unwrap()
}

fn firing(number: usize, (_, millis, severity): Said) -> Firing {
    let key = EventKey { at: at(millis), delivery_id: DeliveryId::new(format!("delivery-{number:03}")) };
    Firing { key, occurred_at: at(millis), severity, evidence: Evidence::Stated, content: None, received_at: None }
}

fn news(number: usize, said: Said) -> News<'static> {
    News {
        transition: if said.0 { Transition::Firing } else { Transition::Resolved },
        firing: firing(number, said),
        ended_at: None,
        received_at: at(said.1),
        key_scope: KeyScope::Problem,
        environment: None,
    }
}

/// What is known after deliveries arrived in this order, as the worker lets them take effect.
fn fold(deliveries: &[(usize, Said)]) -> Problem {
    let news: Vec<News<'_>> = deliveries.iter().map(|(number, said)| news(*number, *said)).collect();
    fold_all(&news).0
}

/// The same, and the occurrences of all alerts, of those that are forgotten, too.
fn fold_all(deliveries: &[News<'_>]) -> (Problem, BTreeMap<AlertId, u64>) {
    let mut ids = 0..;
    let mut known = Problem::default();
    let mut all = BTreeMap::new();
    let mut new = |resolution: Option<Resolution>| EpisodeOf {
        alert_id: AlertId::numbered(at(0), ids.next().unwrap_or_default()),
        incident_id: None,
        resolution,
    };
    for news in deliveries {
        for Step { lane, kind } in known.steps(news) {
            let changed = match kind {
                StepKind::Begin { firing, resolution } => vec![Episode::begin(new(resolution), firing)],
                StepKind::Repeat(episode) | StepKind::Resolve(episode) | StepKind::Redate(episode) => vec![*episode],
                StepKind::Split { ended, rest } => {
                    let split = new(rest.resolution);
                    vec![*ended, Episode::split_off(split, rest)]
                }
                StepKind::Remember(resolution) => {
                    known.remember(&lane, resolution);
                    Vec::new()
                }
                StepKind::RememberEverywhere(resolution) => {
                    known.remember_everywhere(resolution);
                    Vec::new()
                }
            };
            for episode in changed {
                all.insert(episode.alert_id, episode.firings().occurrences);
                known.put(&lane, episode);
            }
        }
    }
    (known, all)
}

fn alerts(known: &Problem) -> Vec<(Firings, Option<Time>)> {
    known.episodes().map(|episode| (episode.firings(), episode.resolved_at())).collect()
}

/// The alerts that deliveries make, by the definition: firing deliveries with the same next resolution are one alert.
fn model(deliveries: &[(usize, Said)]) -> Vec<(Firings, Option<Time>)> {
    let resolutions: BTreeSet<Time> =
        deliveries.iter().filter(|(_, said)| !said.0).map(|(_, said)| at(said.1)).collect();
    let mut firings: Vec<Firing> =
        deliveries.iter().filter(|(_, said)| said.0).map(|(number, said)| firing(*number, *said)).collect();
    firings.sort_by(|one, other| one.key.cmp(&other.key));
    let mut alerts: BTreeMap<Time, Vec<Firing>> = BTreeMap::new();
    for firing in firings {
        let end = resolutions.range(firing.key.at..).next().copied();
        alerts.entry(end.unwrap_or(Time::LATEST)).or_default().push(firing);
    }
    let alert = |(end, firings): (Time, Vec<Firing>)| {
        (Firings::in_order(&firings).unwrap(), Some(end).filter(|end| *end != Time::LATEST))
    };
    alerts.into_iter().map(alert).collect()
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
fn memory_is_bounded_and_forgotten_alerts_still_separate() {
    let deliveries: Vec<Said> = (0..100).flat_map(|number| [fires(number * 10), resolves(number * 10 + 5)]).collect();
    let mut known = fold(&numbered(&deliveries));
    let lane = &known.lanes[NO_ENVIRONMENT];
    assert_eq!((lane.episodes.len(), lane.resolutions.len()), (MAX_EPISODES, MAX_RESOLUTIONS));
    let end_of_late_firing = |known: &Problem| match &known.steps(&news(999, fires(952)))[..] {
        [Step { kind: StepKind::Begin { resolution, .. }, .. }] => resolution.map(|resolution| resolution.at),
        other => panic!("not a new alert: {other:?}"),
    };
    assert_eq!(end_of_late_firing(&known), Some(at(955)));
    known.remember(NO_ENVIRONMENT, Resolution::new(at(953), ResolvedBy::Source, at(953)));
    assert_eq!(end_of_late_firing(&known), Some(at(953)));
}

/// A delivery of a source that orders by receipt and states no time.
fn untimed(number: usize, said: Said, content: &str, environment: Option<&'static str>) -> News<'static> {
    let mut news = news(number, said);
    news.firing.content = Some(content.to_owned());
    news.firing.received_at = Some(news.received_at);
    News { key_scope: KeyScope::ProblemPerEnvironment, environment, ..news }
}

fn ends(known: &Problem) -> Vec<(u64, Option<Time>)> {
    alerts(known).into_iter().map(|(firings, end)| (firings.occurrences, end)).collect()
}

#[test]
fn the_same_bytes_are_news_after_something_else_came_between() {
    let said = [(fires(0), "created"), (resolves(1), "r"), (fires(2), "unresolved"), (resolves(3), "r")];
    let news: Vec<News<'_>> =
        said.iter().enumerate().map(|(number, (said, content))| untimed(number, *said, content, None)).collect();
    assert_eq!(ends(&fold_all(&news).0), [(1, Some(at(1))), (1, Some(at(3)))]);
}

#[test]
fn the_same_bytes_in_a_row_count_once_in_whatever_order_they_arrive() {
    let a = |number, millis| untimed(number, fires(millis), "a", None);
    let b = untimed(3, fires(2), "b", None);
    assert_eq!(ends(&fold_all(&[a(0, 0), a(1, 1), b.clone()]).0), [(2, None)]);
    assert_eq!(ends(&fold_all(&[b.clone(), a(1, 1), a(0, 0)]).0), [(2, None)]);
    assert_eq!(ends(&fold_all(&[a(0, 0), b, a(1, 3)]).0), [(3, None)]);
}

#[test]
fn environments_are_alerts_of_their_own_and_one_resolution_ends_them_all() {
    let news = [
        untimed(0, fires(0), "s", Some("staging")),
        untimed(1, fires(1), "p", Some("production")),
        untimed(2, resolves(5), "r", None),
        untimed(3, fires(6), "p", Some("production")),
        untimed(4, fires(4), "c", Some("canary")),
    ];
    let known = fold_all(&news).0;
    assert_eq!(
        ends(&known),
        [(1, Some(at(5))), (1, Some(at(5))), (1, None), (1, Some(at(5)))],
        "canary, two of production, staging"
    );
}

#[test]
fn an_alert_without_an_environment_takes_that_of_the_same_moment_in_either_order() {
    let issue = untimed(0, fires(0), "i", None);
    let event = untimed(1, fires(0), "e", Some("staging"));
    for order in [[issue.clone(), event.clone()], [event, issue]] {
        let known = fold_all(&order).0;
        assert_eq!(
            (ends(&known), known.lanes.keys().collect::<Vec<_>>()),
            (vec![(2, None)], vec![&lane_of("staging")])
        );
    }
}

#[test]
fn what_we_received_after_a_resolution_without_a_time_fires_whatever_its_clock_says() {
    let first = untimed(0, fires(0), "a", Some("production"));
    let resolved = untimed(1, resolves(100), "r", None);
    let late = |received| {
        let mut late = News { received_at: at(received), ..untimed(2, fires(90), "b", Some("production")) };
        late.firing.received_at = Some(at(received));
        late
    };
    assert_eq!(ends(&fold_all(&[first.clone(), resolved.clone(), late(101)]).0), [(1, Some(at(100))), (1, None)]);
    assert_eq!(ends(&fold_all(&[first.clone(), resolved.clone(), late(99)]).0), [(2, Some(at(100)))]);
    let orders = [[resolved.clone(), late(101), first.clone()], [first, late(101), resolved]];
    for order in orders {
        assert_eq!(ends(&fold_all(&order).0), [(1, Some(at(100))), (1, None)], "in another order");
    }
}

#[test]
fn what_we_received_after_a_person_ended_the_alert_is_a_new_one_whatever_its_clock_says() {
    let mut known = fold(&numbered(&[fires(0)]));
    let alert_id = known.episodes().next().unwrap().alert_id;
    let ended = known.resolved_by_person(alert_id, at(100)).unwrap();
    known.put(NO_ENVIRONMENT, ended);
    let late = |received| News { received_at: at(received), ..news(1, fires(90)) };
    let is_new = |news: &News<'_>| matches!(known.steps(news)[0].kind, StepKind::Begin { .. });
    assert!(is_new(&late(101)) && !is_new(&late(99)));
    assert_eq!(known.resolved_by_person(alert_id, at(200)), None, "it is over already");
}

#[test]
fn nothing_ends_in_the_future_though_the_clock_of_its_source_is_ahead() {
    let ahead = 5_000;
    let fired = || {
        let mut fired = news(0, fires(ahead));
        fired.firing.occurred_at = at(98);
        fold_all(&[fired]).0
    };
    let mut known = fired();
    let alert_id = known.episodes().next().unwrap().alert_id;
    let ended = known.resolved_by_person(alert_id, at(100)).unwrap();
    assert_eq!(ended.resolved_at(), Some(at(100)));
    known.put(NO_ENVIRONMENT, ended);
    let again = News { received_at: at(99), ..news(1, fires(ahead)) };
    assert!(!matches!(known.steps(&again)[0].kind, StepKind::Begin { .. }), "it is ordered by the clock of its source");

    let recovered = News { received_at: at(100), ..news(1, resolves(ahead + 1)) };
    match &fired().steps(&recovered)[..] {
        [Step { kind: StepKind::Resolve(episode), .. }] => assert_eq!(episode.resolved_at(), Some(at(100))),
        steps => panic!("{steps:?}"),
    }
}

#[test]
fn an_alert_ended_when_its_source_says_but_not_before_it_was_seen() {
    let ended = |stated| {
        let fired = untimed(0, fires(100), "a", None);
        let mut resolved = untimed(1, resolves(400), "r", None);
        resolved.ended_at = Some(at(stated));
        let orders = [[fired.clone(), resolved.clone()], [resolved, fired]];
        orders.map(|order| ends(&fold_all(&order).0))
    };
    for (stated, expected) in [(300, 300), (50, 100), (400, 400), (500, 400)] {
        assert_eq!(ended(stated), [(); 2].map(|()| vec![(1, Some(at(expected)))]), "stated {stated}");
    }
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
        let news: Vec<News<'_>> = numbered(&said).iter().map(|(number, said)| news(*number, *said)).collect();
        let (known, all) = fold_all(&news);
        prop_assert_eq!(all.values().sum::<u64>(), said.iter().filter(|(fires, ..)| *fires).count() as u64);
        prop_assert!(known.episodes().count() <= MAX_EPISODES && known.lanes.values().all(|lane| lane.resolutions.len() <= MAX_RESOLUTIONS));
    }
}

/// A report says when its problem began, again and again, also after a resolution.
#[test]
fn an_alert_never_occurred_before_the_resolution_that_it_follows_in_whatever_order_they_arrive() {
    let report = |number: usize, said: Said| {
        let mut news = news(number, said);
        news.firing.occurred_at = at(-5);
        news.firing.content = Some(format!("report:{}", said.2));
        news.firing.received_at = Some(at(said.1));
        news
    };
    let warning = Severity::Warning;
    let said = [(true, 0, warning), (false, 10, warning), (true, 20, warning), (true, 30, Severity::Critical)];
    let news: Vec<News<'_>> = said.into_iter().enumerate().map(|(number, said)| report(number, said)).collect();
    for order in [[0, 1, 2, 3], [0, 2, 3, 1], [2, 3, 1, 0], [3, 2, 0, 1], [3, 0, 1, 2], [1, 3, 2, 0]] {
        let (problem, _) = fold_all(&order.map(|place: usize| news[place].clone()));
        let times: Vec<(Time, Time, u64)> = problem
            .episodes()
            .map(Episode::firings)
            .map(|firings| (firings.occurred_at, firings.last_seen_at, firings.occurrences))
            .collect();
        assert_eq!(times, [(at(-5), at(-5), 1), (at(20), at(30), 2)], "{order:?}");
    }
}

#[test]
fn the_same_delivery_twice_is_remembered_once() {
    let said = [(0, (true, 0, Severity::Warning)), (1, (true, 5, Severity::Warning))];
    let once = fold(&said);
    let twice = fold(&[said[0], said[1], said[1], said[0]]);
    assert_eq!(once.episodes().collect::<Vec<_>>(), twice.episodes().collect::<Vec<_>>());
}
