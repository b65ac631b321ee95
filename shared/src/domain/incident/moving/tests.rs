//! Incidents are what their alerts say, also after those moved.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    samples::{self, at},
    severity::Severity,
    status::Status,
};

const SEVERITIES: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

fn alert(number: u64, severity: Severity, service: &str, minutes: i64) -> Alert {
    samples::alert(number, severity, service, minutes).0
}

fn id(number: u64) -> IncidentId {
    IncidentId::numbered(at(0), number)
}

/// The incident that the first of some alerts opens and the others join.
fn of_alerts(number: u64, alerts: &[Alert]) -> Incident {
    let (incident, _) = Incident::open(id(number), &alerts[0], None);
    alerts[1..].iter().fold(incident, |incident, alert| incident.join(alert, at(0)).0)
}

fn division(from: &Incident, into: IncidentId, alerts: &[Alert]) -> Division {
    let alert_ids = alerts.iter().map(|alert| alert.id).collect();
    Division { from: from.id, into, alert_ids, reason: Some("another outage".to_owned()) }
}

/// What an incident says that follows from its alerts.
type Sums = (u64, u64, Vec<(Severity, u64)>, Severity, Vec<String>, [Time; 2]);

fn sums(incident: &Incident) -> Sums {
    let by_severity = incident.alerts_by_severity.iter().filter(|(_, count)| **count > 0);
    (
        incident.alert_count,
        incident.firing_alert_count,
        by_severity.map(|(severity, count)| (*severity, *count)).collect(),
        incident.severity,
        incident.services.clone(),
        [incident.first_alert_at, incident.last_alert_at],
    )
}

/// What it says if it has some alerts.
fn sums_of(alerts: &[Alert]) -> Sums {
    let count = |severity| alerts.iter().filter(|alert| alert.state.severity == severity).count() as u64;
    let by_severity = SEVERITIES.map(|severity| (severity, count(severity)));
    let services: BTreeSet<&String> = alerts.iter().filter_map(|alert| alert.state.service.as_ref()).collect();
    let times = || alerts.iter().map(|alert| alert.state.occurred_at);
    (
        alerts.len() as u64,
        alerts.iter().filter(|alert| alert.state.status == AlertStatus::Firing).count() as u64,
        by_severity.into_iter().filter(|(_, count)| *count > 0).collect(),
        alerts.iter().map(|alert| alert.state.severity).max().unwrap(),
        services.into_iter().cloned().collect(),
        [times().min().unwrap(), times().max().unwrap()],
    )
}

prop_compose! {
    /// Alerts of some services. Some are resolved, but not the first: it opened the incident.
    fn alerts()(
        alerts in prop::collection::vec((0..SEVERITIES.len(), 0_u8..4, -60_i64..60, any::<bool>()), 2..12),
    ) -> Vec<Alert> {
        alerts.into_iter().zip(0_u64..).map(|((severity, service, minutes, is_over), number)| {
            let mut alert = alert(number, SEVERITIES[severity], &format!("service-{service}"), minutes);
            if is_over && number > 0 {
                alert.end(at(61));
            }
            alert
        }).collect()
    }
}

proptest! {
    #[test]
    fn what_leaves_and_what_stays_are_the_sums_of_their_alerts(alerts in alerts(), place in any::<prop::sample::Index>()) {
        let (rest, leaving) = alerts.split_at(1 + place.index(alerts.len() - 1));
        let before = of_alerts(1, &alerts);
        let division = division(&before, id(2), leaving);
        let (divided, kinds) = before.clone().divide(leaving, Some(rest), &division, at(70));
        let (split, _) = Incident::split_off(&before, id(2), leaving, &division, at(70)).unwrap();
        prop_assert_eq!(sums(&divided), sums_of(rest));
        prop_assert_eq!(sums(&split), sums_of(leaving));
        prop_assert_eq!(divided.action_count, before.action_count + kinds.len() as u64);
        prop_assert_eq!((divided.version, split.version, split.action_count), (before.version + 1, 1, 1));

        // Back again.
        let back = super::tests::division(&split, before.id, leaving);
        let (whole, _) = divided.take_over(leaving, &back, at(80));
        prop_assert_eq!(sums(&whole), sums_of(&alerts));
    }

    #[test]
    fn alerts_of_a_merged_incident_are_counted_once_step_by_step(one in alerts(), other in alerts(), step in 1_usize..5) {
        let (mut into, mut from) = (of_alerts(1, &one), of_alerts(2, &other));
        (from, _) = from.merge_into(into.id, None, at(70));
        (into, _) = into.absorb(std::slice::from_ref(&from), None, at(70));
        for moved in other.chunks(step) {
            from = from.hand_over(moved, at(71));
            (into, _) = into.receive(moved, at(71));
            prop_assert_eq!(from.alert_count + into.alert_count, (one.len() + other.len()) as u64);
        }
        prop_assert_eq!((from.alert_count, from.firing_alert_count), (0, 0));
        let together: Vec<Alert> = one.into_iter().chain(other).collect();
        prop_assert_eq!(sums(&into), sums_of(&together));
    }
}

#[test]
fn a_split_incident_has_what_people_did_but_never_before_it_began() {
    let alerts = [alert(1, Severity::Error, "web", 0), alert(2, Severity::Warning, "api", 5)];
    let mut before = of_alerts(1, &alerts);
    for (status, minutes) in [(Status::Investigating, 1), (Status::Resolved, 9)] {
        (before, _) = before.change_status(status, None, at(minutes)).unwrap().unwrap();
    }
    let division = division(&before, IncidentId::numbered(at(5), 2), &alerts[1..]);
    let (split, kinds) = Incident::split_off(&before, division.into, &alerts[1..], &division, at(10)).unwrap();
    assert_eq!((split.status, split.acknowledged_at, split.resolved_at), (Status::Resolved, Some(at(5)), Some(at(9))));
    assert!(matches!(&kinds[..], [ActionKind::AlertsMovedIn { from, .. }] if *from == before.id), "{kinds:?}");
    assert!(Incident::split_off(&before, division.into, &[], &division, at(10)).is_none());
}

#[test]
fn an_incident_whose_first_alert_leaves_is_named_after_the_next() {
    let titled = |number, title: &str, minutes| {
        let mut alert = alert(number, Severity::Error, "web", minutes);
        title.clone_into(&mut alert.report.title.value);
        alert
    };
    let alerts = [titled(1, "first", 0), titled(2, "second", 1), titled(3, "third", 2)];
    let before = of_alerts(1, &alerts);
    let divide = |leaving: &[Alert], rest: Option<&[Alert]>| {
        before.clone().divide(leaving, rest, &division(&before, id(2), leaving), at(9)).0
    };
    assert_eq!(divide(&alerts[..1], Some(&alerts[1..])).title, "second");
    assert_eq!(divide(&alerts[2..], Some(&alerts[..2])).title, "first");
    let unread = divide(&alerts[..1], None);
    assert_eq!((unread.title.as_str(), unread.last_alert_at, unread.alert_count), ("first", at(2), 2));
}

#[test]
fn the_outage_of_a_merged_incident_began_with_the_youngest_and_is_in_all_environments() {
    let here = of_alerts(1, &[alert(1, Severity::Error, "web", 0)]);
    let there = Incident { environment: "staging".to_owned(), ..of_alerts(2, &[alert(2, Severity::Error, "api", 30)]) };
    let (merged, _) = here.absorb(std::slice::from_ref(&there), None, at(40));
    assert_eq!(
        (merged.outage_from(), merged.also_in.as_slice()),
        (there.first_onset_at, ["staging".to_owned()].as_slice())
    );
    assert!(merged.is_in("production") && merged.is_in("staging") && !merged.is_in("test"));
    let (part, _) = there.merge_into(merged.id, None, at(40));
    assert!(!part.is_active() && merged.is_active());
}

#[test]
fn a_severity_that_moved_away_lowers_that_of_the_incident_and_the_history_says_so() {
    let alerts = [alert(1, Severity::Warning, "web", 0), alert(2, Severity::Critical, "api", 1)];
    let before = of_alerts(1, &alerts);
    let (divided, kinds) =
        before.clone().divide(&alerts[1..], Some(&alerts[..1]), &division(&before, id(2), &alerts[1..]), at(9));
    assert_eq!((before.severity, divided.severity), (Severity::Critical, Severity::Warning));
    assert!(matches!(&kinds[..], [ActionKind::AlertsMovedOut { .. }, ActionKind::SeverityLowered { .. }]), "{kinds:?}");
}
