//! Checks all of `seed/data`, and that each kind of mistake in it is reported.

use std::collections::BTreeSet;

use super::*;
use crate::company::PrometheusRule;

fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    let company = company().unwrap();
    [&company.major, &company.partial, &company.minor, &company.noise, &company.staging].into_iter().flatten()
}

#[test]
fn every_reference_resolves() {
    company().unwrap();
}

#[test]
fn a_reference_to_nothing_names_the_scenario_and_the_signal() {
    let mut files = Files::parse().unwrap();
    files.minor[0].waves[0] = vec![SignalEntry::Issue { issue: "checkout/latency".to_owned() }];
    let name = files.minor[0].name.clone();
    let error = Company::resolve(Box::leak(Box::new(files))).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("checkout/latency"), "{error}");
}

#[test]
fn a_team_that_does_not_exist_is_named() {
    let mut files = Files::parse().unwrap();
    files.teams.remove("payments");
    let error = Company::resolve(Box::leak(Box::new(files))).unwrap_err();
    assert_eq!(error, DataError::UnknownTeam { service: "checkout".to_owned(), team: "payments".to_owned() });
}

#[test]
fn a_scenario_without_a_signal_is_an_error() {
    let mut files = Files::parse().unwrap();
    files.noise[0].waves.clear();
    let error = Company::resolve(Box::leak(Box::new(files))).unwrap_err();
    assert!(matches!(error, DataError::NoSignal { .. }), "{error}");
}

#[test]
fn names_and_numbers_are_unique() {
    let mut names = BTreeSet::new();
    assert!(scenarios().all(|scenario| names.insert(scenario.name)));
    let files = Files::parse().unwrap();
    let services = || files.services.values();
    let mut ids = BTreeSet::new();
    assert!(services().flat_map(|service| service.monitors.values()).all(|monitor| ids.insert(monitor.id)));
    let mut ids = BTreeSet::new();
    assert!(services().flat_map(|service| service.metric_alert_rules.values()).all(|rule| ids.insert(rule.id)));
    let mut alarms = BTreeSet::new();
    assert!(services().flat_map(|service| service.alarms.values()).all(|alarm| alarms.insert(&alarm.name)));
    let mut projects = BTreeSet::new();
    assert!(services().all(|service| projects.insert(service.sentry_project)));
}

/// Sentry tells issues apart by their culprit here, and so does the tracker of the simulation.
#[test]
fn every_signal_is_used_and_every_issue_has_a_culprit_of_its_own() {
    let mut used = BTreeSet::new();
    let rule_of = |service: &Service, rule: &PrometheusRule| format!("{}/{}", service.name, rule.alertname);
    for signal in scenarios().flat_map(|scenario| scenario.waves.iter().flatten()) {
        used.insert(match signal.kind {
            SignalKind::Monitor { monitor, .. } => monitor.id.to_string(),
            SignalKind::Issue(issue) => issue.culprit.clone(),
            SignalKind::MetricAlert(rule) => rule.id.to_string(),
            SignalKind::Rule { rule, .. } => rule_of(signal.service, rule),
            SignalKind::Alarm(alarm) => alarm.name.clone(),
        });
    }
    let files = Files::parse().unwrap();
    let mut defined = BTreeSet::new();
    for service in files.services.values() {
        defined.extend(service.monitors.values().map(|monitor| monitor.id.to_string()));
        defined.extend(service.metric_alert_rules.values().map(|rule| rule.id.to_string()));
        defined.extend(service.alarms.values().map(|alarm| alarm.name.clone()));
        for rule in service.prometheus_rules.values() {
            assert!(defined.insert(rule_of(service, rule)), "{}", rule.alertname);
        }
        for issue in service.issues.values() {
            assert!(defined.insert(issue.culprit.clone()), "{}", issue.culprit);
        }
    }
    assert_eq!(used, defined);
}

#[test]
fn several_sources_see_the_same_outage() {
    let seen = |scenario: &Scenario| {
        let kinds = scenario.waves.iter().flatten().map(|signal| signal.kind);
        let mut seen = (0, 0, 0);
        for kind in kinds {
            match kind {
                SignalKind::Monitor { .. } => seen.0 += 1,
                SignalKind::Rule { .. } => seen.1 += 1,
                SignalKind::Alarm(_) => seen.2 += 1,
                SignalKind::Issue(_) | SignalKind::MetricAlert(_) => {}
            }
        }
        seen
    };
    let count = |wanted: fn((i32, i32, i32)) -> bool| scenarios().filter(|scenario| wanted(seen(scenario))).count();
    assert!(count(|(datadog, alertmanager, _)| datadog > 0 && alertmanager > 0) >= 8);
    assert!(count(|(datadog, _, cloudwatch)| datadog > 0 && cloudwatch > 0) >= 8);
    assert!(count(|(datadog, alertmanager, cloudwatch)| datadog > 0 && alertmanager > 0 && cloudwatch > 0) >= 4);
}

/// Alertmanager would send two groups of a rule as one.
#[test]
fn a_rule_fires_once_in_an_outage_and_asks_for_no_more_alerts_than_it_has() {
    for scenario in scenarios() {
        let mut fired = BTreeSet::new();
        for signal in scenario.waves.iter().flatten() {
            let SignalKind::Rule { rule, alerts } = signal.kind else { continue };
            assert!(fired.insert((&signal.service.name, &rule.alertname)), "{}: {}", scenario.name, rule.alertname);
            let available = rule.group_by.as_ref().map_or(1, |by| by.values.len());
            assert!((1..=available).contains(&alerts), "{}: {}", scenario.name, rule.alertname);
        }
    }
}

#[test]
fn a_monitor_asks_for_no_more_groups_than_it_has() {
    for scenario in scenarios() {
        for signal in scenario.waves.iter().flatten() {
            let SignalKind::Monitor { monitor, groups } = signal.kind else { continue };
            let available = monitor.group_by.as_ref().map_or(1, |by| by.values.len());
            assert!((1..=available).contains(&groups), "{}: {}", scenario.name, monitor.name);
            assert!((1..=5).contains(&monitor.priority), "{}", monitor.name);
        }
    }
}
