use super::*;
use crate::{
    classification::classify,
    domain::{event::Transition, severity::Severity, source::Source, status::Status},
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

fn at(minutes: i64) -> Time {
    Time::from_millis(1_795_000_000_000).unwrap().plus_minutes(minutes)
}

fn event(service: Option<&str>, minutes: i64) -> AlertEvent {
    AlertEvent {
        source: Source::named("datadog"),
        external_id: None,
        dedup_key: "d".into(),
        group_key: "monitor:1|".into(),
        transition: Transition::Firing,
        occurred_at: at(minutes),
        title: "t".into(),
        message: None,
        severity: None,
        service: service.map(str::to_owned),
        environment: None,
        team: None,
        tags: Vec::new(),
        link: None,
    }
}

fn incident(seed: u64, service: &str, status: Status, (first, last): (i64, i64)) -> Incident {
    Incident {
        id: IncidentId::numbered(at(first), seed),
        title: "t".into(),
        status,
        severity: Severity::Error,
        services: vec![service.into()],
        sources: vec![Source::named("sentry")],
        team: None,
        environment: "production".into(),
        created_at: at(first),
        updated_at: at(last),
        acknowledged_at: None,
        resolved_at: None,
        closed_at: None,
        alert_count: 1,
        firing_alert_count: 1,
        first_alert_at: at(first),
        last_alert_at: at(last),
        action_count: 1,
        recurrence_of: None,
        version: 1,
    }
}

fn group(incident: &Incident) -> Group {
    Group { incidents: vec![incident.id] }
}

fn decide_on(event: &AlertEvent, groups: &Groups, rules: &Rules) -> Decision {
    let classification = classify(event, rules);
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
    let by_key = incident(1, "elsewhere", Status::Open, (0, 0));
    let by_service = incident(2, "web", Status::Investigating, (0, 0));
    let near = incident(3, "other", Status::Open, (10, 10));
    let mut groups = Groups {
        source_key: group(&by_key),
        service: group(&by_service),
        incidents: vec![near.clone(), by_service.clone(), by_key.clone()],
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
fn windows_are_inclusive_and_reach_both_ways_from_the_span() {
    let open = incident(1, "web", Status::Open, (0, 60));
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    let joins = |service: &str, minutes| {
        joined(&decide_on(&event(Some(service), minutes), &groups, &rules("environment"))).is_some()
    };
    for (minutes, expected) in [(-31, false), (-30, true), (0, true), (30, true), (60, true), (90, true), (91, false)] {
        assert_eq!(joins("web", minutes), expected, "service at {minutes}");
    }
    for (minutes, expected) in [(-6, false), (-5, true), (65, true), (66, false)] {
        assert_eq!(joins("other", minutes), expected, "cascade at {minutes}");
    }
}

#[test]
fn a_cascade_follows_dependencies_or_is_off() {
    let open = incident(1, "checkout", Status::Open, (0, 0));
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
    let open = incident(1, "web", Status::Open, (0, 0));
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    let mut elsewhere = event(Some("web"), 0);
    elsewhere.environment = Some("staging".into());
    assert_eq!(joined(&decide_on(&elsewhere, &groups, &rules("environment"))), None);
    assert_eq!(joined(&decide_on(&event(None, 0), &groups, &rules("off"))), None);
}

#[test]
fn of_several_the_nearest_in_time_is_joined() {
    let early = incident(1, "web", Status::Open, (0, 0));
    let late = incident(2, "web", Status::Open, (40, 40));
    let groups = Groups { incidents: vec![early.clone(), late.clone()], ..Groups::default() };
    let target = |minutes| joined(&decide_on(&event(Some("web"), minutes), &groups, &rules("off"))).map(|(id, _)| id);
    assert_eq!((target(15), target(25)), (Some(early.id), Some(late.id)));
}

#[test]
fn a_group_whose_incident_ended_opens_a_recurrence() {
    for status in [Status::Resolved, Status::Closed] {
        let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", status, (0, 0)) };
        let groups = Groups { service: group(&ended), incidents: vec![ended.clone()], ..Groups::default() };
        let decision = decide_on(&event(Some("web"), 1), &groups, &rules("environment"));
        assert!(matches!(decision, Decision::Open { recurrence_of: Some(id), .. } if id == ended.id), "{status}");
    }
    let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", Status::Closed, (0, 0)) };
    let by_service = Groups { service: group(&ended), incidents: vec![ended.clone()], ..Groups::default() };
    let by_key = Groups { source_key: group(&ended), incidents: vec![ended], ..Groups::default() };
    let recurs = |groups| {
        let decision = decide_on(&event(Some("web"), 24 * 60 + 1), groups, &rules("environment"));
        matches!(decision, Decision::Open { recurrence_of: Some(_), .. })
    };
    assert!(recurs(&by_key) && !recurs(&by_service), "a day later only the source's key says that it is the same");
    let forgotten = incident(1, "web", Status::Open, (-600, -600));
    let groups = Groups { service: group(&forgotten), incidents: vec![forgotten], ..Groups::default() };
    let decision = decide_on(&event(Some("web"), 1), &groups, &rules("environment"));
    assert!(matches!(decision, Decision::Open { recurrence_of: None, .. }));
}

#[test]
fn what_has_recovered_joins_but_opens_nothing() {
    let rules = rules("environment");
    let late = event(Some("web"), 0);
    let classification = classify(&late, &rules);
    let new_alert = NewAlert { event: &late, classification: &classification, resolved_at: Some(at(1)) };
    assert!(matches!(decide(new_alert, &Groups::default(), &rules), Decision::Ignore { .. }));
    let groups = Groups { incidents: vec![incident(1, "web", Status::Open, (0, 0))], ..Groups::default() };
    assert!(matches!(decide(new_alert, &groups, &rules), Decision::Join { .. }));
}

#[test]
fn an_incident_of_the_sources_key_is_found_although_another_is_later() {
    // A late alert opened the second, far from the first, which is still open.
    let (first, second) =
        (incident(1, "elsewhere", Status::Open, (0, 0)), incident(2, "elsewhere", Status::Open, (-180, -180)));
    let source_key = Group { incidents: vec![first.id, second.id] };
    let groups = Groups { source_key, incidents: vec![first.clone(), second], ..Groups::default() };
    let decision = decide_on(&event(None, 10), &groups, &rules("environment"));
    assert_eq!(joined(&decision), Some((first.id, GroupingRule::SourceKey)));
}

#[test]
fn an_incident_of_more_services_than_it_names_is_found_by_each_of_them() {
    let open = incident(1, "web", Status::Open, (0, 0));
    let groups = Groups { service: group(&open), incidents: vec![open.clone()], ..Groups::default() };
    let decision = decide_on(&event(Some("unnamed"), 20), &groups, &rules("environment"));
    assert_eq!(joined(&decision), Some((open.id, GroupingRule::Service)));
}
