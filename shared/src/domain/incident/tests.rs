//! An incident is what its alerts say, in whatever order they join.

use proptest::prelude::*;
use strum::VariantArray;

use super::*;
use crate::domain::{
    classification::Evidence,
    samples::{self, at},
};

fn alert(number: u64, severity: Severity, service: &str, minutes: i64) -> Alert {
    samples::alert(number, severity, service, minutes).0
}

#[derive(Debug, Clone)]
enum Change {
    Join(Severity, u8, i64),
    /// The alert with this number, modulo how many there are, reports another severity.
    Report(usize, Severity),
    Resolve(usize),
    Status(Status),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let severity =
        prop_oneof![Just(Severity::Info), Just(Severity::Warning), Just(Severity::Error), Just(Severity::Critical)];
    let status = proptest::sample::select(<Status as VariantArray>::VARIANTS.to_vec());
    let change = prop_oneof![
        (severity.clone(), 0_u8..4, -60_i64..60)
            .prop_map(|(severity, service, minutes)| Change::Join(severity, service, minutes)),
        (any::<usize>(), severity).prop_map(|(number, severity)| Change::Report(number, severity)),
        any::<usize>().prop_map(Change::Resolve),
        status.prop_map(Change::Status),
    ];
    proptest::collection::vec(change, 0..30)
}

proptest! {
    #[test]
    fn an_incident_is_the_sum_of_its_alerts_whatever_changes(changes in changes()) {
        let first = alert(0, Severity::Warning, "service-0", 0);
        let (mut incident, mut history) = Incident::open(IncidentId::numbered(at(0), 0), &first, None);
        let mut alerts = vec![first];
        let (mut statuses, mut version) = (vec![Status::Open], 1);
        for (change, now) in changes.into_iter().zip(1_i64..) {
            let before = incident.clone();
            let firing_before = alerts.iter().filter(|alert| alert.state.status == AlertStatus::Firing).count();
            let mut follow = |number: usize, change: &dyn Fn(&mut Alert)| {
                let number = number % alerts.len();
                let before = alerts[number].clone();
                change(&mut alerts[number]);
                incident.follow(AlertChange { before: &before, after: &alerts[number] }, at(now))
            };
            let outcome = match change {
                Change::Report(number, severity) => follow(number, &|alert| alert.state.severity = severity),
                Change::Resolve(number) => follow(number, &|alert| alert.end(at(now))),
                Change::Join(severity, service, minutes) => {
                    let new_alert = alert(alerts.len() as u64, severity, &format!("service-{service}"), minutes);
                    alerts.push(new_alert.clone());
                    Some(incident.clone().join(&new_alert, at(now)))
                }
                Change::Status(to) => incident.clone().change_status(to, None, at(now)).unwrap_or(None),
            };
            if let Some((changed, kinds)) = outcome {
                version += 1;
                prop_assert_eq!(changed.updated_at, at(now));
                if changed.status != before.status {
                    statuses.push(changed.status);
                }
                let is_last = firing_before == 1 && changed.firing_alert_count == 0;
                prop_assert_eq!(is_last, kinds.iter().any(|kind| matches!(kind, ActionKind::AlertsResolved { .. })));
                history.extend(kinds);
                incident = changed;
            }
        }
        let mut services: Vec<String> = alerts.iter().filter_map(|alert| alert.state.service.clone()).collect();
        services.sort();
        services.dedup();
        prop_assert_eq!(&incident.services, &services);
        let firing = alerts.iter().filter(|alert| alert.state.status == AlertStatus::Firing).count() as u64;
        prop_assert_eq!((incident.firing_alert_count, incident.version), (firing, version));
        prop_assert_eq!(Some(incident.severity), alerts.iter().map(|alert| alert.state.severity).max());
        prop_assert_eq!((incident.alert_count, incident.action_count), (alerts.len() as u64, history.len() as u64));
        prop_assert_eq!(Some(incident.first_alert_at), alerts.iter().map(|alert| alert.state.occurred_at).min());
        prop_assert_eq!(Some(incident.last_alert_at), alerts.iter().map(|alert| alert.state.occurred_at).max());
        // Every status was reached by the steps before it, each with its time stamp.
        prop_assert_eq!(&statuses[..], &<Status as VariantArray>::VARIANTS[..statuses.len()]);
        let stamps = [incident.acknowledged_at, incident.resolved_at, incident.closed_at];
        prop_assert_eq!(stamps.iter().flatten().count(), statuses.len() - 1);
    }
}

#[test]
fn an_assumed_environment_is_corrected_by_the_first_alert_that_states_one() {
    let assumed = |mut alert: Alert| {
        alert.report.environment.value.evidence = Evidence::Default;
        alert
    };
    let stated = |mut alert: Alert, environment: &str| {
        alert.state.environment = environment.to_owned();
        alert.report.environment.value.value = environment.to_owned();
        alert
    };
    let first = assumed(alert(0, Severity::Error, "web", 0));
    let (incident, _) = Incident::open(IncidentId::numbered(at(0), 0), &first, None);
    let (incident, kinds) = incident.join(&assumed(alert(1, Severity::Error, "web", 1)), at(1));
    assert_eq!((incident.environment.as_str(), kinds.len()), ("production", 1));
    let (incident, kinds) = incident.join(&stated(alert(2, Severity::Error, "web", 2), "staging"), at(2));
    let corrected = matches!(&kinds[1], ActionKind::EnvironmentCorrected { from, to, .. } if (from.as_str(), to.as_str()) == ("production", "staging"));
    assert!(corrected && incident.environment == "staging", "{kinds:?}");
    let (incident, _) = incident.join(&stated(alert(3, Severity::Error, "web", 3), "canary"), at(3));
    assert_eq!(incident.environment, "staging");
}
