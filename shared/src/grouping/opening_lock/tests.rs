//! What the incidents of an environment teach, and when.

use super::*;
use crate::domain::{
    incident::Scatter,
    samples::{self, at},
    severity::Severity,
};

fn incident(number: u64, service: &str, minutes: i64) -> Incident {
    let (alert, _) = samples::alert(number, Severity::Error, service, minutes);
    let (incident, _) = Incident::open(IncidentId::numbered(at(minutes), number), &alert, None);
    Incident { scatter: Scatter { alerts: 2, seconds: 240 }, ..incident }
}

fn lock(incidents: &[Incident]) -> OpeningLock {
    let mut lock = OpeningLock::default();
    for incident in incidents {
        lock.note(incident.id);
    }
    lock
}

fn services<'incident>(outages: &'incident [Outage<'_>]) -> Vec<Vec<&'incident str>> {
    outages.iter().map(|outage| outage.services().into_iter().collect()).collect()
}

fn services_of(outages: &[Outage<'_>]) -> Vec<Vec<String>> {
    outages.iter().map(|outage| outage.services().into_iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_incidents_of_a_burst_after_a_quiet_time_are_one_outage() {
    let incidents = [incident(1, "web", 0), incident(2, "checkout", 8), incident(3, "search", 20)];
    let lock = lock(&incidents);
    let due = |minutes| lock.due(&incidents, "production", at(minutes));
    assert_eq!(services(&due(38)), [] as [Vec<&str>; 0], "the burst is not over");
    // Nobody knows whether the third belongs to the burst: it teaches alone.
    assert_eq!(services(&due(39)), [vec!["checkout", "web"]]);
    assert_eq!(services(&due(51)), [vec!["checkout", "web"], vec!["search"]]);
    assert_eq!(services(&lock.due(&incidents, "staging", at(51))), [] as [Vec<&str>; 0]);
}

#[test]
fn incidents_that_people_split_are_outages_of_their_own() {
    let incidents = [incident(1, "web", 0), incident(2, "checkout", 2), incident(3, "cart", 4), incident(4, "db", 6)];
    let mut lock = lock(&incidents);
    let version = lock.version;
    for _ in 0..2 {
        lock.set_apart(incidents[1].id);
    }
    lock.set_apart(IncidentId::numbered(at(0), 9));
    assert_eq!(lock.version, version + 1, "once, and only what is remembered");
    let outages = |lock: &OpeningLock| services_of(&lock.due(&incidents, "production", at(60)));
    assert_eq!(outages(&lock), [vec!["cart", "db", "web"], vec!["checkout"]]);
    lock.set_apart(incidents[0].id);
    assert_eq!(outages(&lock), [["web"], ["checkout"], ["cart"], ["db"]], "after the first it was not quiet");
    lock.merge(incidents[1].id, incidents[2].id);
    assert_eq!(lock.apart, [incidents[0].id]);
}

#[test]
fn each_outage_teaches_once() {
    let incidents = [incident(1, "web", 0), incident(2, "checkout", 8)];
    let mut lock = lock(&incidents);
    let outages = lock.due(&incidents, "production", at(60));
    lock.learn(&outages[0]);
    assert_eq!(lock.spreads.median(), Some(120));
    assert!(lock.due(&incidents, "production", at(90)).is_empty());
    for number in 10..10 + MAX_RECENT_INCIDENTS as u64 {
        lock.note(IncidentId::numbered(at(100), number));
    }
    assert_eq!((lock.recent.len(), lock.settled.len()), (MAX_RECENT_INCIDENTS, 0));
}

#[test]
fn the_spread_is_believed_after_five_outages_and_within_bounds() {
    let spread = |seconds: u32, outages: usize| {
        let mut lock = OpeningLock::default();
        (0..outages).for_each(|_| lock.spreads.note(seconds));
        lock.spread_minutes()
    };
    for (found, expected) in [(spread(75, 4), 1.5), (spread(75, 5), 1.25), (spread(1, 5), 1.0), (spread(9999, 5), 1.5)]
    {
        assert!((found - expected).abs() < 0.001, "{found} instead of {expected}");
    }
}
