//! Alerts as rows: what they hold and what they weigh.

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        alert::{AlertReport, AlertState, Delivered, Placement},
        alert_status::AlertStatus,
        classification::{Classified, Evidence},
        delivery::DeliveryId,
        episode::{Episode, EpisodeOf, EventKey, Firing},
        event::KeyScope,
        grouping::{
            Fact, Grouping, GroupingDecision, GroupingRule, Moved, RunnerUp, ScorePart, ScoredIncident, Weighing,
        },
        reported::Reported,
        severity::Severity,
        source::Source,
        time::Time,
    },
    ids::IdGenerator,
};

/// What DynamoDB takes.
const MAX_ITEM: usize = 400 * 1024;

/// What one write unit covers.
const ONE_UNIT: usize = 1024;

/// The size of a value, as DynamoDB reckons it.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        _ => 1,
    }
}

fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// A row can be stored, and gives back the alert as it was.
fn check_item(alert: &Alert) -> Result<(), TestCaseError> {
    let item = super::item(alert, Some(Time::EARLIEST)).unwrap();
    prop_assert!(item_size(&item) < MAX_ITEM, "{} bytes", item_size(&item));
    // An empty text cannot be the key of an index.
    prop_assert!(!matches!(item.get("service"), Some(AttributeValue::S(service)) if service.is_empty()));
    prop_assert_eq!(&read(item).unwrap(), alert);
    Ok(())
}

fn classified<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Classified<T>> {
    let evidence = prop::sample::select(vec![Evidence::Stated, Evidence::Rule, Evidence::Text, Evidence::Default]);
    (value, evidence, any::<Option<String>>(), 0_u8..=100).prop_map(|(value, evidence, matched, percent)| Classified {
        value,
        evidence,
        matched,
        confidence: f64::from(percent) / 100.0,
    })
}

fn times() -> impl Strategy<Value = Time> {
    (0_i64..=Time::LATEST.as_millis()).prop_map(|millis| Time::from_millis(millis).unwrap())
}

fn severities() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![Severity::Info, Severity::Warning, Severity::Error, Severity::Critical])
}

fn groupings() -> impl Strategy<Value = Grouping> {
    let decision =
        prop::sample::select(vec![GroupingDecision::Opened, GroupingDecision::Joined, GroupingDecision::Ignored]);
    let rule = prop::sample::select(vec![GroupingRule::SourceKey, GroupingRule::Service, GroupingRule::Evidence]);
    let evidence = prop::option::of(weighings());
    let moved = (times(), any::<u64>(), any::<Option<String>>())
        .prop_map(|(at, random, by)| Moved { from: IncidentId::numbered(at, random), by });
    let moved = prop::option::of(moved);
    (decision, prop::option::of(rule), any::<Option<String>>(), any::<Option<String>>(), evidence, moved).prop_map(
        |(decision, rule, key, note, evidence, moved)| Grouping { decision, rule, key, note, evidence, moved },
    )
}

/// Evidence with points in hundredths, as it is stored.
fn weighings() -> impl Strategy<Value = Weighing> {
    let points = || (-2000_i32..2000).prop_map(|hundredths| f64::from(hundredths) / 100.0);
    let fact = prop_oneof![
        Just(Fact::Within),
        any::<i64>().prop_map(|seconds| Fact::After { seconds }),
        any::<String>().prop_map(|service| Fact::Needs { service }),
        (any::<String>(), any::<u32>(), any::<u32>()).prop_map(|(service, together, outages)| Fact::Together {
            service,
            together,
            outages
        }),
    ];
    let parts = prop::collection::vec((fact, points()).prop_map(|(fact, points)| ScorePart { fact, points }), 0..4);
    let scored = (any::<u64>(), points(), parts).prop_map(|(number, score, parts)| ScoredIncident {
        incident_id: IncidentId::numbered(Time::EARLIEST, number),
        score,
        parts,
    });
    let runner_up = (any::<u64>(), points())
        .prop_map(|(number, score)| RunnerUp { incident_id: IncidentId::numbered(Time::EARLIEST, number), score });
    (any::<u32>(), any::<Option<u32>>(), prop::option::of(scored), prop::option::of(runner_up)).prop_map(
        |(usual_delay_seconds, supposed_from, best, runner_up)| Weighing {
            usual_delay_seconds,
            supposed_from,
            spread_minutes: 1.5,
            needed: -2.0,
            best,
            runner_up,
        },
    )
}

fn keys() -> impl Strategy<Value = EventKey> {
    (times(), "[a-z0-9-]{1,40}").prop_map(|(at, id)| EventKey { at, delivery_id: DeliveryId::new(id) })
}

fn reported<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Reported<T>> {
    (value, keys()).prop_map(|(value, by)| Reported { value, by })
}

fn alerts() -> impl Strategy<Value = Alert> {
    let texts = (
        reported(any::<String>()),
        prop::option::of(reported(any::<String>())),
        prop::option::of(reported(any::<String>())),
        prop::option::of(reported(any::<String>())),
        prop::option::of(reported(any::<String>())),
        prop::option::of(reported(prop::collection::vec(any::<String>(), 1..9))),
    );
    let more = (any::<String>(), any::<String>(), any::<Option<String>>(), prop::option::of("[a-zß]{1,9}"));
    let moments = (times(), times(), times(), prop::option::of(times()), any::<u64>());
    let classification = (
        classified(severities()),
        reported(classified(any::<Option<String>>())),
        reported(classified(any::<Option<String>>())),
        reported(classified(any::<String>())),
    );
    (texts, more, moments, classification, groupings(), any::<(bool, bool)>()).prop_map(
        |(texts, more, moments, classification, grouping, (has_incident, is_test))| {
            let (title, external_id, message, link, group, tags) = texts;
            let (problem_key, environment_name, team_name, service_name) = more;
            let (created_at, occurred_at, last_seen_at, resolved_at, occurrences) = moments;
            let ids = IdGenerator::seeded(occurrences);
            let (severity, team, service, environment) = classification;
            let state = AlertState {
                source: Source::named("sentry"),
                severity: severity.value,
                status: AlertStatus::of(resolved_at),
                service: service_name,
                environment: environment_name,
                team: team_name,
                incident_id: has_incident.then(|| ids.next(created_at)),
                occurred_at,
                last_seen_at,
                resolved_at,
                occurrences,
                severity_classification: severity,
                is_test,
                bundle: is_test.then(|| ids.next(created_at)),
                updated_at: last_seen_at,
                version: occurrences,
            };
            let report = AlertReport {
                recurs_as: external_id.clone(),
                problem_key,
                title,
                external_id,
                message,
                tags,
                link,
                group,
                team,
                service,
                environment,
                key_scope: KeyScope::Problem,
                grouping,
            };
            Alert { id: ids.next(created_at), state, report }
        },
    )
}

proptest! {
    #[test]
    fn a_row_gives_back_the_alert_that_was_stored(alert in alerts()) {
        check_item(&alert)?;
    }
}

#[test]
fn the_row_of_a_usual_alert_is_one_write_unit() {
    let body = include_bytes!("../../../../tests/fixtures/datadog/published_template_triggered_p1_is_critical.json");
    let datadog = crate::sources::find("datadog").unwrap();
    // Moments after the date of the fixture.
    let at: Time = "2024-12-11T15:25:40.120Z".parse().unwrap();
    let payload = crate::sources::parse(body).unwrap();
    let read = datadog.read(&crate::sources::Headers::default(), &payload, at).unwrap();
    let crate::sources::Reading::Event(event) = read else { panic!("not an event") };
    let rules = crate::rules::Rules::built_in().unwrap();
    let classification = crate::classification::classify(&event, &rules);
    let parts = vec![
        ScorePart { fact: Fact::After { seconds: 40 }, points: -0.44 },
        ScorePart { fact: Fact::Needs { service: "payments".to_owned() }, points: 0.75 },
        ScorePart { fact: Fact::Together { service: "payments".to_owned(), together: 14, outages: 20 }, points: 1.42 },
    ];
    let grouping = Grouping {
        decision: GroupingDecision::Joined,
        rule: Some(GroupingRule::Evidence),
        key: None,
        note: None,
        evidence: Some(Weighing {
            usual_delay_seconds: 0,
            supposed_from: None,
            spread_minutes: 1.5,
            needed: -2.0,
            best: Some(ScoredIncident { incident_id: IncidentId::numbered(at, 1 << 60), score: 1.73, parts }),
            runner_up: Some(RunnerUp { incident_id: IncidentId::numbered(at, 3 << 60), score: -3.1 }),
        }),
        moved: None,
    };
    let ids = IdGenerator::seeded(1);
    let key = EventKey { at, delivery_id: crate::sources::delivery_id(&event, body, "1") };
    let firing = Firing {
        key: key.clone(),
        occurred_at: at,
        severity: classification.severity.value,
        evidence: classification.severity.evidence,
        content: None,
        received_at: None,
    };
    let of = EpisodeOf { alert_id: ids.next(at), incident_id: Some(ids.next(at)), resolution: None };
    let delivered = Delivered { key: &key, event: &event, classification: &classification };
    let placement = Placement { incident_id: of.incident_id, grouping };
    let mut alert = Alert::first(&Episode::begin(of, firing), delivered, placement);
    alert.state.bundle = Some(ids.next(at));
    alert.end(at);
    let resolved = super::item(&alert, Some(at)).unwrap();
    assert!(item_size(&resolved) <= ONE_UNIT, "a row of {} bytes", item_size(&resolved));
}
