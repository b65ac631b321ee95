//! What people say about incidents corrects what those taught.

use super::*;
use crate::domain::{
    id::IncidentId,
    samples::{self, at},
    severity::Severity,
};

const HERE: &str = "production";

/// An incident of some services.
fn incident(number: u64, services: &[&str]) -> Incident {
    let (alert, _) = samples::alert(number, Severity::Error, services[0], 0);
    let (incident, _) = Incident::open(IncidentId::numbered(at(0), number), &alert, None);
    Incident { services: services.iter().map(|service| (*service).to_owned()).collect(), ..incident }
}

/// What is known after some incidents opened, of which some have taught.
fn known(opened: &[&Incident], taught: &[&Incident]) -> Known {
    let mut lock = OpeningLock::default();
    let mut before = Snapshot::default();
    for incident in opened {
        lock.note(incident.id);
    }
    for incident in taught {
        lock.settle(incident.id);
        for service in &incident.services {
            let others = incident.services.iter().filter(|other| *other != service).map(String::as_str);
            before.service_groups.entry(keys::service_group_claim(HERE, service)).or_default().learn(others);
        }
    }
    before.opening_locks.insert(keys::environment_claim(HERE), lock);
    Known { after: before.clone(), before }
}

fn all<'incident>(incidents: &[&'incident Incident]) -> BTreeSet<&'incident str> {
    incidents.iter().flat_map(|incident| &incident.services).map(String::as_str).collect()
}

/// In how many outages two services broke together, as each of them knows it.
fn together(known: &Known, one: &str, other: &str) -> [u32; 2] {
    [(one, other), (other, one)].map(|(service, with)| {
        let group = known.after.service_groups.get(&keys::service_group_claim(HERE, service));
        group.map_or(0, |group| group.together_with(with))
    })
}

fn lock(known: &Known) -> &OpeningLock {
    &known.after.opening_locks[&keys::environment_claim(HERE)]
}

#[test]
fn merged_incidents_that_have_not_taught_teach_later_as_one() {
    let (one, other) = (incident(1, &["checkout"]), incident(2, &["payment"]));
    let mut known = known(&[&one, &other], &[]);
    known.together(&one, std::slice::from_ref(&other), &all(&[&one, &other]));
    assert_eq!(together(&known, "checkout", "payment"), [0, 0]);
    assert_eq!((lock(&known).recent.as_slice(), lock(&known).has_taught(one.id)), ([one.id].as_slice(), false));
}

#[test]
fn services_of_merged_incidents_that_taught_broke_together_once() {
    let (one, other) = (incident(1, &["checkout", "cart"]), incident(2, &["payment", "cart"]));
    let mut known = known(&[&one, &other], &[&one, &other]);
    assert_eq!((together(&known, "checkout", "cart"), together(&known, "checkout", "payment")), ([1, 1], [0, 0]));
    known.together(&one, std::slice::from_ref(&other), &all(&[&one, &other]));
    assert_eq!(together(&known, "checkout", "payment"), [1, 1]);
    assert_eq!(together(&known, "checkout", "cart"), [1, 1], "they had taught that themselves");
    assert!(lock(&known).has_taught(one.id), "it does not teach again");
}

#[test]
fn one_incident_that_taught_is_enough_to_be_corrected() {
    let (one, other) = (incident(1, &["checkout"]), incident(2, &["payment"]));
    let mut known = known(&[&one, &other], &[&other]);
    known.together(&one, std::slice::from_ref(&other), &all(&[&one, &other]));
    assert_eq!((together(&known, "checkout", "payment"), lock(&known).has_taught(one.id)), ([1, 1], true));
}

#[test]
fn an_incident_of_another_environment_teaches_nothing_here() {
    let one = incident(1, &["checkout"]);
    let other = Incident { environment: "staging".to_owned(), ..incident(2, &["payment"]) };
    let mut known = known(&[&one], &[&one]);
    known.together(&one, std::slice::from_ref(&other), &all(&[&one, &other]));
    assert_eq!(together(&known, "checkout", "payment"), [0, 0]);
}

#[test]
fn services_of_alerts_that_leave_did_not_break_with_those_that_stay() {
    let before = incident(1, &["cart", "checkout", "payment"]);
    let mut known = known(&[&before], &[&before]);
    let (rest, left) = (incident(1, &["cart", "checkout"]), incident(2, &["payment"]));
    known.apart(&before, &rest, &left, &all(&[&before]));
    assert_eq!([together(&known, "payment", "cart"), together(&known, "payment", "checkout")], [[0, 0]; 2]);
    assert_eq!(together(&known, "cart", "checkout"), [1, 1]);
    assert_eq!(
        (lock(&known).recent.as_slice(), lock(&known).has_taught(left.id)),
        ([before.id, left.id].as_slice(), true)
    );
    let of_payment = &known.after.service_groups[&keys::service_group_claim(HERE, "payment")];
    assert_eq!(of_payment.latest(), Some(left.id));
}

#[test]
fn a_split_of_an_incident_that_has_not_taught_corrects_nothing_and_both_teach() {
    let before = incident(1, &["checkout", "payment"]);
    let mut known = known(&[&before], &[]);
    let (rest, left) = (incident(1, &["checkout"]), incident(2, &["payment"]));
    known.apart(&before, &rest, &left, &all(&[&before]));
    assert_eq!(together(&known, "checkout", "payment"), [0, 0]);
    assert!(!lock(&known).has_taught(before.id) && !lock(&known).has_taught(left.id));
    let both = [rest, left];
    let outages = lock(&known).due(&both, HERE, at(60));
    let services: Vec<Vec<&str>> = outages.iter().map(|outage| outage.services().into_iter().collect()).collect();
    assert_eq!(services, [["checkout"], ["payment"]], "though their alerts were one burst");
}

#[test]
fn a_service_on_both_sides_keeps_what_it_taught() {
    let before = incident(1, &["checkout", "payment"]);
    let mut known = known(&[&before], &[&before]);
    let (rest, left) = (incident(1, &["checkout", "payment"]), incident(2, &["payment"]));
    known.apart(&before, &rest, &left, &all(&[&before]));
    assert_eq!(together(&known, "checkout", "payment"), [1, 1]);
}
