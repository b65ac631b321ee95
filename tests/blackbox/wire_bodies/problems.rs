//! Each kind of problem, and the refusals of API Gateway itself.

use reqwest::Method;
use serde_json::json;
use tests::{Api, Sandbox, WebhookRequest, random_digits};

use super::{assert_answer, unreadable};
use crate::{
    comments,
    quarantine::{delete, entries_of, redrive},
};

const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

#[tokio::test]
async fn wrong_parameters() {
    let answer = Api::shared().get("/incidents?limit=0&color=red&status=done&created_from=soon").await;
    assert_answer("problem_400_validation", &answer, &[]);
}

#[tokio::test]
async fn wrong_members_of_a_body() {
    let body = json!({ "status": "DONE", "comment": 7, "by": "me" });
    let answer = Api::shared().patch_status(UNKNOWN_ID, &body).await;
    assert_answer("problem_400_validation_body", &answer, &[]);
}

#[tokio::test]
async fn a_malformed_body() {
    let api = Api::shared();
    let answer = api.send(api.status_request(UNKNOWN_ID).body("hello")).await;
    assert_answer("problem_400_malformed_body", &answer, &[]);
}

#[tokio::test]
async fn a_key_of_another_comment() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    comments::send(&sandbox.api, &incident, "one", Some("key")).await.expect(201);
    let answer = comments::send(&sandbox.api, &incident, "another", Some("key")).await;
    assert_answer("problem_422_key_reused", &answer, &[]);
}

#[tokio::test]
async fn a_webhook_without_a_proof() {
    let answer = Api::shared().post(&WebhookRequest::datadog("{}")).await;
    assert_answer("problem_401_unauthenticated", &answer, &[]);
}

#[tokio::test]
async fn a_role_that_may_not() {
    assert_answer("problem_403_forbidden", &Api::shared().get("/quarantine").await, &[]);
}

#[tokio::test]
async fn an_unknown_incident() {
    let answer = Api::shared().get(&format!("/incidents/{UNKNOWN_ID}")).await;
    assert_answer("problem_404_incident", &answer, &[]);
}

#[tokio::test]
async fn an_unknown_entry() {
    let answer = Api::shared().get_as_responder(&format!("/quarantine/{UNKNOWN_ID}")).await;
    assert_answer("problem_404_entry", &answer, &[]);
}

#[tokio::test]
async fn an_unknown_source() {
    let answer = Api::shared().post(&WebhookRequest::to("pagerduty", "{}")).await;
    assert_answer("problem_404_source", &answer, &[]);
}

#[tokio::test]
async fn an_illegal_transition() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answer = sandbox.api.patch_status(&incident, &json!({ "status": "CLOSED" })).await;
    assert_answer("problem_409_illegal_transition", &answer, &[]);
}

#[tokio::test]
async fn an_entry_that_is_done() {
    let api = Api::shared();
    let delivery_id = api.deliver(unreadable(&random_digits(20))).await.quarantined();
    let entry = entries_of(&api, &[delivery_id]).await.remove(0);
    let id = entry["id"].as_str().expect("an id");
    delete(&api, id).await.expect(204);
    assert_answer("problem_409_entry_done", &redrive(&api, id).await, &[]);
}

#[tokio::test]
async fn a_stale_version() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let change = sandbox.api.status_request(&incident).header("if-match", "\"1\"");
    let answer = sandbox.api.send(change.body(r#"{"status":"RESOLVED"}"#)).await;
    assert_answer("problem_412_stale_version", &answer, &[]);
}

#[tokio::test]
async fn a_body_that_is_too_large() {
    let body = json!({ "body": "slow ".repeat(300_000) }).to_string();
    let answer = Api::shared().deliver(WebhookRequest::datadog(body)).await;
    assert_answer("problem_413_too_large", &answer, &[]);
}

#[tokio::test]
async fn an_entry_that_cannot_be_redriven() {
    let api = Api::shared();
    let delivery_id = api.deliver(unreadable(&random_digits(20))).await.quarantined();
    let entry = entries_of(&api, &[delivery_id]).await.remove(0);
    let answer = redrive(&api, entry["id"].as_str().expect("an id")).await;
    assert_answer("problem_422_not_redrivable", &answer, &[]);
}

#[tokio::test]
async fn refusals_of_the_gateway() {
    let api = Api::shared();
    let without_a_token = api.send(api.request(Method::GET, "/incidents")).await;
    assert_answer("gateway_401", &without_a_token, &[]);
    assert_answer("gateway_403", &api.get_as("wrong", "/incidents").await, &[]);
    assert_answer("gateway_404", &api.get("/nothing").await, &[]);
}
