//! Unrelated alerts that trickle in are no outage.

use serde_json::json;
use tests::{Sandbox, assert_members};

const SERVICES: i64 = 8;

/// The minutes between two alerts that are unrelated.
const PACE: i64 = 4;

#[tokio::test]
async fn unrelated_alerts_that_trickle_in_are_not_one_incident() {
    let sandbox = Sandbox::new().watching_every_service();
    let mut last = None;
    for number in 0..SERVICES {
        let service = format!("{}-{number}", sandbox.service);
        let priority = if number + 1 == SERVICES { "P1" } else { "P5" };
        let title = format!("Problem of service {number}");
        let monitor = sandbox.monitor().from_another_monitor().service(&service).priority(priority);
        let monitor = monitor.with("title", title).at(sandbox.minute(number * PACE));
        let alerts = sandbox.deliver(&monitor).await;
        last = alerts.first().cloned();
        // All but the last are over after a minute.
        if number + 1 < SERVICES {
            sandbox.deliver(&monitor.resolved().at(sandbox.minute(number * PACE + 1))).await;
        }
    }
    let last = last.expect("an alert");
    assert_eq!(last["severity"], "critical");
    let incident = sandbox.incident_of(&last).await["incident"].take();
    assert_members(&incident, &json!({ "alert_count": 1, "title": last["title"], "severity": "critical" }));
}

#[tokio::test]
async fn services_that_trickle_in_one_a_minute_are_many_incidents() {
    let sandbox = Sandbox::new().watching_every_service();
    let mut incidents = Vec::new();
    for number in 0..2 * SERVICES {
        let service = format!("{}-{number}", sandbox.service);
        let monitor = sandbox.monitor().from_another_monitor().service(&service);
        let alerts = sandbox.deliver(&monitor.at(sandbox.minute(number))).await;
        incidents.push(alerts[0]["incident_id"].as_str().expect("an incident").to_owned());
    }
    // All fire still. Each is near to the one before it, but the span of an incident is bounded.
    let first = incidents.iter().filter(|id| **id == incidents[0]).count();
    assert!((6..=8).contains(&first), "{incidents:?}");
    assert_ne!(incidents[0], incidents[8]);
}
