//! `POST /incidents/{id}/merge` and `POST /incidents/{id}/split`.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, TestStack, WAIT_TIMEOUT, assert_members, assert_only_members, eventually};

use crate::alert_status::with_failing_sweeps;

const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

pub async fn post(api: &Api, incident: &str, what: &str, body: &Value) -> Answer {
    let request = api.change_request(Method::POST, &format!("/incidents/{incident}/{what}"));
    api.send(request.body(body.to_string())).await
}

pub async fn merge(api: &Api, incident: &str, others: &[&str]) -> Answer {
    post(api, incident, "merge", &json!({ "incident_ids": others, "reason": "one outage" })).await
}

pub async fn split(api: &Api, incident: &str, alerts: &[&str], into: Option<&str>) -> Answer {
    post(api, incident, "split", &json!({ "alert_ids": alerts, "into": into, "reason": "another outage" })).await
}

fn text<'value>(value: &'value Value, member: &str) -> &'value str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member}: {value:#}"))
}

/// Two sandboxes of one team, each with an incident of so many alerts, and the incidents.
async fn two_incidents(first: usize, second: usize) -> ([Sandbox; 2], [String; 2]) {
    let one = Sandbox::new();
    let two = one.in_another_environment();
    let mut incidents = Vec::new();
    for (sandbox, alerts) in [(&one, first), (&two, second)] {
        let mut monitor = sandbox.monitor().priority("P2");
        sandbox.deliver(&monitor).await;
        for _ in 1..alerts {
            monitor = monitor.from_another_monitor();
            sandbox.deliver(&monitor).await;
        }
        let alerts = sandbox.alerts().await;
        let incident = text(&alerts[0], "incident_id").to_owned();
        assert!(alerts.iter().all(|alert| alert["incident_id"] == incident.as_str()), "{alerts:#?}");
        incidents.push(incident);
    }
    let incidents = incidents.try_into().expect("two");
    ([one, two], incidents)
}

/// Waits until the index shows what moved.
async fn detail_when(sandbox: &Sandbox, incident: &str, alerts: usize) -> Value {
    eventually(WAIT_TIMEOUT, async || {
        let detail = sandbox.api.detail(incident).await;
        let shown = detail["alerts"].as_array().map_or(0, Vec::len);
        if shown == alerts && detail["incident"]["alert_count"] == alerts {
            Ok(detail)
        } else {
            Err(format!("{detail:#}"))
        }
    })
    .await
}

#[tokio::test]
async fn a_merged_incident_names_its_successor_which_counts_its_alerts() {
    let ([one, two], [into, other]) = two_incidents(2, 3).await;
    let answer = merge(&one.api, &into, &[&other]).await.expect(200);
    let body = answer.json();
    assert_only_members(&body, &["incident", "merged"]);
    assert_members(&body["merged"][0], &json!({ "id": other, "merged_into": into }));
    let detail = detail_when(&one, &into, 5).await;
    let mut services = vec![one.service.clone(), two.service.clone()];
    services.sort();
    assert_members(
        &detail["incident"],
        &json!({ "firing_alert_count": 5, "services": services, "merged_into": null, "status": "OPEN" }),
    );
    let merged =
        &detail["actions"].as_array().expect("a list").iter().find(|action| action["type"] == "incidents_merged");
    let merged = merged.expect("the history says so");
    assert_eq!(merged["details"], json!({ "incident_ids": [other], "reason": "one outage" }));
    assert_ne!(merged["actor"], "incident-review");
    for alert in two.alerts().await {
        assert_eq!(alert["incident_id"], into.as_str());
        assert!(text(&alert["grouping"], "reason").contains(&other), "{alert:#}");
    }

    let old = one.api.detail(&other).await;
    assert_members(&old["incident"], &json!({ "merged_into": into, "alert_count": 0, "status": "OPEN" }));
    assert_members(
        &old["actions"][0],
        &json!({ "type": "merged_into", "details": { "into": into, "reason": "one outage" } }),
    );
    assert!(old["incident"]["services"].as_array().is_some_and(|services| services.len() == 1), "it is what it was");
}

#[tokio::test]
async fn lists_and_statistics_count_a_merged_incident_once() {
    let ([one, _], [into, other]) = two_incidents(1, 1).await;
    let of = |path: &str| format!("{path}?team={}", one.team);
    assert_eq!(one.api.page(&of("/incidents")).await.total, 2);
    merge(&one.api, &into, &[&other]).await.expect(200);
    let page = one.api.page(&format!("{}&facets=status", of("/incidents"))).await;
    assert_eq!((page.total, page.ids()), (1, vec![into.as_str()]), "a list shows what was answered before");
    assert_eq!(page.items[0]["alert_count"], 2);
    let stats = one.api.get(&of("/stats/incidents")).await.expect(200).json();
    assert_eq!(stats["total"]["opened"], 1);
    assert_eq!(one.api.page(&of("/alerts")).await.total, 2);
}

/// A merge during which alerts cannot be moved. The queue moves them afterwards.
pub async fn interrupted_merge(sandbox: &Sandbox, broken: &AtomicBool) {
    let (one, two) = (sandbox.in_another_environment(), sandbox.in_another_environment());
    let (into, other) = (one.open_incident().await, two.open_incident().await);
    broken.store(true, Ordering::SeqCst);
    let merged = merge(&one.api, &into, &[&other]).await.expect(200).json();
    broken.store(false, Ordering::SeqCst);
    assert_members(&merged["merged"][0], &json!({ "merged_into": into, "alert_count": 1 }));
    detail_when(&one, &into, 2).await;
    assert_eq!(one.api.detail(&other).await["incident"]["alert_count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_has_no_time_to_move_the_queue_moves() {
    let (options, broken) = with_failing_sweeps(TestStack::options());
    let Some(stack) = TestStack::start(options).await else { return };
    interrupted_merge(&Sandbox::on(Api::to(stack.access())), &broken).await;
    stack.stop().await;
}

#[tokio::test]
async fn the_same_merge_again_records_nothing() {
    let ([one, _], [into, other]) = two_incidents(1, 2).await;
    merge(&one.api, &into, &[&other]).await.expect(200);
    let before = detail_when(&one, &into, 3).await;
    let again = merge(&one.api, &into, &[&other, &other]).await.expect(200);
    assert_eq!(again.json()["incident"], before["incident"]);
    assert_eq!(one.api.detail(&into).await, before);
}

#[tokio::test]
async fn what_happens_to_a_merged_problem_and_its_service_finds_the_successor() {
    let ([one, _], [into, _]) = two_incidents(1, 1).await;
    let two = one.in_another_environment();
    let monitor = two.monitor();
    let other = text(&two.deliver(&monitor).await[0], "incident_id").to_owned();
    merge(&one.api, &into, &[&other]).await.expect(200);
    detail_when(&one, &into, 2).await;
    // The same alert again, another alert of its service, and the end of the first.
    two.deliver(&monitor.again().at(two.minute(1))).await;
    let alerts = two.deliver(&two.monitor().at(two.minute(1))).await;
    assert_eq!(alerts[0]["incident_id"], into.as_str(), "{alerts:#?}");
    two.deliver(&monitor.resolved().at(two.minute(2))).await;
    let detail = detail_when(&one, &into, 3).await;
    assert_eq!(detail["incident"]["firing_alert_count"], 2);
    // It fires again.
    let again = two.deliver(&monitor.again().at(two.minute(3))).await;
    assert_eq!(again[0]["incident_id"], into.as_str(), "{again:#?}");
}

#[rstest]
#[case::the_old_one_stays(true)]
#[case::the_young_one_stays(false)]
#[tokio::test]
async fn what_comes_after_the_younger_of_two_merged_incidents_joins_them(#[case] old_stays: bool) {
    let one = Sandbox::new();
    let service = one.another_service("search");
    let old = text(&one.deliver(&one.monitor()).await[0], "incident_id").to_owned();
    one.deliver(&one.monitor().service(&service).at(one.minute(40))).await;
    let young = one.alerts().await.iter().map(|alert| text(alert, "incident_id").to_owned()).find(|id| *id != old);
    let young = young.expect("two incidents");
    let (into, other) = if old_stays { (&old, &young) } else { (&young, &old) };
    merge(&one.api, into, &[other]).await.expect(200);
    let alerts = one.deliver(&one.monitor().service(&service).at(one.minute(41))).await;
    assert_eq!(alerts.len(), 3);
    assert!(alerts.iter().all(|alert| alert["incident_id"] == into.as_str()), "{alerts:#?}");
}

#[tokio::test]
async fn what_was_moved_into_an_older_incident_fires_again_there() {
    let one = Sandbox::new();
    let service = one.another_service("search");
    let into = text(&one.deliver(&one.monitor()).await[0], "incident_id").to_owned();
    let moved = one.monitor().service(&service).at(one.minute(30));
    let alerts = one.deliver(&moved).await;
    let alert = alerts.iter().find(|alert| alert["service"] == service.as_str()).expect("the alert");
    let (from, id, key) = (text(alert, "incident_id"), text(alert, "id"), text(alert, "dedup_key"));
    one.deliver(&one.monitor().service(&service).at(one.minute(30))).await;
    split(&one.api, from, &[id], Some(&into)).await.expect(200);
    one.deliver(&moved.clone().resolved().at(one.minute(31))).await;
    let alerts = one.deliver(&moved.again().at(one.minute(32))).await;
    let of_problem: Vec<&Value> = alerts.iter().filter(|alert| text(alert, "dedup_key") == key).collect();
    assert_eq!(of_problem.len(), 2, "{alerts:#?}");
    assert!(of_problem.iter().all(|alert| alert["incident_id"] == into.as_str()), "{of_problem:#?}");
}

#[tokio::test]
async fn nothing_is_done_to_a_merged_incident_any_more() {
    let ([one, two], [into, other]) = two_incidents(1, 1).await;
    merge(&one.api, &into, &[&other]).await.expect(200);
    let alert = text(&two.alerts().await[0], "id").to_owned();
    let third = one.in_another_environment().open_incident().await;
    for answer in [
        one.api.patch_status(&other, &json!({ "status": "INVESTIGATING" })).await,
        one.api.comment(&other, "on it").await,
        one.api.assign(&other, Some("Ada")).await,
        merge(&one.api, &other, &[&third]).await,
        split(&one.api, &other, &[&alert], None).await,
    ] {
        assert_eq!(answer.problem(409).member("merged_into"), into.as_str());
    }
    assert_eq!(merge(&one.api, &third, &[&other]).await.problem(409).member("merged_into"), into.as_str());
    // A successor may become a part of another, and everything follows.
    merge(&one.api, &third, &[&into]).await.expect(200);
    detail_when(&one, &third, 3).await;
}

#[tokio::test]
async fn an_open_incident_does_not_become_part_of_one_that_is_over() {
    let ([one, _], [into, other]) = two_incidents(1, 1).await;
    for status in ["INVESTIGATING", "RESOLVED"] {
        one.api.change_status(&into, status).await;
    }
    merge(&one.api, &into, &[&other]).await.problem(409);
    assert_eq!(one.api.detail(&other).await["incident"]["merged_into"], Value::Null);
    // The other way round is fine, and two that are over, too.
    for status in ["INVESTIGATING", "RESOLVED"] {
        one.api.change_status(&other, status).await;
    }
    merge(&one.api, &into, &[&other]).await.expect(200);
    detail_when(&one, &into, 2).await;
}

#[tokio::test]
async fn alerts_that_leave_make_an_incident_of_their_own() {
    let ([one, _], [incident, _]) = two_incidents(4, 1).await;
    one.api.change_status(&incident, "INVESTIGATING").await;
    let alerts = one.alerts().await;
    let ids: Vec<&str> = alerts.iter().map(|alert| text(alert, "id")).collect();
    let answer = split(&one.api, &incident, &ids[..2], None).await.expect(200);
    let body = answer.json();
    assert_only_members(&body, &["incident", "into"]);
    assert_members(&body["incident"], &json!({ "id": incident, "alert_count": 2, "firing_alert_count": 2 }));
    let made = text(&body["into"], "id").to_owned();
    assert_members(&body["into"], &json!({ "alert_count": 2, "firing_alert_count": 2, "status": "INVESTIGATING" }));
    let [left, right] = [detail_when(&one, &incident, 2).await, detail_when(&one, &made, 2).await];
    assert_eq!((&left["incident"], &right["incident"]), (&body["incident"], &body["into"]));
    let details = |member: &str, id: &str| {
        let mut sorted = ids[..2].to_vec();
        sorted.sort_unstable();
        json!({ member: id, "alert_ids": sorted, "reason": "another outage" })
    };
    assert_members(&left["actions"][0], &json!({ "type": "alerts_moved_out", "details": details("into", &made) }));
    assert_members(&right["actions"][0], &json!({ "type": "alerts_moved_in", "details": details("from", &incident) }));
    let page = one.api.page(&format!("/incidents?environment={}&sort=created_at", one.environment)).await;
    assert_eq!(page.total, 2, "a list shows what was answered before");
    let again = split(&one.api, &incident, &ids[..2], None).await.expect(200).json();
    assert_eq!(again, body, "the same request finds the same incident");
    // The end of an alert that moved counts where it is.
    let moved = one.api.get(&format!("/alerts/{}", ids[0])).await.expect(200).json();
    assert_eq!(moved["alert"]["incident_id"], made.as_str());
}

#[tokio::test]
async fn alerts_go_into_another_incident_and_services_and_severity_follow() {
    let ([one, two], [incident, other]) = two_incidents(2, 1).await;
    let elsewhere = one.another_service("search");
    let severe = one.monitor().service(&elsewhere).priority("P1").at(one.minute(1));
    let alerts = one.deliver(&severe).await;
    let severe = alerts.iter().find(|alert| alert["severity"] == "critical").expect("it is there");
    // Grouping may have put it elsewhere; then there is nothing to move.
    let incident = if severe["incident_id"] == incident.as_str() {
        incident
    } else {
        let apart = text(severe, "incident_id").to_owned();
        merge(&one.api, &incident, &[&apart]).await.expect(200);
        detail_when(&one, &incident, 3).await;
        incident
    };
    let body = split(&one.api, &incident, &[text(severe, "id")], Some(&other)).await.expect(200).json();
    assert_members(&body["incident"], &json!({ "alert_count": 2, "severity": "error", "services": [one.service] }));
    let mut services = vec![two.service.clone(), elsewhere.clone()];
    services.sort();
    assert_members(
        &body["into"],
        &json!({ "id": other, "alert_count": 2, "severity": "critical", "services": services }),
    );
    let again = split(&one.api, &incident, &[text(severe, "id")], Some(&other)).await.expect(200).json();
    assert_eq!(again, body);
}

#[tokio::test]
async fn what_cannot_be_split_is_said() {
    let ([one, two], [incident, other]) = two_incidents(2, 1).await;
    let (here, there) = (one.alerts().await, two.alerts().await);
    let ids: Vec<&str> = here.iter().map(|alert| text(alert, "id")).collect();
    let before = one.api.detail(&incident).await;
    split(&one.api, &incident, &ids, None).await.problem(409);
    split(&one.api, &incident, &[text(&there[0], "id")], None).await.problem(409);
    split(&one.api, &incident, &[UNKNOWN_ID], None).await.problem(409);
    let answer = split(&one.api, &incident, &ids[..1], Some(&incident)).await;
    assert_eq!(answer.problem(400).parameters(), ["into"]);
    assert_eq!(split(&one.api, &incident, &ids[..1], Some(UNKNOWN_ID)).await.problem(400).parameters(), ["into"]);
    for status in ["INVESTIGATING", "RESOLVED"] {
        one.api.change_status(&other, status).await;
    }
    split(&one.api, &incident, &ids[..1], Some(&other)).await.problem(409);
    assert_eq!(one.api.detail(&incident).await, before);
}

#[rstest]
#[case::missing("merge", json!({}), &["incident_ids"])]
#[case::empty("merge", json!({ "incident_ids": [] }), &["incident_ids"])]
#[case::text("merge", json!({ "incident_ids": UNKNOWN_ID }), &["incident_ids"])]
#[case::numbers("merge", json!({ "incident_ids": [7] }), &["incident_ids"])]
#[case::no_id("merge", json!({ "incident_ids": ["7"] }), &["incident_ids"])]
#[case::many("merge", json!({ "incident_ids": vec![UNKNOWN_ID; 11] }), &["incident_ids"])]
#[case::unknown("merge", json!({ "incident_ids": [UNKNOWN_ID] }), &["incident_ids"])]
#[case::reason("merge", json!({ "incident_ids": [UNKNOWN_ID], "reason": 7, "x": 1 }), &["reason", "x"])]
#[case::missing("split", json!({ "into": null }), &["alert_ids"])]
#[case::null("split", json!({ "alert_ids": null }), &["alert_ids"])]
#[case::many("split", json!({ "alert_ids": vec![UNKNOWN_ID; 26] }), &["alert_ids"])]
#[case::into("split", json!({ "alert_ids": [UNKNOWN_ID], "into": "7" }), &["into"])]
#[case::several("split", json!({ "alert_ids": [{}], "into": [], "reason": "x".repeat(2_001) }), &["alert_ids", "into", "reason"])]
#[tokio::test]
async fn wrong_members_are_named(#[case] what: &str, #[case] body: Value, #[case] parameters: &[&str]) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await;
    assert_eq!(post(&sandbox.api, &incident, what, &body).await.problem(400).parameters(), parameters);
    assert_eq!(sandbox.api.detail(&incident).await, before);
}

#[rstest]
#[tokio::test]
async fn only_a_responder_regroups_what_exists(#[values("merge", "split")] what: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let path = format!("/incidents/{incident}/{what}");
    let request = sandbox.api.request(Method::POST, &path).bearer_auth(&sandbox.api.access().viewer_token);
    sandbox.api.send(request.body("{}")).await.problem(403);
    let body = json!({ "incident_ids": [incident] });
    let body = if what == "merge" { body } else { json!({ "alert_ids": [incident] }) };
    post(&sandbox.api, UNKNOWN_ID, what, &body).await.problem(404);
    post(&sandbox.api, "7", what, &body).await.problem(404);
    for malformed in ["", "[]", "{\"incident_ids\":"] {
        sandbox.api.send(sandbox.api.change_request(Method::POST, &path).body(malformed)).await.problem(400);
    }
    if what == "merge" {
        assert_eq!(post(&sandbox.api, &incident, what, &body).await.problem(400).parameters(), ["incident_ids"]);
    }
}

#[tokio::test]
async fn a_stale_if_match_gets_412() {
    let ([one, _], [into, other]) = two_incidents(2, 1).await;
    let seen = one.api.get(&format!("/incidents/{into}")).await;
    one.api.comment(&into, "news").await.expect(201);
    let alert = text(&one.alerts().await[0], "id").to_owned();
    for (what, body) in [("merge", json!({ "incident_ids": [other] })), ("split", json!({ "alert_ids": [alert] }))] {
        let request = one.api.change_request(Method::POST, &format!("/incidents/{into}/{what}"));
        let request = request.header("if-match", seen.header("etag").expect("a tag"));
        one.api.send(request.body(body.to_string())).await.problem(412);
    }
    assert_eq!(one.api.detail(&other).await["incident"]["merged_into"], Value::Null);
}
