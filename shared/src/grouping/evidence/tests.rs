//! What each piece of evidence counts.

use super::*;
use crate::domain::{
    grouping::Fact,
    id::IncidentId,
    samples::{self, at},
    severity::Severity,
};

const RULES: &str = "
default_environment: production
dependencies: {web: [checkout], checkout: [ledger], ledger: [postgres], search: [index]}
";

fn incident(services: &[&str], first: i64, last: i64) -> Incident {
    let (alert, _) = samples::alert(1, Severity::Error, "any", first);
    let (incident, _) = Incident::open(IncidentId::numbered(at(first), 1), &alert, None);
    let services = services.iter().map(|service| (*service).to_owned()).collect();
    Incident { services, first_onset_at: at(first), last_onset_at: at(last), ..incident }
}

fn weigh(service: Option<&str>, minutes: i64, history: &ServiceGroup, incident: &Incident) -> ScoredIncident {
    let rules = Rules::parse(RULES).unwrap();
    let scale = Scale::of(&OpeningLock::default(), rules.grouping());
    scale.weigh(Weighed { onset: at(minutes), service, history }, incident, &rules)
}

fn score(service: Option<&str>, minutes: i64, incident: &Incident) -> f64 {
    weigh(service, minutes, &ServiceGroup::default(), incident).score
}

fn assert_points(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.006, "{found} instead of {expected}");
}

#[test]
fn services_count_by_what_is_declared() {
    for (service, expected) in [
        (Some("checkout"), 0.5),
        (Some("web"), 0.75),
        (Some("ledger"), 0.75),
        (Some("postgres"), 0.0),
        (Some("search"), -1.25),
        (Some("unknown"), -1.0),
        (None, 0.25),
    ] {
        assert_points(score(service, 0, &incident(&["checkout"], 0, 0)), expected);
    }
    assert_points(score(Some("web"), 0, &incident(&[], 0, 0)), 0.25);
    assert_points(score(Some("web"), 0, &incident(&["checkout", "search"], 0, 0)), 0.75);
}

#[test]
fn incidents_are_related_by_services_that_are_declared_or_often_break_together() {
    let rules = Rules::parse(RULES).unwrap();
    let related = |service, others: &[&str], history: &ServiceGroup| {
        is_related(Weighed { onset: at(0), service, history }, &incident(others, 0, 0), &rules)
    };
    let nothing = ServiceGroup::default();
    for (others, expected) in [("web", true), ("checkout", true), ("ledger", true), ("postgres", false), ("job", false)]
    {
        assert_eq!(related(Some("web"), &[others], &nothing), expected, "{others}");
    }
    assert!(related(Some("web"), &["job", "checkout"], &nothing));
    assert!(!related(Some("web"), &[], &nothing));
    assert!(related(None, &["job"], &nothing), "nobody knows");
    let mut known = ServiceGroup::default();
    known.learn(["job"]);
    assert!(!related(Some("web"), &["job"], &known), "once is chance");
    known.learn(["job", "search"]);
    assert!(related(Some("web"), &["job"], &known));
    (0..5).for_each(|_| known.learn([]));
    assert!(!related(Some("web"), &["job"], &known), "in 2 of 7 outages");
}

#[test]
fn time_counts_from_the_span_of_the_problems_in_units_of_the_spread() {
    let open = incident(&["web"], 0, 3);
    for (minutes, expected) in [(-3, 0.5 - 2.0), (0, 0.5), (3, 0.5), (6, 0.5 - 2.0)] {
        assert_points(score(Some("web"), minutes, &open), expected);
    }
    // The span of 6.5 min is over: the distance from the first counts, too.
    assert_points(score(Some("web"), 8, &incident(&["web"], 0, 8)), 0.5 - 1.0);
    let far = weigh(Some("web"), 8, &ServiceGroup::default(), &open);
    let facts: Vec<Fact> = far.parts.into_iter().map(|part| part.fact).collect();
    assert_eq!(facts, [Fact::After { seconds: 300 }, Fact::Late { seconds: 90 }, Fact::SameService]);
}

#[test]
fn history_speaks_for_and_against_within_bounds() {
    let open = incident(&["unknown"], 0, 0);
    let learned = |together: u32, outages: u32| {
        let neighbours = std::iter::once(("unknown".to_owned(), together)).collect();
        let history = ServiceGroup { outages, neighbours, ..ServiceGroup::default() };
        weigh(Some("web"), 0, &history, &open).score + 1.0
    };
    assert_points(learned(0, 0), 0.0);
    assert_points(learned(14, 20), (16.0_f64 / 5.0).ln());
    assert_points(learned(60, 60), 1.5);
    assert_points(learned(0, 20), (2.0_f64 / 5.0).ln());
    assert_points(learned(0, 60), -1.5);
}

#[test]
fn an_incident_of_more_services_than_it_names_is_of_each_of_them() {
    let open = incident(&["checkout"], 0, 0);
    let history = ServiceGroup { incidents: vec![open.id], ..ServiceGroup::default() };
    assert_eq!(weigh(Some("unnamed"), 0, &history, &open).parts[1].fact, Fact::SameService);
}

#[test]
fn settings_move_what_is_needed_and_the_span() {
    let scale = |settings: &str| {
        let rules = Rules::parse(&format!("default_environment: production\ngrouping: {settings}")).unwrap();
        Scale::of(&OpeningLock::default(), rules.grouping())
    };
    let needed = ["{strictness: lenient}", "{}", "{strictness: strict}"].map(|settings| scale(settings).needed);
    for (found, expected) in needed.into_iter().zip([-3.0, -2.0, -1.0]) {
        assert_points(found, expected);
    }
    assert_points(scale("{}").span_minutes, 6.5);
    assert_points(scale("{span: 20}").span_minutes, 20.0);
}

#[test]
fn whatever_the_evidence_nothing_joins_an_incident_that_is_settled() {
    let spreads = [vec![], vec![1; 9], vec![100_000; 9]];
    for samples in spreads {
        let mut environment = OpeningLock::default();
        for seconds in samples {
            environment.spreads.note(seconds);
        }
        let rules = Rules::parse("default_environment: production\ngrouping: {strictness: lenient}").unwrap();
        let scale = Scale::of(&environment, rules.grouping());
        let best = ONE_APART + MAX_HISTORY;
        #[expect(clippy::cast_precision_loss, reason = "half an hour")]
        let late = super::super::opening_lock::SETTLED_AFTER_MINUTES as f64 - scale.span_minutes;
        assert!(best - late / scale.spread_minutes < scale.needed);
    }
}
