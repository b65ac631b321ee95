//! Which incident an alert joins, and why.

use super::*;
use crate::domain::{
    grouping::Fact,
    id::AlertId,
    samples::{self, at, event},
    severity::Severity,
    status::Status,
};

const RULES: &str = "
grouping: {mode: evidence}
default_environment: production
dependencies: {web: [checkout]}
";

fn rules(mode: &str) -> Rules {
    Rules::parse(&RULES.replace("evidence", mode)).unwrap()
}

fn incident(number: u64, service: &str, status: Status, span: std::ops::RangeInclusive<i64>) -> Incident {
    let (alert, _) = samples::alert(number, Severity::Error, service, *span.start());
    let (incident, _) = Incident::open(IncidentId::numbered(at(*span.start()), number), &alert, None);
    let end = at(*span.end());
    Incident { status, last_alert_at: end, last_onset_at: end, ..incident }
}

fn activity(incident: &Incident) -> GroupedIncident {
    GroupedIncident { incident_id: incident.id, first_at: incident.first_alert_at, last_at: incident.last_alert_at }
}

fn of_service(incident: &Incident) -> ServiceGroup {
    ServiceGroup { incidents: vec![incident.id], ..ServiceGroup::default() }
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
        Decision::Join { incident_id, place } => Some((*incident_id, place.grouping.rule?)),
        _ => None,
    }
}

fn grouping(decision: Decision) -> Grouping {
    match decision {
        Decision::Join { place, .. } | Decision::Open { place, .. } => place.grouping,
        Decision::Ignore { grouping } => grouping,
    }
}

#[test]
fn the_sources_key_comes_before_weak_evidence_for_another_incident() {
    let by_key = incident(1, "elsewhere", Status::Open, 0..=0);
    let by_evidence = incident(2, "other", Status::Investigating, 9..=9);
    let mut groups = Groups {
        activity: vec![activity(&by_key)],
        incidents: vec![by_evidence.clone(), by_key.clone()],
        ..Groups::default()
    };
    let rules = rules("evidence");
    let new_alert = event(Some("web"), 10);
    assert_eq!(joined(&decide_on(&new_alert, &groups, &rules)), Some((by_key.id, GroupingRule::SourceKey)));
    groups.activity.clear();
    assert_eq!(joined(&decide_on(&new_alert, &groups, &rules)), Some((by_evidence.id, GroupingRule::Evidence)));
}

#[test]
fn the_sources_key_yields_to_evidence_for_another_incident_if_its_own_is_too_far() {
    let own = |first| incident(1, "web", Status::Open, first..=first + 2);
    let other = incident(2, "checkout", Status::Investigating, 9..=9);
    let decide = |own: &Incident, mode| {
        let activity = activity(own);
        let incidents = vec![own.clone(), other.clone()];
        let groups = Groups { activity: vec![activity], incidents, ..Groups::default() };
        decide_on(&event(Some("web"), 10), &groups, &rules(mode))
    };
    let far = decide(&own(0), "evidence");
    assert_eq!(joined(&far), Some((other.id, GroupingRule::Evidence)));
    let reason = grouping(far).reason();
    assert!(reason.contains(&format!("was in {} just before", own(0).id)), "{reason}");
    assert_eq!(joined(&decide(&own(7), "evidence")), Some((own(7).id, GroupingRule::SourceKey)), "both are near");
    assert_eq!(joined(&decide(&own(0), "off")), Some((own(0).id, GroupingRule::SourceKey)));
}

#[test]
fn a_flapping_problem_counts_from_its_own_last_resolution() {
    let open = incident(1, "web", Status::Open, 0..=500);
    let span = GroupedIncident { incident_id: open.id, first_at: at(0), last_at: at(100) };
    let groups = Groups { activity: vec![span], incidents: vec![open.clone()], ..Groups::default() };
    let target = |minutes| joined(&decide_on(&event(None, minutes), &groups, &rules("off")));
    assert_eq!((target(110), target(111)), (Some((open.id, GroupingRule::SourceKey)), None));
}

#[test]
fn the_incident_with_the_highest_score_is_joined_and_of_equal_ones_the_youngest() {
    let near = incident(1, "web", Status::Open, 8..=8);
    let related = incident(2, "checkout", Status::Open, 9..=9);
    let far = incident(3, "checkout", Status::Open, 3..=3);
    let mut groups = Groups { incidents: vec![near, related.clone(), far], ..Groups::default() };
    let found = grouping(decide_on(&event(Some("web"), 10), &groups, &rules("evidence")));
    let reason = found.reason();
    let weighing = found.evidence.expect("evidence");
    let (best, runner_up) = (weighing.best.expect("the best"), weighing.runner_up.expect("another"));
    assert_eq!((best.incident_id, runner_up.incident_id.random()), (related.id, 1));
    assert_eq!(best.parts[1].fact, Fact::Needs { service: "checkout".to_owned() });
    assert!(best.score > runner_up.score && best.score >= weighing.needed);
    for word in ["60 s after", "needs checkout (+0.75)", "Score +0.08, needed −2", "Next best"] {
        assert!(reason.contains(word), "{reason} lacks {word}");
    }
    let twin = incident(4, "checkout", Status::Open, 9..=9);
    groups.incidents.push(twin.clone());
    let decision = decide_on(&event(Some("web"), 10), &groups, &rules("evidence"));
    assert_eq!(joined(&decision), Some((twin.id, GroupingRule::Evidence)));
}

#[test]
fn an_alert_that_opens_says_what_was_best_and_relies_on_what_may_come_near() {
    let near = incident(1, "web", Status::Open, 0..=0);
    let far = incident(2, "web", Status::Open, -600..=-600);
    let groups = Groups { incidents: vec![near.clone(), far], ..Groups::default() };
    let decision = decide_on(&event(Some("web"), 5), &groups, &rules("evidence"));
    let Decision::Open { too_far, place, .. } = decision else { panic!("{decision:?}") };
    assert_eq!(too_far, [near.id]);
    assert_eq!(place.grouping.evidence.clone().unwrap().best.unwrap().incident_id, near.id);
    let reason = place.grouping.reason();
    assert!(reason.starts_with("The evidence is too weak."), "{reason}");
    let alone = grouping(decide_on(&event(Some("web"), 5), &Groups::default(), &rules("evidence")));
    assert_eq!(alone.reason(), "No other incident of its environment is active.");
}

#[test]
fn the_usual_delay_of_its_monitor_is_taken_off() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let mut groups = Groups { incidents: vec![open], ..Groups::default() };
    let late = event(Some("web"), 8);
    assert_eq!(joined(&decide_on(&late, &groups, &rules("evidence"))), None);
    for number in 0..3 {
        let incident_id = IncidentId::numbered(at(-9000), number);
        groups.source.note(incident_id, AlertId::numbered(at(-9000), number), at(-9000), Some(470));
    }
    let decision = decide_on(&late, &groups, &rules("evidence"));
    assert!(joined(&decision).is_some());
    let Decision::Join { place, .. } = decision else { panic!("{decision:?}") };
    assert_eq!((place.delay_seconds, place.scatter_seconds()), (Some(480), Some(10)));
    assert_eq!(place.grouping.usual_delay_ms(), 470_000);
}

#[test]
fn a_delay_that_is_supposed_lets_an_alert_join_what_it_would_clearly_miss_without() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let mut groups = Groups { incidents: vec![open.clone()], ..Groups::default() };
    groups.source.note(IncidentId::numbered(at(-9000), 1), AlertId::numbered(at(-9000), 1), at(-9000), Some(470));
    let rules = rules("evidence");
    let found = grouping(decide_on(&event(Some("web"), 8), &groups, &rules));
    assert_eq!((found.decision, found.usual_delay_ms()), (GroupingDecision::Joined, 470_000));
    let reason = found.reason();
    assert!(reason.contains("may be 7 min late, as the only time before: the problem began"), "{reason}");
    let by_its_own_time = grouping(decide_on(&event(Some("web"), 1), &groups, &rules));
    assert_eq!((by_its_own_time.decision, by_its_own_time.usual_delay_ms()), (GroupingDecision::Joined, 0));
    let weak = decide_on(&event(Some("other"), 8), &groups, &rules);
    let Decision::Open { too_far, place, .. } = &weak else { panic!("{weak:?}") };
    assert_eq!((&too_far[..], place.grouping.usual_delay_ms()), (&[open.id][..], 0), "it joined if the incident grew");
}

#[test]
fn a_test_notification_joins_nothing() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { activity: vec![activity(&open)], incidents: vec![open], ..Groups::default() };
    let test = AlertEvent { is_test: true, ..event(Some("web"), 1) };
    assert!(matches!(decide_on(&test, &groups, &rules("evidence")), Decision::Ignore { .. }));
}

#[test]
fn another_environment_matches_nothing_and_grouping_may_be_off() {
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    let elsewhere = AlertEvent { environment: Some("staging".into()), ..event(Some("web"), 0) };
    assert_eq!(joined(&decide_on(&elsewhere, &groups, &rules("evidence"))), None);
    let decision = decide_on(&event(Some("web"), 0), &groups, &rules("off"));
    assert_eq!(joined(&decision), None);
    assert_eq!(grouping(decision).evidence, None);
}

#[test]
fn a_group_whose_incident_ended_opens_a_recurrence() {
    for status in [Status::Resolved, Status::Closed] {
        let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", status, 0..=0) };
        let groups = Groups { service: of_service(&ended), incidents: vec![ended.clone()], ..Groups::default() };
        let decision = decide_on(&event(Some("web"), 1), &groups, &rules("evidence"));
        assert!(matches!(&decision, Decision::Open { recurrence_of: Some(id), .. } if *id == ended.id), "{status}");
        let found = grouping(decision);
        assert_eq!((found.rule, found.key.as_deref()), (Some(GroupingRule::Service), Some("web in production")));
    }
    let ended = Incident { resolved_at: Some(at(0)), ..incident(1, "web", Status::Closed, 0..=0) };
    let by_service = Groups { service: of_service(&ended), incidents: vec![ended.clone()], ..Groups::default() };
    let by_key = Groups { activity: vec![activity(&ended)], incidents: vec![ended], ..Groups::default() };
    let recurs = |groups| {
        let decision = decide_on(&event(Some("web"), 24 * 60 + 1), groups, &rules("evidence"));
        matches!(decision, Decision::Open { recurrence_of: Some(_), .. })
    };
    assert!(recurs(&by_key) && !recurs(&by_service), "a day later only the source's key says that it is the same");
    let forgotten = incident(1, "web", Status::Open, -600..=-600);
    let groups = Groups { service: of_service(&forgotten), incidents: vec![forgotten], ..Groups::default() };
    let decision = decide_on(&event(Some("web"), 1), &groups, &rules("evidence"));
    assert!(matches!(decision, Decision::Open { recurrence_of: None, .. }));
}

#[test]
fn an_alert_that_is_resolved_already_joins_but_opens_nothing() {
    let rules = rules("evidence");
    let late = event(Some("web"), 0);
    let classification = classified(&late);
    let new_alert = NewAlert { event: &late, classification: &classification, resolved_at: Some(at(1)) };
    assert!(matches!(decide(new_alert, &Groups::default(), &rules), Decision::Ignore { .. }));
    let open = incident(1, "web", Status::Open, 0..=0);
    let groups = Groups { incidents: vec![open], ..Groups::default() };
    assert!(matches!(decide(new_alert, &groups, &rules), Decision::Join { .. }));
}
