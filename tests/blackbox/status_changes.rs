//! `PATCH /incidents/{id}/status`.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox, assert_members, assert_only_members, strings};

const STATUSES: [&str; 4] = ["OPEN", "INVESTIGATING", "RESOLVED", "CLOSED"];

/// Opens an incident and moves it to a status, step by step.
async fn incident_with_status(sandbox: &Sandbox, status: &str) -> String {
    let incident = sandbox.open_incident().await;
    let steps = STATUSES.iter().position(|known| *known == status).expect("a status");
    for step in &STATUSES[1..=steps] {
        sandbox.api.change_status(&incident, step).await;
    }
    incident
}

#[tokio::test]
async fn each_step_of_a_status_sets_its_time() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let mut before = sandbox.api.detail(&incident).await["incident"].take();
    for (status, stamp) in [("INVESTIGATING", "acknowledged_at"), ("RESOLVED", "resolved_at"), ("CLOSED", "closed_at")]
    {
        assert_eq!(before[stamp], Value::Null);
        let after = sandbox.api.change_status(&incident, status).await;
        assert_members(&after, &json!({ "id": incident, "status": status, "alert_count": 1 }));
        assert_eq!(after["version"], before["version"].as_u64().unwrap() + 1);
        assert!(after["updated_at"].as_str() >= before["updated_at"].as_str());
        assert_eq!(after[stamp], after["updated_at"], "{stamp}");
        before = after;
    }
    assert!(before["acknowledged_at"].as_str() <= before["resolved_at"].as_str());
    assert_eq!(sandbox.api.detail(&incident).await["incident"], before);
}

#[tokio::test]
async fn a_change_is_recorded_with_its_actor_and_comment() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let comment = "Rolling back 3.9.1 – <b>see</b> #ops 👀";
    let body = json!({ "status": "INVESTIGATING", "comment": comment });
    sandbox.api.patch_status(&incident, &body).await.expect(200);
    let detail = sandbox.api.detail(&incident).await;
    let action = &detail["actions"][0];
    assert_only_members(action, &["id", "type", "at", "actor", "details"]);
    assert_eq!(action["type"], "status_changed");
    assert_members(&action["details"], &json!({ "from": "OPEN", "to": "INVESTIGATING", "comment": comment }));
    assert_eq!(action["at"], detail["incident"]["updated_at"]);
    assert_eq!(detail["actions_total"], 2);
}

#[tokio::test]
async fn the_actor_is_the_tokens_name() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let actor = sandbox.api.detail(&incident).await["actions"][0]["actor"].take();
    if sandbox.api.access().responder_token == "local-responder" {
        assert_eq!(actor, "local-responder");
    }
    assert!(actor.as_str().is_some_and(|actor| !actor.is_empty() && actor != "incident-review"));
}

#[rstest]
#[case("OPEN", "RESOLVED", &["INVESTIGATING"])]
#[case("OPEN", "CLOSED", &["INVESTIGATING"])]
#[case("INVESTIGATING", "OPEN", &["RESOLVED"])]
#[case("INVESTIGATING", "CLOSED", &["RESOLVED"])]
#[case("RESOLVED", "OPEN", &["CLOSED"])]
#[case("RESOLVED", "INVESTIGATING", &["CLOSED"])]
#[case("CLOSED", "OPEN", &[])]
#[case("CLOSED", "INVESTIGATING", &[])]
#[case("CLOSED", "RESOLVED", &[])]
#[tokio::test]
async fn an_illegal_transition_gets_409_with_the_allowed_ones(
    #[case] from: &str,
    #[case] to: &str,
    #[case] allowed: &[&str],
) {
    let sandbox = Sandbox::new();
    let incident = incident_with_status(&sandbox, from).await;
    let before = sandbox.api.detail(&incident).await;
    let problem = sandbox.api.patch_status(&incident, &json!({ "status": to })).await.problem(409);
    assert_eq!(problem.member("current_status"), from);
    assert_eq!(strings(problem.member("allowed_transitions")), allowed);
    assert_eq!(sandbox.api.detail(&incident).await, before, "nothing is recorded");
}

#[rstest]
#[tokio::test]
async fn repeating_the_current_status_records_nothing(
    #[values("OPEN", "INVESTIGATING", "RESOLVED", "CLOSED")] status: &str,
) {
    let sandbox = Sandbox::new();
    let incident = incident_with_status(&sandbox, status).await;
    let before = sandbox.api.detail(&incident).await;
    let body = json!({ "status": status, "comment": "again" });
    let answer = sandbox.api.patch_status(&incident, &body).await.expect(200);
    assert_eq!(answer.json()["incident"], before["incident"]);
    assert_eq!(sandbox.api.detail(&incident).await, before);
}

#[tokio::test]
async fn a_status_may_be_written_in_any_case() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    assert_eq!(sandbox.api.change_status(&incident, "investigating").await["status"], "INVESTIGATING");
    assert_eq!(sandbox.api.change_status(&incident, "Resolved").await["status"], "RESOLVED");
}

#[tokio::test]
async fn a_change_with_the_current_if_match_is_made() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let seen = sandbox.api.get(&format!("/incidents/{incident}")).await;
    let change = sandbox.api.status_request(&incident).header("if-match", seen.header("etag").unwrap());
    let answer = sandbox.api.send(change.body(r#"{"status":"INVESTIGATING"}"#)).await.expect(200);
    let now = sandbox.api.get(&format!("/incidents/{incident}")).await;
    assert_eq!(answer.header("etag"), now.header("etag"));
    assert_ne!(answer.header("etag"), seen.header("etag"));
}

#[tokio::test]
async fn a_change_with_a_stale_if_match_gets_412_and_the_current_etag() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let seen = sandbox.api.get(&format!("/incidents/{incident}")).await;
    sandbox.deliver(&sandbox.monitor()).await;

    let stale = seen.header("etag").unwrap();
    let change = sandbox.api.status_request(&incident).header("if-match", stale);
    let answer = sandbox.api.send(change.body(r#"{"status":"INVESTIGATING"}"#)).await;
    assert_eq!(answer.problem(412).member("current_status"), "OPEN");
    let current = sandbox.api.get(&format!("/incidents/{incident}")).await;
    assert_eq!(answer.header("etag"), current.header("etag"));

    let change = sandbox.api.status_request(&incident).header("if-match", answer.header("etag").unwrap());
    sandbox.api.send(change.body(r#"{"status":"INVESTIGATING"}"#)).await.expect(200);
}

#[rstest]
#[case("1")]
#[case("\"1")]
#[case("latest")]
#[tokio::test]
async fn a_malformed_if_match_gets_400(#[case] malformed: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let change = sandbox.api.status_request(&incident).header("if-match", malformed);
    sandbox.api.send(change.body(r#"{"status":"INVESTIGATING"}"#)).await.problem(400);
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["status"], "OPEN");
}

#[rstest]
#[case::missing(json!({}), &["status"])]
#[case::null(json!({ "status": null }), &["status"])]
#[case::number(json!({ "status": 1 }), &["status"])]
#[case::empty(json!({ "status": "" }), &["status"])]
#[case::unknown_status(json!({ "status": "DONE" }), &["status"])]
#[case::list(json!({ "status": ["INVESTIGATING"] }), &["status"])]
#[case::comment_as_number(json!({ "status": "INVESTIGATING", "comment": 7 }), &["comment"])]
#[case::long_comment(json!({ "status": "INVESTIGATING", "comment": "x".repeat(2_001) }), &["comment"])]
#[case::unknown_member(json!({ "status": "INVESTIGATING", "severity": "info" }), &["severity"])]
#[case::several(json!({ "status": "DONE", "comment": [], "by": "me" }), &["by", "comment", "status"])]
#[tokio::test]
async fn wrong_members_of_the_body_are_named(#[case] body: Value, #[case] parameters: &[&str]) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await;
    let problem = sandbox.api.patch_status(&incident, &body).await.problem(400);
    assert_eq!(problem.parameters(), parameters);
    assert_eq!(sandbox.api.detail(&incident).await, before);
}

#[rstest]
#[case::empty("")]
#[case::no_json("INVESTIGATING")]
#[case::string("\"INVESTIGATING\"")]
#[case::list("[]")]
#[case::null("null")]
#[case::truncated("{\"status\":")]
#[case::half_a_surrogate_pair("{\"status\":\"\\ud83d\"}")]
#[tokio::test]
async fn a_body_that_is_not_an_object_gets_400(#[case] body: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.api.send(sandbox.api.status_request(&incident).body(body.to_owned())).await.problem(400);
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["status"], "OPEN");
}

#[tokio::test]
async fn a_comment_of_two_thousand_characters_is_kept() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let comment = "ü".repeat(2_000);
    let body = json!({ "status": "INVESTIGATING", "comment": comment });
    sandbox.api.patch_status(&incident, &body).await.expect(200);
    assert_eq!(sandbox.api.detail(&incident).await["actions"][0]["details"]["comment"], comment);
}

#[rstest]
#[case::unknown("01ARZ3NDEKTSV4RRFFQ69G5FAV")]
#[case::short("7")]
#[case::words("incident")]
#[case::nul("01ARZ3NDEKTSV4RRFFQ69G5FA%00")]
#[case::emoji("%F0%9F%91%80")]
#[tokio::test]
async fn changing_an_unknown_incident_gets_404(#[case] id: &str) {
    Api::shared().patch_status(id, &json!({ "status": "INVESTIGATING" })).await.problem(404);
}

#[tokio::test]
async fn a_change_shows_in_the_lists() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let of = async |status: &str| {
        sandbox.api.page(&format!("/incidents?service={}&status={status}", sandbox.service)).await.total
    };
    tests::eventually(tests::WAIT_TIMEOUT, async || {
        let totals = (of("OPEN").await, of("INVESTIGATING").await);
        if totals == (0, 1) { Ok(()) } else { Err(format!("{totals:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_named_and_nothing_changes() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let body = r#"{"status":"INVESTIGATING","comment":"a","status":"INVESTIGATING"}"#;
    let answer = sandbox.api.send(sandbox.api.status_request(&incident).body(body)).await;
    assert_eq!(answer.problem(400).parameters(), ["status"]);
    assert_members(&sandbox.api.detail(&incident).await["incident"], &json!({ "status": "OPEN", "version": 1 }));
}
