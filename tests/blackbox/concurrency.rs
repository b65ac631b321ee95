//! Concurrent webhooks and status changes: none is lost, and none counts twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Sandbox, WAIT_TIMEOUT, assert_members, eventually, sentry::Issue};

/// The incidents that alerts belong to.
fn incidents_of(alerts: &[Value]) -> BTreeSet<&str> {
    alerts.iter().map(|alert| alert["incident_id"].as_str().expect("an incident")).collect()
}

#[tokio::test]
async fn fifty_identical_datadog_webhooks_make_one_alert_and_one_incident() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let delivery_ids = join_all((0..50).map(|_| sandbox.send(&monitor))).await;
    assert_eq!(delivery_ids.iter().collect::<BTreeSet<_>>().len(), 1);

    sandbox.alerts_when("an alert", |alerts| !alerts.is_empty()).await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["occurrences"], 1);
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["alert_count"], 1);
    assert_eq!(sandbox.incident_of(&alerts[0]).await["actions_total"], 1);
}

#[tokio::test]
async fn fifty_identical_sentry_webhooks_make_one_alert_and_one_incident() {
    let sandbox = Sandbox::new();
    let webhook = Issue::of(&sandbox).event_alert(sandbox.time);
    join_all((0..50).map(|_| sandbox.send(&webhook))).await;
    sandbox.alerts_when("an alert", |alerts| !alerts.is_empty()).await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!((alerts.len(), &alerts[0]["occurrences"]), (1, &json!(1)));
    assert_eq!(sandbox.incidents().await.len(), 1);
}

#[tokio::test]
async fn fifty_identical_webhooks_that_state_no_time_make_one_alert_and_one_incident() {
    let sandbox = Sandbox::in_production();
    let webhook = Issue::of(&sandbox).created(sandbox.time);
    let delivery_ids = join_all((0..50).map(|_| sandbox.send(&webhook))).await;
    assert_eq!(delivery_ids.iter().collect::<BTreeSet<_>>().len(), 50, "the same bytes may come again as news");
    sandbox.alerts_when("an alert", |alerts| !alerts.is_empty()).await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!((alerts.len(), &alerts[0]["occurrences"]), (1, &json!(1)), "nothing came between");
    assert_eq!(sandbox.incidents().await.len(), 1);
}

#[tokio::test]
async fn fifty_concurrent_alerts_of_a_service_share_one_incident_that_counts_them() {
    let sandbox = Sandbox::new();
    let monitors: Vec<_> = (0..50).map(|_| sandbox.monitor()).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    let alerts = sandbox.alerts_when("50 alerts", |alerts| alerts.len() >= 50).await;
    sandbox.wait_until_processed().await;
    assert_eq!(alerts.len(), 50);
    assert_eq!(incidents_of(&alerts).len(), 1);

    let opened = alerts.iter().filter(|alert| alert["grouping"]["decision"] == "opened").count();
    assert_eq!(opened, 1, "exactly one opens, the others join");
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["alert_count"], 50);
    let detail = sandbox.incident_of(&alerts[0]).await;
    assert_members(&detail, &json!({ "alerts_total": 50, "actions_total": 50 }));
}

#[tokio::test]
async fn concurrent_first_alerts_of_twenty_services_open_one_incident() {
    let sandbox = Sandbox::new();
    let monitors: Vec<_> =
        (0..20).map(|number| sandbox.monitor().service(&sandbox.another_service(&format!("part{number}")))).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    let alerts = sandbox.alerts_when("20 alerts", |alerts| alerts.len() >= 20).await;
    sandbox.wait_until_processed().await;
    assert_eq!(incidents_of(&alerts).len(), 1);
    let incident = &sandbox.incident_of(&alerts[0]).await["incident"];
    assert_eq!(incident["alert_count"], 20);
    assert_eq!(incident["services"].as_array().map(Vec::len), Some(20));
    assert_eq!(sandbox.api.page(&format!("/incidents?team={}", sandbox.team)).await.total, 1);
}

#[tokio::test]
async fn concurrent_alerts_leave_the_history_in_order() {
    let sandbox = Sandbox::new();
    let monitors: Vec<_> = (0..40).map(|_| sandbox.monitor()).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    let alerts = sandbox.alerts_when("40 alerts", |alerts| alerts.len() >= 40).await;
    let detail = sandbox.incident_of(&alerts[0]).await;
    let actions = detail["actions"].as_array().expect("a list");
    assert_eq!(detail["actions_total"], actions.len());
    assert_eq!(actions.last().map(|action| &action["type"]), Some(&json!("incident_opened")));
    assert!(actions.is_sorted_by(|later, earlier| later["at"].as_str() >= earlier["at"].as_str()));
    let opened_at = detail["incident"]["created_at"].as_str();
    assert!(alerts.iter().all(|alert| alert["created_at"].as_str() >= opened_at));
}

#[tokio::test]
async fn a_storm_of_400_alerts_loses_and_doubles_none() {
    let sandbox = Sandbox::new();
    let services: Vec<String> = (0..4).map(|number| sandbox.another_service(&format!("part{number}"))).collect();
    let monitors: Vec<_> = (0..400).map(|number| sandbox.monitor().service(&services[number % 4])).collect();
    // As many at a time as an emulator starts functions for.
    for together in monitors.chunks(100) {
        join_all(together.iter().map(|monitor| sandbox.send(monitor))).await;
    }
    let path = format!("/alerts?service={}&limit=1", services.join(","));
    eventually(3 * WAIT_TIMEOUT, async || match sandbox.api.page(&path).await.total {
        400 => Ok(()),
        total => Err(format!("{total} of 400 alerts")),
    })
    .await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!(alerts.len(), 400);
    assert!(alerts.iter().all(|alert| alert["occurrences"] == 1));
    assert_eq!(incidents_of(&alerts).len(), 1);
    assert_eq!(sandbox.incident_of(&alerts[0]).await["incident"]["alert_count"], 400);
}

#[tokio::test]
async fn fifty_concurrent_repeats_of_an_alert_are_all_counted() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let repeats: Vec<_> = (0..50).map(|minute| monitor.again().at(sandbox.minute(minute % 20))).collect();
    join_all(repeats.iter().map(|repeat| sandbox.send(repeat))).await;
    let alerts =
        sandbox.alerts_when("50 occurrences", |alerts| alerts.iter().any(|alert| alert["occurrences"] == 50)).await;
    assert_eq!(alerts.len(), 1);
    let incidents = sandbox.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["alert_count"], 1);
}

#[tokio::test]
async fn firing_and_resolution_that_race_leave_nothing_firing() {
    let sandbox = Sandbox::new();
    let monitors: Vec<_> = (0..15).map(|_| sandbox.monitor()).collect();
    let resolutions: Vec<_> = monitors.iter().map(|monitor| monitor.resolved().at(sandbox.minute(2))).collect();
    let both = monitors.iter().zip(&resolutions).map(async |(monitor, resolution)| {
        futures::join!(sandbox.send(monitor), sandbox.send(resolution));
    });
    join_all(both).await;
    let alerts = sandbox
        .alerts_when("15 resolved alerts", |alerts| {
            alerts.len() >= 15 && alerts.iter().all(|alert| alert["status"] == "resolved")
        })
        .await;
    assert_eq!(alerts.len(), 15);

    // An alert whose resolution arrived first is in no incident. The incident counts the others.
    let grouped: Vec<_> = alerts.iter().filter(|alert| alert["incident_id"].is_string()).cloned().collect();
    for id in incidents_of(&grouped) {
        let own = grouped.iter().filter(|alert| alert["incident_id"] == id).count();
        assert_eq!(sandbox.api.detail(id).await["incident"]["alert_count"], own);
    }
}

#[tokio::test]
async fn twenty_equal_concurrent_status_changes_are_recorded_once() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await["incident"]["version"].as_u64().unwrap();
    let answers = join_all((0..20).map(|_| sandbox.api.change_status(&incident, "INVESTIGATING"))).await;
    assert!(answers.iter().all(|answer| answer["status"] == "INVESTIGATING"));
    let detail = sandbox.api.detail(&incident).await;
    assert_eq!(detail["incident"]["version"], before + 1);
    assert_eq!(detail["actions_total"], 2);
}

#[tokio::test]
async fn of_twenty_concurrent_status_changes_for_one_version_one_succeeds() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let etag = sandbox.api.get(&format!("/incidents/{incident}")).await.header("etag").expect("an ETag").to_owned();
    let answers = join_all((0..20).map(|_| {
        let change = sandbox.api.status_request(&incident).header("if-match", &etag);
        sandbox.api.send(change.body(json!({ "status": "INVESTIGATING" }).to_string()))
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.problem(412).member("current_status"), "INVESTIGATING");
    }
}

#[tokio::test]
async fn concurrent_status_changes_never_skip_a_step() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let statuses = ["INVESTIGATING", "RESOLVED", "CLOSED"].into_iter().cycle().take(30);
    let answers = join_all(
        statuses.map(async |status| sandbox.api.patch_status(&incident, &json!({ "status": status })).await.status),
    )
    .await;
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");

    let detail = sandbox.api.detail(&incident).await;
    let mut status = "OPEN".to_owned();
    for action in detail["actions"].as_array().unwrap().iter().rev() {
        if action["type"] == "status_changed" {
            assert_eq!(action["details"]["from"], *status);
            action["details"]["to"].as_str().unwrap().clone_into(&mut status);
        }
    }
    assert_eq!(detail["incident"]["status"], *status);
}

#[tokio::test]
async fn alerts_that_join_during_a_status_change_are_all_counted() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let monitors: Vec<_> = (0..10).map(|_| sandbox.monitor()).collect();
    let joining = join_all(monitors.iter().map(|monitor| sandbox.send(monitor)));
    futures::join!(joining, sandbox.api.change_status(&incident, "INVESTIGATING"));
    let alerts = sandbox.alerts_when("11 alerts", |alerts| alerts.len() >= 11).await;
    assert_eq!(incidents_of(&alerts).len(), 1);
    let detail = sandbox.api.detail(&incident).await;
    assert_members(&detail["incident"], &json!({ "status": "INVESTIGATING", "alert_count": 11 }));
    assert_eq!(detail["actions_total"], 12);
}
