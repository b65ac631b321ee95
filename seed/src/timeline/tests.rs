//! What holds for the timeline of any seed, whatever chance decides.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde_json::Value;
use shared::domain::status::Status;

use super::*;
use crate::webhook::Source;

fn now() -> Timestamp {
    "2026-11-23T09:53:08Z".parse().unwrap()
}

fn timeline(seed: u64) -> Timeline {
    Timeline::new(seed, now()).unwrap()
}

/// The timelines of twenty seeds. What follows from chance must hold for each.
fn timelines() -> &'static [Timeline] {
    static TIMELINES: LazyLock<Vec<Timeline>> = LazyLock::new(|| (1..=20).map(timeline).collect());
    &TIMELINES
}

#[test]
fn the_seed_and_the_time_decide_everything() {
    assert_eq!(timeline(1), timeline(1));
    assert_ne!(timeline(1), timeline(2));
    let later = now() + SignedDuration::from_hours(1);
    assert_ne!(timeline(1), Timeline::new(1, later).unwrap());
    let moment_later = now() + SignedDuration::from_millis(120);
    assert_eq!(timeline(1), Timeline::new(1, moment_later).unwrap());
}

#[test]
fn it_is_ordered_and_within_thirty_days() {
    for (seed, Timeline { steps, .. }) in (1..).zip(timelines()) {
        assert!(steps.is_sorted_by_key(at));
        let earliest = now() - SignedDuration::from_hours(30 * 24);
        assert!(steps.iter().all(|step| (earliest..=now()).contains(&at(step))), "seed {seed}");
    }
}

/// The people of the teams whose services fail in a major outage.
fn people() -> BTreeSet<&'static str> {
    let scenarios = company().unwrap().major.iter();
    let signals = scenarios.flat_map(|scenario| scenario.waves.iter().flatten());
    signals.flat_map(|signal| &signal.team.people).map(String::as_str).collect()
}

#[test]
fn it_has_the_promised_size() {
    for (seed, timeline) in (1..).zip(timelines()) {
        let webhooks = timeline.webhooks().count();
        assert!((790..=960).contains(&webhooks), "seed {seed}: {webhooks} webhooks");
    }
}

/// The statuses that people give to incidents, by the webhook that opened them.
fn statuses(timeline: &Timeline) -> BTreeMap<usize, Status> {
    let mut statuses = BTreeMap::new();
    for step in &timeline.steps {
        let Action::StatusChange(change) = step else { continue };
        let status = statuses.entry(change.opened_by).or_insert(Status::Open);
        status.check_transition(change.to).unwrap();
        *status = change.to;
    }
    statuses
}

#[test]
fn the_status_of_an_incident_is_changed_by_people_of_the_company_one_step_at_a_time() {
    let people = people();
    for (seed, timeline) in (1..).zip(timelines()) {
        statuses(timeline);
        for step in &timeline.steps {
            let Action::StatusChange(change) = step else { continue };
            assert!(people.contains(change.actor), "seed {seed}: {change:?}");
        }
    }
}

#[test]
fn some_incidents_are_in_each_status_at_any_time_of_the_day() {
    for seed in 1..=4 {
        for hours in 0..24 {
            let timeline = Timeline::new(seed, now() + SignedDuration::from_hours(hours)).unwrap();
            let statuses = statuses(&timeline);
            let count = |status| statuses.values().filter(|found| **found == status).count();
            let counts = [Status::Investigating, Status::Resolved, Status::Closed].map(count);
            assert!(counts[0] >= 2 && counts[1] >= 2 && counts[2] >= 40, "seed {seed}, hour {hours}: {counts:?}");
        }
    }
}

const fn at(step: &Action) -> Timestamp {
    match step {
        Action::Webhook { webhook, .. } => webhook.at,
        Action::StatusChange(change) => change.at,
    }
}

/// What kind of webhook it is, once it has the fields of its source.
fn kind_of(webhook: &Webhook) -> String {
    let body: Value = serde_json::from_str(&webhook.body).unwrap();
    let has = |place: &str, names: &[&str]| {
        let object = body.pointer(place).unwrap();
        let missing = names.iter().find(|name| object.get(**name).is_none());
        assert_eq!(missing, None, "{}", webhook.body);
    };
    match webhook.source {
        Source::Datadog if body.get("channel").is_some() => "chat".to_owned(),
        Source::Datadog => {
            has("", &["id", "event_type", "title", "body", "date", "last_updated", "org"]);
            if body.get("alert_cycle_key").is_some() {
                has("", &["alert_id", "aggreg_key", "transition", "alert_type", "priority", "scope", "tags"]);
                has("", &["hostname", "query", "metric", "link", "snapshot"]);
                format!("published {}", body["transition"].as_str().unwrap())
            } else if body.get("alert_transition").is_some() {
                has("", &["severity", "alert_type", "alert_query", "scopes", "url", "tags", "monitor_id"]);
                "inherited".to_owned()
            } else {
                "default".to_owned()
            }
        }
        Source::Alertmanager => {
            has("", &["receiver", "status", "alerts", "groupLabels", "commonLabels", "groupKey", "version"]);
            has("/alerts/0", &["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint"]);
            has("/groupLabels", &["alertname", "cluster", "service"]);
            let alerts = body["alerts"].as_array().unwrap();
            let statuses: BTreeSet<_> = alerts.iter().map(|alert| alert["status"].as_str().unwrap()).collect();
            let statuses: Vec<_> = statuses.into_iter().collect();
            format!("group {}", statuses.join(" and "))
        }
        Source::CloudWatch => {
            has("", &["Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp"]);
            let alarm: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
            for name in ["AlarmName", "AlarmArn", "StateChangeTime", "NewStateReason", "Trigger"] {
                assert!(alarm.get(name).is_some(), "{name}: {alarm}");
            }
            format!("alarm {}", alarm["NewStateValue"].as_str().unwrap())
        }
        Source::Sentry => {
            let resource = &webhook.headers["Sentry-Hook-Resource"];
            let sent_at: i64 = webhook.headers["Sentry-Hook-Timestamp"].parse().unwrap();
            assert_eq!(sent_at, webhook.at.as_second());
            has("", &["action", "data", "installation", "actor"]);
            match resource.as_str() {
                "issue" => {
                    has("/data/issue", &["id", "shortId", "title", "culprit", "level", "status", "substatus"]);
                    has("/data/issue", &["project", "metadata", "count", "firstSeen", "lastSeen", "permalink"]);
                    assert!(body["data"]["issue"]["count"].is_string());
                }
                "event_alert" | "error" => {
                    let place = if resource == "error" { "/data/error" } else { "/data/event" };
                    has(place, &["event_id", "issue_id", "title", "level", "environment", "tags", "timestamp"]);
                    has(place, &["datetime", "web_url", "project", "url"]);
                }
                "metric_alert" => {
                    has("/data", &["description_title", "description_text", "web_url"]);
                    has("/data/metric_alert", &["id", "identifier", "title", "date_started", "alert_rule", "projects"]);
                }
                _ => assert_eq!(resource, "comment"),
            }
            format!("{resource} {}", body["action"].as_str().unwrap())
        }
        other => panic!("the company does not use {other:?}"),
    }
}

#[test]
fn bodies_have_the_sources_fields() {
    let kinds: BTreeSet<String> = timelines()[0].webhooks().map(kind_of).collect();
    for kind in [
        "published Triggered",
        "published Warn",
        "published No Data",
        "published Recovered",
        "published Renotify",
        "published Re-Triggered",
        "inherited",
        "default",
        "chat",
        "issue created",
        "issue unresolved",
        "issue resolved",
        "issue archived",
        "issue ignored",
        "issue assigned",
        "event_alert triggered",
        "error created",
        "metric_alert critical",
        "metric_alert warning",
        "metric_alert resolved",
        "comment created",
        "group firing",
        "group firing and resolved",
        "group resolved",
        "alarm ALARM",
        "alarm OK",
    ] {
        assert!(kinds.contains(kind), "{kind} in {kinds:?}");
    }
}

#[test]
fn every_variable_of_a_monitor_is_replaced() {
    for (seed, timeline) in (1..).zip(timelines()) {
        for webhook in timeline.webhooks().filter(|webhook| webhook.source == Source::Datadog) {
            let body = &webhook.body;
            assert!(!body.contains("{{") && !body.contains('$'), "seed {seed}: {body}");
        }
    }
}

#[test]
fn a_group_that_has_not_changed_comes_again() {
    for (seed, timeline) in (1..).zip(timelines()) {
        let groups = timeline.webhooks().filter(|webhook| webhook.source == Source::Alertmanager);
        let mut at = BTreeMap::<&str, Vec<Timestamp>>::new();
        groups.for_each(|group| at.entry(&group.body).or_default().push(group.at));
        let is_repetition = |pair: &[Timestamp]| pair[1].duration_since(pair[0]) >= SignedDuration::from_mins(29);
        let repeated = at.values().filter(|times| times.windows(2).any(is_repetition)).count();
        assert!(repeated >= 2, "seed {seed}: {repeated}");
    }
}

#[test]
fn some_webhooks_arrive_twice() {
    for (seed, timeline) in (1..).zip(timelines()) {
        let bodies: BTreeSet<_> = timeline.webhooks().map(|webhook| &webhook.body).collect();
        let copies = timeline.webhooks().count() - bodies.len();
        assert!(copies >= 8, "seed {seed}: {copies}");
    }
}

#[test]
fn sentry_escapes_text_at_first_and_writes_utf_8_later() {
    for (seed, timeline) in (1..).zip(timelines()) {
        let sentry = timeline.webhooks().filter(|webhook| webhook.source == Source::Sentry);
        let (ascii, utf_8): (Vec<_>, Vec<_>) = sentry.partition(|webhook| webhook.body.is_ascii());
        let is_escaped = |body: &str| !serde_json::from_str::<Value>(body).unwrap().to_string().is_ascii();
        let escaped: Vec<_> = ascii.iter().filter(|webhook| is_escaped(&webhook.body)).collect();
        let last_escaped = escaped.iter().map(|webhook| webhook.at).max().unwrap();
        let first_utf_8 = utf_8.iter().map(|webhook| webhook.at).min().unwrap();
        assert!(last_escaped < first_utf_8, "seed {seed}");
    }
}
