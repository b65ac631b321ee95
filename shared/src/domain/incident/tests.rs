//! An incident is what its alerts say, in whatever order they join.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    alert::Placement,
    classification::{Classification, Classified, Evidence},
    event::{AlertEvent, Transition},
    grouping::{Grouping, GroupingDecision},
};

fn at(minutes: i64) -> Time {
    Time::from_millis(1_795_000_000_000).unwrap().plus_minutes(minutes)
}

fn alert(number: u64, severity: Severity, service: &str, minutes: i64) -> Alert {
    fn classified<T>(value: T) -> Classified<T> {
        Classified { value, evidence: Evidence::Stated, matched: None, confidence: 1.0 }
    }
    let event = AlertEvent {
        source: Source::named("datadog"),
        external_id: None,
        dedup_key: "d".into(),
        group_key: "g".into(),
        transition: Transition::Firing,
        occurred_at: at(minutes),
        title: "t".into(),
        message: None,
        severity: None,
        service: None,
        environment: None,
        team: None,
        tags: Vec::new(),
        link: None,
    };
    let classification = Classification {
        severity: classified(severity),
        team: classified(None),
        service: classified(Some(service.to_owned())),
        environment: classified("production".to_owned()),
    };
    let grouping = Grouping {
        decision: GroupingDecision::Joined,
        rule: None,
        key: None,
        window_minutes: None,
        reason: "because".into(),
    };
    Alert::first(
        AlertId::numbered(at(minutes), number),
        event,
        classification,
        None,
        Placement { incident_id: None, grouping },
    )
}

#[derive(Debug, Clone)]
enum Change {
    Join(Severity, u8, i64),
    Worsen(Severity),
    Resolve,
    Status(Status),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let severity =
        prop_oneof![Just(Severity::Info), Just(Severity::Warning), Just(Severity::Error), Just(Severity::Critical)];
    let status = proptest::sample::select(<Status as strum::VariantArray>::VARIANTS.to_vec());
    let change = prop_oneof![
        (severity.clone(), 0_u8..4, -60_i64..60)
            .prop_map(|(severity, service, minutes)| Change::Join(severity, service, minutes)),
        severity.prop_map(Change::Worsen),
        Just(Change::Resolve),
        status.prop_map(Change::Status),
    ];
    proptest::collection::vec(change, 0..30)
}

proptest! {
    #[test]
    fn an_incident_is_the_sum_of_its_changes(changes in changes()) {
        let first = alert(0, Severity::Warning, "service-0", 0);
        let (mut incident, mut history) = Incident::open(IncidentId::numbered(at(0), 0), &first, None);
        let mut alerts = vec![first.clone()];
        let mut worst = first.state.severity;
        let (mut firing, mut statuses, mut version) = (1_u64, vec![Status::Open], 1);
        for (change, now) in changes.into_iter().zip(1_i64..) {
            let before = incident.clone();
            let outcome = match change {
                Change::Join(severity, service, minutes) => {
                    let new_alert = alert(alerts.len() as u64, severity, &format!("service-{service}"), minutes);
                    alerts.push(new_alert.clone());
                    (worst, firing) = (worst.max(severity), firing + 1);
                    Some(incident.clone().join(&new_alert, at(now)))
                }
                Change::Worsen(severity) => {
                    worst = worst.max(severity);
                    incident.clone().worsen(first.id, severity, at(now))
                }
                Change::Resolve if firing > 0 => {
                    firing -= 1;
                    Some(incident.clone().resolve_alert(first.id, at(now)))
                }
                Change::Resolve => None,
                Change::Status(to) => incident.clone().change_status(to, None, at(now)).unwrap_or(None),
            };
            if let Some((changed, kinds)) = outcome {
                version += 1;
                prop_assert_eq!(changed.updated_at, at(now));
                if changed.status != before.status {
                    statuses.push(changed.status);
                }
                prop_assert_eq!(firing == 0 && before.firing_alert_count == 1, kinds.iter().any(|kind| matches!(kind, ActionKind::AlertsResolved { .. })));
                history.extend(kinds);
                incident = changed;
            }
        }
        let mut services: Vec<String> = alerts.iter().filter_map(|alert| alert.state.service.clone()).collect();
        services.sort();
        services.dedup();
        prop_assert_eq!(&incident.services, &services);
        prop_assert_eq!((incident.severity, incident.firing_alert_count, incident.version), (worst, firing, version));
        prop_assert_eq!((incident.alert_count, incident.action_count), (alerts.len() as u64, history.len() as u64));
        prop_assert_eq!(Some(incident.first_alert_at), alerts.iter().map(|alert| alert.state.occurred_at).min());
        prop_assert_eq!(Some(incident.last_alert_at), alerts.iter().map(|alert| alert.state.occurred_at).max());
        // Every status was reached by the steps before it, each with its time stamp.
        prop_assert_eq!(&statuses[..], &<Status as strum::VariantArray>::VARIANTS[..statuses.len()]);
        let stamps = [incident.acknowledged_at, incident.resolved_at, incident.closed_at];
        prop_assert_eq!(stamps.iter().flatten().count(), statuses.len() - 1);
    }
}
