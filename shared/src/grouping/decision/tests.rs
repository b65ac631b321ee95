//! Which incident an alert joins: the order of the rules, and the edges of their windows.

use super::*;
use crate::domain::{
    samples::{self, at, event},
    severity::Severity,
    status::Status,
};

const RULES: &str = "
windows: {source_key_minutes: 30, service_minutes: 30, cascade_minutes: 5}
cascade: environment
default_environment: production
dependencies: {web: [checkout]}
";

fn rules(cascade: &str) -> Rules {
    Rules::parse(&RULES.replace("cascade: environment", &format!("cascade: {cascade}"))).unwrap()
}

fn incident(number: u64, service: &str, status: Status, span: std::ops::RangeInclusive<i64>) -> Incident {
    let (alert, _) = samples::alert(number, Severity::Error, service, *span.start());
    let (incident, _) = Incident::open(IncidentId::numbered(at(*span.start()), number), &alert, None);
    Incident { status, last_alert_at: at(*span.end()), ..incident }
}

fn group(incident: &Incident) -> Group {
    let span = GroupedIncident {
        incident_id: incident.id,
        first_at: incident.first_alert_at,
        last_at: incident.last_alert_at,
    };
    Group { incidents: vec![span], ..Group::default() }
}

/// What the source stated, and else what the rules above assume.
fn classified(event: &AlertEvent) -> Classification {
    let environment = event.environment.clone().unwrap_or_else(|| "production".to_owned());
    Classification {
        service: samples::stated(event.service.clone()),
        environment: samples::stated(environment),
        ..samples::classification(Severity::Error, "")
    }
}

fn decide_on(event: &AlertEvent, groups: &Groups, rules: &Rules) -> Decision {
    let classification = classified(event);
    decide(NewAlert { event, classification: &classification, resolved_at: None }, groups, rules)
}

fn joined(decision: &Decision) -> Option<(IncidentId, GroupingRule)> {
    match decision {
        Decision::Join { incident_id, grouping } => Some((*incident_id, grouping.rule?)),
        _ => None,
    }
}

#[test]
fn the_sources_key_comes_before_the_service_and_the_service_before_the_cascade() {
    let by_key = incident(1, "elsewhere", Status::Open, 0..=0);
    let by_service = incident(2, "web", Status::Investigating, 0..=0);
    let near = incident(3, "other", Status::Open, 10..=10);
    let mut groups = Groups {
        source_key: group(&by_key),
        service: group(&by_service),
        incidents: vec![near.clone(), by_service.clone(), by_key.clone()],
        ..Groups::default()
    };
    let rules = rules("environment");
    let new_alert = event(Some("web"), 10);
    assert_eq!(joined(&decide_on(&new_alert, &groups, &rules)), Some((by_key.id, GroupingRule::SourceKey)));
    groups.source_key = Group::default();
    assert_eq!(joined(&decide_on(&new_alert, &groups, &rules)), Some((by_service.id, GroupingRule::Service)));
    groups.service = Group::default();
    assert_eq!(joined(&decide_on(&event(Some("new"), 10), &groups, &rules)), Some((near.id, GroupingRule::Cascade)));
}

#[test]
fn windows_count_from_the_span_of_the_services_own_alerts() {
    let open = incident(1, "web", Status::Open, 0..=60);
    let own = GroupedIncident { incident_id: open.id, first_at: at(0), last_at: at(20) };
    let service = Group { incidents: vec![own], ..Group::default() };
    let groups = Groups { service, incidents: vec![open], ..Groups::default() };
    let joins = |minutes| joined(&decide_on(&event(Some("web"), minutes), &groups, &rules("off"))).is_some();
    for (minutes, expected) in [(-31, false), (-30, true), (0, true), (50, true), (51, false), (60, false)] {
        assert_eq!(joins(minutes), expected, "at {minutes}");
    }
}

#[test]
fn a_cascade_is_bounded_from_its_first_alert_and_needs_one_that_fires() {
    let open = incident(1, "web", Status::Open, 0..=14);
    let quiet = Incident { firing_alert_count: 0, ..open.clone() };
    let joins = |incident: &Incident, minutes| {
        let groups = Groups { incidents: vec![incident.clone()], ..Groups::default() };
        joined(&decide_on(&event(Some("other"), minutes), &groups, &rules("environment"))).is_some()
    };
    for (minutes, expected) in [(-6, false), (-5, true), (14, true), (15, true), (16, false)] {
        assert_eq!(joins(&open, minutes), expected, "at {minutes}");
    }
    assert!(!joins(&quiet, 14));
}

#[test]
fn a_flapping_problem_counts_from_its_own_last_resolution() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let span = GroupedIncident { incident_id: open.id, first_at: at(0), last_at: at(100) };
    let groups = Groups { problem: vec![span], incidents: vec![open.clone()], ..Groups::default() };
    let target = |minutes| joined(&decide_on(&event(None, minutes), &groups, &rules("off")));
    assert_eq!((target(130), target(131)), (Some((open.id, GroupingRule::SourceKey)), None));
}

#[test]
fn a_test_notification_joins_nothing() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { source_key: group(&open), incidents: vec![open], ..Groups::default() };
    let test = AlertEvent { is_test: true, ..event(Some("web"), 1) };
    assert!(matches!(decide_on(&test, &groups, &rules("environment")), Decision::Ignore { .. }));
}

#[test]
fn a_cascade_follows_dependencies_or_is_off() {
    let open = incident(1, "checkout", Status::Open, 0..=0);
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    for (cascade, service, expected) in [
        ("environment", Some("anything"), true),
        ("environment", None, true),
        ("dependencies", Some("web"), true),
        ("dependencies", Some("unrelated"), false),
        ("dependencies", None, false),
        ("off", Some("web"), false),
    ] {
        let decision = decide_on(&event(service, 1), &groups, &rules(cascade));
        assert_eq!(joined(&decision).is_some(), expected, "{cascade} {service:?}");
    }
}

#[test]
fn another_environment_and_an_unknown_service_match_nothing() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    let mut elsewhere = event(Some("web"), 0);
    elsewhere.environment = Some("staging".into());
    assert_eq!(joined(&decide_on(&elsewhere, &groups, &rules("environment"))), None);
    assert_eq!(joined(&decide_on(&event(None, 0), &groups, &rules("off"))), None);
}

#[test]
fn of_several_the_nearest_in_time_is_joined() {
    let early = incident(1, "web", Status::Open, 0..=0);
    let late = incident(2, "web", Status::Open, 40..=40);
    let incidents = [&early, &late].map(|incident| group(incident).incidents[0]).to_vec();
    let service = Group { incidents, ..Group::default() };
    let groups = Groups { service, incidents: vec![early.clone(), late.clone()], ..Groups::default() };
    let target = |minutes| joined(&decide_on(&event(Some("web"), minutes), &groups, &rules("off"))).map(|(id, _)| id);
    assert_eq!((target(15), target(25)), (Some(early.id), Some(late.id)));
}

#[test]
fn a_group_whose_incident_ended_opens_a_recurrence() {
    for status in [Status::Resolved, Status::Closed] {
        let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", status, 0..=0) };
        let groups = Groups { service: group(&ended), incidents: vec![ended.clone()], ..Groups::default() };
        let decision = decide_on(&event(Some("web"), 1), &groups, &rules("environment"));
        assert!(matches!(decision, Decision::Open { recurrence_of: Some(id), .. } if id == ended.id), "{status}");
    }
    let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", Status::Closed, 0..=0) };
    let by_service = Groups { service: group(&ended), incidents: vec![ended.clone()], ..Groups::default() };
    let by_key = Groups { source_key: group(&ended), incidents: vec![ended], ..Groups::default() };
    let recurs = |groups| {
        let decision = decide_on(&event(Some("web"), 24 * 60 + 1), groups, &rules("environment"));
        matches!(decision, Decision::Open { recurrence_of: Some(_), .. })
    };
    assert!(recurs(&by_key) && !recurs(&by_service), "a day later only the source's key says that it is the same");
    let forgotten = incident(1, "web", Status::Open, -600..=-600);
    let groups = Groups { service: group(&forgotten), incidents: vec![forgotten], ..Groups::default() };
    let decision = decide_on(&event(Some("web"), 1), &groups, &rules("environment"));
    assert!(matches!(decision, Decision::Open { recurrence_of: None, .. }));
}

#[test]
fn an_alert_that_is_resolved_already_joins_but_opens_nothing() {
    let rules = rules("environment");
    let late = event(Some("web"), 0);
    let classification = classified(&late);
    let new_alert = NewAlert { event: &late, classification: &classification, resolved_at: Some(at(1)) };
    assert!(matches!(decide(new_alert, &Groups::default(), &rules), Decision::Ignore { .. }));
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { service: group(&open), incidents: vec![open], ..Groups::default() };
    assert!(matches!(decide(new_alert, &groups, &rules), Decision::Join { .. }));
}

#[test]
fn an_incident_of_the_sources_key_is_found_although_another_is_later() {
    // A late alert opened the second, far from the first, which is still open.
    let first = incident(1, "elsewhere", Status::Open, 0..=0);
    let second = incident(2, "elsewhere", Status::Open, -180..=-180);
    let incidents = [&first, &second].map(|incident| group(incident).incidents[0]);
    let source_key = Group { incidents: incidents.to_vec(), ..Group::default() };
    let groups = Groups { source_key, incidents: vec![first.clone(), second], ..Groups::default() };
    let decision = decide_on(&event(None, 10), &groups, &rules("environment"));
    assert_eq!(joined(&decision), Some((first.id, GroupingRule::SourceKey)));
}

#[test]
fn an_incident_of_more_services_than_it_names_is_found_by_each_of_them() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { service: group(&open), incidents: vec![open.clone()], ..Groups::default() };
    let decision = decide_on(&event(Some("unnamed"), 20), &groups, &rules("environment"));
    assert_eq!(joined(&decision), Some((open.id, GroupingRule::Service)));
}
