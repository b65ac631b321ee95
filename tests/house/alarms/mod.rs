//! Each alarm rings when it should, and not otherwise. Metrics of a situation are driven through
//! its condition, as CloudWatch evaluates it.

mod cloudwatch;
mod condition;
mod filter;
mod math;
mod situations;

use std::collections::{BTreeMap, BTreeSet};

use serde_norway::Value as Yaml;

use self::{
    cloudwatch::{Metrics, State, states},
    condition::{Alarm, alarms, yaml},
    situations::{Driven, driven},
};
use crate::{
    assert_none,
    repository::{files, read},
};

/// CloudWatch looks at more data points than it needs, and does not say how many. No alarm may
/// depend on it.
const EXTRA_DATAPOINTS: [usize; 3] = [0, 2, 5];

/// How long after a situation an alarm must have ended, in minutes.
const ENDS_AFTER: usize = 120;

#[test]
fn each_alarm_rings_when_it_should() {
    let mut silent = Vec::new();
    for (alarm, driven) in each() {
        for situation in &driven.rings {
            let mut metrics = Metrics::default();
            (situation.write)(&mut metrics);
            for extra in EXTRA_DATAPOINTS {
                let states = states(&alarm, &metrics, situation.minutes + ENDS_AFTER, extra);
                if !states[..situation.minutes].contains(&State::Alarm) {
                    silent.push(format!("{}: {}", alarm.name, situation.says));
                }
                if states.last() != Some(&State::Ok) {
                    silent.push(format!("{} does not end: {}", alarm.name, situation.says));
                }
            }
        }
    }
    assert_none("Situations in which an alarm stays silent, or does not end.", &silent);
}

#[test]
fn each_alarm_is_silent_when_it_should_be() {
    let mut ringing = Vec::new();
    for (alarm, driven) in each() {
        let nothing = situations::nothing();
        for situation in driven.silent.iter().chain([&nothing]) {
            let mut metrics = Metrics::default();
            (situation.write)(&mut metrics);
            for extra in EXTRA_DATAPOINTS {
                let states = states(&alarm, &metrics, situation.minutes + ENDS_AFTER, extra);
                if let Some(minute) = states.iter().position(|state| *state == State::Alarm) {
                    ringing.push(format!("{} rings in minute {minute}: {}", alarm.name, situation.says));
                }
            }
        }
    }
    assert_none("Situations in which an alarm rings for nothing.", &ringing);
}

/// Whatever the visibility timeout of the queue is: a message that fails is seen within half an
/// hour.
#[test]
fn a_message_that_fails_is_heard_of_however_long_it_stays_hidden() {
    let alarms = alarms();
    for hidden_minutes in 1..=60 {
        let mut metrics = Metrics::default();
        for (minute, age) in (0..60).zip((0..).step_by(60)) {
            metrics.add("AWS/SQS ApproximateAgeOfOldestMessage QueueName=AlertsQueue", minute, f64::from(age));
            if minute % hidden_minutes == 0 {
                metrics.add("IncidentReview Failed Stack=Stack", minute, 1.0);
            }
        }
        let rings = |name: &str| {
            let alarm = alarms.iter().find(|alarm| alarm.name == name).expect("an alarm");
            states(alarm, &metrics, 30, 2).contains(&State::Alarm)
        };
        assert!(rings("BacklogAlarm") || rings("GroupingFailuresAlarm"), "hidden for {hidden_minutes} minutes");
    }
}

#[test]
fn the_runbooks_say_what_each_alarm_was_driven_with() {
    let page = read("docs/OPERATIONS.md").text;
    let rows: Vec<String> = each().iter().map(|(alarm, driven)| row(alarm, driven)).collect();
    let table = rows.join("\n");
    assert!(page.contains(&table), "docs/OPERATIONS.md must have these rows:\n\n{table}\n");
}

fn row(alarm: &Alarm, driven: &Driven) -> String {
    let list = |situations: &[situations::Situation]| {
        situations.iter().map(|situation| situation.says).collect::<Vec<_>>().join("; ")
    };
    format!("| `{}` | {} | {} | {} |", alarm.name, alarm.condition(), list(&driven.rings), list(&driven.silent))
}

/// The alarms in the order of the file, with what drives them.
fn each() -> Vec<(Alarm, Driven)> {
    let mut driven = driven();
    let pairs = alarms().into_iter().map(|alarm| {
        let driven = driven.remove(alarm.name.as_str()).unwrap_or_else(|| panic!("nothing drives {}", alarm.name));
        assert!(!driven.rings.is_empty() && !driven.silent.is_empty(), "{}: both directions", alarm.name);
        (alarm, driven)
    });
    let pairs = pairs.collect();
    assert!(driven.is_empty(), "there are no such alarms: {:?}", driven.keys());
    pairs
}

#[test]
fn throttling_is_watched_on_each_table_and_index() {
    let template = yaml("template.yaml");
    let mut needed = BTreeSet::new();
    for (name, resource) in template["Resources"].as_mapping().expect("resources") {
        if resource["Type"] != "AWS::DynamoDB::Table" {
            continue;
        }
        let table = name.as_str().expect("a name");
        // A webhook that cannot be counted there is accepted, and the log says so.
        if table == "LimitsTable" {
            continue;
        }
        let indexes = resource["Properties"].get("GlobalSecondaryIndexes").and_then(Yaml::as_sequence);
        let indexes = indexes.into_iter().flatten().map(|index| index["IndexName"].as_str().expect("a name"));
        for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
            needed.insert(format!("AWS/DynamoDB {metric} TableName={table}"));
            let of_index = |index| format!("AWS/DynamoDB {metric} GlobalSecondaryIndexName={index} TableName={table}");
            needed.extend(indexes.clone().map(of_index));
        }
    }
    let watched: Vec<String> = watched().into_iter().filter(|metric| metric.contains("ThrottleEvents")).collect();
    assert_eq!(watched.iter().cloned().collect::<BTreeSet<_>>(), needed);
    assert_eq!(watched.len(), needed.len(), "no metric is watched twice");
}

/// AWS charges for each metric of each alarm.
#[test]
fn the_pages_state_how_many_metrics_the_alarms_watch() {
    let count = watched().len();
    for (path, text) in [
        ("template.yaml", format!("They watch {count} metrics")),
        ("docs/COSTS.md", format!("alarms on {count} metrics")),
    ] {
        assert!(read(path).text.contains(&text), "{path} must say: {text}");
    }
}

fn watched() -> Vec<String> {
    alarms().into_iter().flat_map(|alarm| alarm.series.into_iter().map(|series| series.metric)).collect()
}

/// An alarm on a metric that nobody writes never rings.
#[test]
fn each_metric_of_our_own_is_written() {
    let code: Vec<String> =
        [files("functions", "rs"), files("shared/src", "rs")].into_iter().flatten().map(|file| file.text).collect();
    let filters: BTreeMap<String, _> =
        filter::filters().into_iter().map(|filter| (filter.metric.clone(), filter)).collect();
    let own = watched().into_iter().filter(|metric| metric.starts_with("IncidentReview "));
    let unwritten: Vec<String> = own
        .filter(|metric| {
            let name = metric.split(' ').nth(1).expect("a name");
            !filters.contains_key(metric) && !code.iter().any(|text| text.contains(&format!("\"{name}\"")))
        })
        .collect();
    assert_none("Metrics that nobody writes.", &unwritten);
}
