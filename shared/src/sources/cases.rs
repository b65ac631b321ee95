//! Webhooks as sources really send them, where a careless reader goes wrong: see
//! `tests/fixtures/cases/README.md`.

use super::{Headers, Reading, find, parse};
use crate::domain::{
    event::{AlertEvent, KeyScope, Transition},
    severity::Severity,
    time::Time,
};

/// An hour after the first of the webhooks.
fn now() -> Time {
    "2026-11-27T05:00:00Z".parse().unwrap()
}

fn body(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/fixtures/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn reading(source: &str, resource: &str, name: &str) -> Reading {
    let headers: Headers = [("sentry-hook-resource", resource)].into_iter().collect();
    let payload = parse(&body(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    find(source).unwrap().read(&headers, &payload, now()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn event(reading: Reading) -> AlertEvent {
    match reading {
        Reading::Event(event) => *event,
        other => panic!("{other:?}"),
    }
}

fn datadog(name: &str) -> AlertEvent {
    event(reading("datadog", "", name))
}

fn sentry(resource: &str, name: &str) -> AlertEvent {
    event(reading("sentry", resource, name))
}

fn severity(event: &AlertEvent) -> Option<Severity> {
    event.severity.as_ref().map(|severity| severity.value)
}

#[test]
fn the_group_in_a_title_tells_two_hosts_of_a_monitor_apart() {
    let [one, other, over] = [1, 2, 3].map(|number| datadog(&format!("ilert-two-hosts-{number}")));
    assert_ne!(one.dedup_key, other.dedup_key);
    assert_eq!((&over.dedup_key, over.transition), (&one.dedup_key, Transition::Resolved));
    assert_eq!(one.dedup_key, "monitor:71100101|org:500417|env:fx-two-hosts|scope:host:fx-node-1");
    for (event, host) in [(&one, "host:fx-node-1"), (&other, "host:fx-node-2"), (&over, "host:fx-node-1")] {
        assert_eq!((event.title.as_str(), event.group.as_deref()), ("Swap of a node is used up", Some(host)));
        assert_eq!(event.message.as_deref(), Some("Swap is used up."));
        assert!(event.is_timed && event.ordered_at == event.occurred_at);
    }
}

#[test]
fn a_form_is_read_like_json() {
    let event = datadog("not-json-form-1");
    assert_eq!((event.title.as_str(), event.message.as_deref()), ("Mails of fx-mailer bounce", Some("4 % bounce.")));
    assert_eq!((severity(&event), event.service.as_deref()), (Some(Severity::Error), Some("fx-mailer")));
    assert_eq!((event.environment.as_deref(), event.transition), (Some("fx-form"), Transition::Firing));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let reason = parse(&body("not-json-incident-io-1")).unwrap_err().to_string();
    assert_eq!(reason, "the body is neither readable JSON nor a form: expected value at line 3 column 48");
}

#[test]
fn words_for_nothing_are_no_keys() {
    let [one, other, over] = [1, 2, 3].map(|number| datadog(&format!("null-strings-{number}")));
    assert_eq!(one.dedup_key, "title:fx-web 4.2 was deployed|org:500417|env:fx-null");
    assert_ne!(one.dedup_key, other.dedup_key);
    assert_eq!((one.external_id.as_deref(), other.external_id.as_deref()), (Some("fx-null-1"), Some("fx-null-2")));
    assert_eq!((one.link.as_deref(), one.message.as_deref(), one.group.as_deref()), (None, None, None));
    assert_eq!((one.severity, one.unknown_severity, one.tags), (None, None, vec!["env:fx-null".to_owned()]));
    assert_eq!((&over.dedup_key, over.transition), (&one.dedup_key, Transition::Resolved));
}

#[test]
fn an_id_that_is_the_monitor_makes_one_problem_of_different_bytes() {
    let events = [1, 2, 3, 4, 5].map(|number| datadog(&format!("oneuptime-id-is-monitor-{number}")));
    for (event, number) in events.iter().zip(1..) {
        let expected = if number % 2 == 0 { Transition::Resolved } else { Transition::Firing };
        assert_eq!(event.transition, expected);
        assert_eq!(event.dedup_key, "title:Share of failed calls|scope:service:fx-basket");
        assert_eq!((event.external_id.as_deref(), event.service.as_deref()), (Some("71100401"), Some("fx-basket")));
        assert_eq!((event.is_timed, event.ordered_at), (false, now()), "without a date the same bytes may come again");
        assert_eq!((severity(event), event.unknown_severity.as_deref()), (None, None), "normal is no severity");
    }
}

#[test]
fn words_of_the_text_are_left_to_classification() {
    for number in 1..=5 {
        let event = datadog(&format!("recovery-words-{number}"));
        assert_eq!((event.transition, severity(&event)), (Transition::Firing, None));
        let implied = event.transition_severity.expect("the transition implies one");
        assert!(implied.confidence < 0.6, "it says less than the text");
        assert!(!event.title.contains("Triggered"), "{}", event.title);
    }
}

#[test]
fn the_scope_that_fired_beats_the_tags_of_the_monitor() {
    let event = datadog("scope-against-tags-1");
    assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("fx-basket"), Some("fx-scope")));
    assert_eq!((event.team.as_deref(), event.dedup_key.as_str()), (Some("fx-shop"), "cycle:fx-scope-cycle"));
    assert_eq!(event.group.as_deref(), Some("env:fx-scope,service:fx-basket"));
}

#[test]
fn an_issue_states_no_environment_and_its_event_does() {
    let issue = sentry("issue", "sentry-environment-first-wins-1");
    let event = sentry("event_alert", "sentry-environment-first-wins-2");
    assert_eq!((issue.environment, event.environment.as_deref()), (None, Some("fx-staging")));
    assert_eq!(issue.dedup_key, event.dedup_key);
    assert_eq!((issue.key_scope, event.key_scope), (KeyScope::ProblemPerEnvironment, KeyScope::ProblemPerEnvironment));
    assert!(event.link.is_some() && event.tags.contains(&"runtime:CPython 3.13.1".to_owned()));
}

#[test]
fn an_occurrence_tells_what_the_event_does_not() {
    let uptime = sentry("event_alert", "sentry-occurrence-title-1");
    assert_eq!(uptime.title, "Downtime detected for https://fx-shop.example.com/status");
    assert_eq!(uptime.message.as_deref(), Some("Your monitored domain is down"));
    let cron = sentry("event_alert", "sentry-occurrence-title-2");
    assert_eq!(cron.title, "Cron failure: fx-nightly");
    assert_eq!(cron.message.as_deref(), Some("Failure reason: missed check-in detected"));
    assert_eq!(severity(&cron), Some(Severity::Warning), "the level of the occurrence");
    let query = sentry("event_alert", "sentry-occurrence-title-3");
    assert_eq!(query.message.as_deref(), Some("SELECT * FROM line WHERE basket = %s"));
    let metric = sentry("event_alert", "sentry-occurrence-title-4");
    assert_eq!(metric.title, "Error rate of fx-basket is above 5 %");
    let feedback = reading("sentry", "event_alert", "sentry-occurrence-title-5");
    assert_eq!(feedback, Reading::Ignored { reason: "user feedback opens no incident".to_owned() });
}

#[test]
fn a_clock_that_is_behind_does_not_put_an_event_before_a_resolution() {
    let first = sentry("event_alert", "sentry-old-timestamp-1");
    let resolved = sentry("issue", "sentry-old-timestamp-2");
    let again = sentry("event_alert", "sentry-old-timestamp-3");
    assert_eq!(first.occurred_at.to_string(), "2026-11-27T01:00:00.000Z");
    assert_eq!(first.ordered_at.to_string(), "2026-11-27T04:00:00.000Z");
    assert_eq!((again.ordered_at.to_string().as_str(), again.is_timed), ("2026-11-27T04:01:00.000Z", true));
    assert_eq!((resolved.ordered_at, resolved.is_timed), (now(), false));
}

#[test]
fn a_resolution_without_a_time_may_come_again_as_news() {
    let resolved = sentry("issue", "sentry-resolved-twice-2");
    assert_eq!(body("sentry-resolved-twice-2"), body("sentry-resolved-twice-4"));
    assert_eq!((resolved.transition, resolved.is_timed), (Transition::Resolved, false));
    assert_eq!(sentry("issue", "sentry-resolved-twice-3").transition, Transition::Firing);
}

#[test]
fn stated_words_are_a_severity_or_passed_on() {
    for (number, expected) in [
        (1, Some(Severity::Critical)),
        (2, Some(Severity::Critical)),
        (3, Some(Severity::Error)),
        (4, Some(Severity::Info)),
        (5, Some(Severity::Info)),
        (6, None),
    ] {
        let event = datadog(&format!("severity-words-{number}"));
        assert_eq!(severity(&event), expected, "{number}");
        let unknown = expected.is_none().then_some("gold");
        assert_eq!(event.unknown_severity.as_deref(), unknown, "{number}");
    }
}

#[test]
fn labels_and_annotations_are_read() {
    let [fired, over] = [1, 2].map(|number| datadog(&format!("template-alibaba-{number}")));
    assert_eq!((fired.transition, over.transition), (Transition::Firing, Transition::Resolved));
    assert_eq!(fired.dedup_key, over.dedup_key);
    assert_eq!((fired.title.as_str(), fired.message.as_deref()), ("Volume of fx-archive", Some("91 % are used")));
    assert_eq!((fired.service.as_deref(), fired.environment.as_deref()), (Some("fx-archive"), Some("fx-alibaba")));
    assert_eq!(over.occurred_at.to_string(), "2026-11-27T04:01:00.000Z");
}

#[test]
fn metadata_is_read() {
    let event = datadog("template-incident-io-1");
    assert_eq!((event.dedup_key.as_str(), event.title.as_str()), ("fx-aggr-9-fx-cycle-9", "Age of the oldest message"));
    assert_eq!((event.service.as_deref(), event.team.as_deref()), (Some("fx-queue"), Some("fx-core")));
    assert_eq!((event.environment.as_deref(), severity(&event)), (Some("fx-nested"), Some(Severity::Critical)));
    assert_eq!(event.link.as_deref(), Some("https://app.datadoghq.com/event/event?id=1001"));
    assert_eq!(event.message.as_deref(), Some("the oldest waits for 40 minutes"));
    assert_eq!(event.occurred_at.to_string(), "2026-11-27T04:00:00.000Z");
}

#[test]
fn a_test_says_that_it_is_one() {
    let event = datadog("test-notification-1");
    assert!(event.is_test);
    assert_eq!(event.link.as_deref(), Some("https://app.datadoghq.com/monitors#71101001?"));
    assert_eq!(event.message.as_deref(), Some("Test notification triggered by (e-mail)."));
    assert_eq!(event.title, "[TEST] Reachability of fx-hosts");
}

#[test]
fn a_title_is_the_same_in_every_state() {
    let events = [1, 2, 3].map(|number| datadog(&format!("title-says-warn-{number}")));
    for event in &events {
        assert_eq!((event.title.as_str(), event.group.as_deref()), ("Volume", Some("host:fx-archive-1")));
    }
    assert_eq!(
        events.each_ref().map(severity),
        [Some(Severity::Warning), Some(Severity::Critical), Some(Severity::Critical)]
    );
    for number in [4, 5] {
        let event = sentry("metric_alert", &format!("title-says-warn-{number}"));
        assert_eq!(event.title, "Failed payments of fx-pay");
        assert_eq!(event.message.as_deref(), Some("412 events in the last 5 minutes\nFilter: level:error"));
    }
}

#[test]
fn what_is_older_than_the_memory_of_deliveries_is_ignored() {
    let later = now().plus_minutes(20 * 24 * 60);
    for (source, resource, name) in
        [("datadog", "", "ilert-two-hosts-1"), ("sentry", "event_alert", "sentry-old-timestamp-1")]
    {
        let headers: Headers = [("sentry-hook-resource", resource)].into_iter().collect();
        let reading = find(source).unwrap().read(&headers, &parse(&body(name)).unwrap(), later);
        assert_eq!(reading, Ok(Reading::Ignored { reason: "what it says is more than 18 days old".to_owned() }));
    }
}
