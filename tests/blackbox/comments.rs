//! `POST /incidents/{id}/comments`.

use futures::future::join_all;
use reqwest::{Method, header::HeaderMap};
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, assert_members, assert_only_members};

/// Sends a comment, with or without a key.
pub async fn send(api: &Api, incident: &str, comment: &str, key: Option<&str>) -> Answer {
    send_body(api, incident, json!({ "comment": comment }).to_string(), key).await
}

async fn send_body(api: &Api, incident: &str, body: String, key: Option<&str>) -> Answer {
    let mut request = api.change_request(Method::POST, &format!("/incidents/{incident}/comments"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    api.send(request.body(body)).await
}

/// The comments in the history of an incident, oldest first.
async fn comments(sandbox: &Sandbox, incident: &str) -> Vec<String> {
    let detail = sandbox.api.detail(incident).await;
    let actions = detail["actions"].as_array().expect("a list").iter().rev();
    let said = actions.filter(|action| action["type"] == "comment_added");
    said.map(|action| action["details"]["comment"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn a_comment_is_an_action_with_its_actor_and_time() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await["incident"].take();
    let said = "Rolled back 3.9.1 – <b>see</b> #ops 👀\nDone?";
    let answer = sandbox.api.comment(&incident, &format!("  {said}\n")).await.expect(201);
    let added = answer.json();
    assert_only_members(&added, &["action", "incident"]);
    assert_members(&added["action"], &json!({ "type": "comment_added", "details": { "comment": said } }));
    assert_ne!(added["action"]["actor"], "incident-review");
    assert_eq!(added["action"]["at"], added["incident"]["updated_at"]);
    assert_eq!(added["incident"]["version"], before["version"].as_u64().expect("a number") + 1);
    let now = sandbox.api.get(&format!("/incidents/{incident}")).await;
    assert_eq!(answer.header("etag"), now.header("etag"));
    assert_eq!((&now.json()["actions"][0], &now.json()["incident"]), (&added["action"], &added["incident"]));
    assert_eq!(now.json()["actions_total"], 2);
}

#[tokio::test]
async fn an_incident_of_any_status_takes_comments_and_lists_show_when() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    for status in ["OPEN", "INVESTIGATING", "RESOLVED", "CLOSED"] {
        if status != "OPEN" {
            sandbox.api.change_status(&incident, status).await;
        }
        let added = sandbox.api.comment(&incident, status).await.expect(201).json();
        assert_eq!(added["incident"]["status"], status);
        let listed = sandbox.api.page(&format!("/incidents?service={}", sandbox.service)).await.items.remove(0);
        assert_eq!(listed, added["incident"], "a list shows what was answered before");
    }
    assert_eq!(comments(&sandbox, &incident).await, ["OPEN", "INVESTIGATING", "RESOLVED", "CLOSED"]);
}

#[tokio::test]
async fn a_comment_with_a_key_is_added_once() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let first = send(&sandbox.api, &incident, "on it", Some("key 1")).await.expect(201).json();
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let again = send(&sandbox.api, &incident, "on it", Some("key 1")).await.expect(201).json();
    assert_eq!(again["action"], first["action"]);
    assert_eq!(again["incident"]["status"], "INVESTIGATING", "the incident is shown as it is now");
    send(&sandbox.api, &incident, "on it", Some("key 2")).await.expect(201);
    send(&sandbox.api, &incident, "on it", None).await.expect(201);
    send(&sandbox.api, &incident, "on it", None).await.expect(201);
    assert_eq!(comments(&sandbox, &incident).await.len(), 4);
    let other = sandbox.in_another_environment();
    let elsewhere = other.open_incident().await;
    send(&other.api, &elsewhere, "something else", Some("key 1")).await.expect(201);
}

#[tokio::test]
async fn a_key_that_belongs_to_another_comment_is_refused() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    send(&sandbox.api, &incident, "one", Some("key")).await.expect(201);
    send(&sandbox.api, &incident, "another", Some("key")).await.problem(422);
    assert_eq!(comments(&sandbox, &incident).await, ["one"]);
}

#[tokio::test]
async fn of_equal_requests_at_the_same_time_one_is_added_and_all_are_told_so() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answers = join_all((0..8).map(|_| send(&sandbox.api, &incident, "on it", Some("key")))).await;
    let ids: Vec<Value> = answers.into_iter().map(|answer| answer.expect(201).json()["action"]["id"].take()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(comments(&sandbox, &incident).await, ["on it"]);
}

#[tokio::test]
async fn comments_and_changes_at_the_same_time_all_stay() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let commenting = join_all((0..6).map(async |number: usize| {
        sandbox.api.comment(&incident, &number.to_string()).await.expect(201);
    }));
    let monitor = sandbox.monitor();
    let joining = sandbox.send(&monitor);
    let taken = json!({ "status": "INVESTIGATING" });
    let changing = sandbox.api.patch_status(&incident, &taken);
    let assigning = sandbox.api.assign(&incident, Some("Ada"));
    let (_, _, changed, assigned) = futures::join!(commenting, joining, changing, assigning);
    changed.expect(200);
    assigned.expect(200);
    let mut said = comments(&sandbox, &incident).await;
    said.sort();
    assert_eq!(said, ["0", "1", "2", "3", "4", "5"]);
    let now = sandbox.api.detail(&incident).await["incident"].take();
    assert_members(&now, &json!({ "status": "INVESTIGATING", "assignee": "Ada" }));
}

#[tokio::test]
async fn a_comment_with_a_stale_if_match_gets_412() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let seen = sandbox.api.get(&format!("/incidents/{incident}")).await;
    let etag = seen.header("etag").expect("a tag");
    let at = async |etag: &str| {
        let request = sandbox.api.change_request(Method::POST, &format!("/incidents/{incident}/comments"));
        sandbox.api.send(request.header("if-match", etag).body(r#"{"comment":"a"}"#)).await
    };
    let added = at(etag).await.expect(201);
    let stale = at(etag).await;
    assert_eq!(stale.problem(412).member("current_status"), "OPEN");
    assert_eq!(stale.header("etag"), added.header("etag"));
    at("7").await.problem(400);
    let stale = sandbox.api.status_request(&incident).header("if-match", etag);
    sandbox.api.send(stale.body(r#"{"status":"INVESTIGATING"}"#)).await.problem(412);
}

#[rstest]
#[case::missing(json!({}), &["comment"])]
#[case::null(json!({ "comment": null }), &["comment"])]
#[case::empty(json!({ "comment": "" }), &["comment"])]
#[case::blank(json!({ "comment": " \n\t" }), &["comment"])]
#[case::number(json!({ "comment": 7 }), &["comment"])]
#[case::list(json!({ "comment": ["a"] }), &["comment"])]
#[case::long(json!({ "comment": "x".repeat(2_001) }), &["comment"])]
#[case::unknown_member(json!({ "comment": "a", "text": "b" }), &["text"])]
#[case::several(json!({ "comment": {}, "by": "me" }), &["by", "comment"])]
#[tokio::test]
async fn wrong_members_are_named(#[case] body: Value, #[case] parameters: &[&str]) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answer = send_body(&sandbox.api, &incident, body.to_string(), None).await;
    assert_eq!(answer.problem(400).parameters(), parameters);
    assert_eq!(sandbox.api.detail(&incident).await["actions_total"], 1);
}

#[rstest]
#[case::empty("")]
#[case::text("on it")]
#[case::string("\"on it\"")]
#[case::truncated("{\"comment\":")]
#[case::half_a_surrogate_pair("{\"comment\":\"\\ud83d\"}")]
#[tokio::test]
async fn a_body_that_is_no_object_gets_400(#[case] body: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    send_body(&sandbox.api, &incident, body.to_owned(), None).await.problem(400);
    assert_eq!(sandbox.api.detail(&incident).await["actions_total"], 1);
}

#[tokio::test]
async fn a_comment_of_two_thousand_characters_of_any_kind_is_kept() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    for character in ["ü", "\u{1}", "🔥"] {
        let comment = format!("a{}a", character.repeat(1_998));
        sandbox.api.comment(&incident, &comment).await.expect(201);
        assert_eq!(comments(&sandbox, &incident).await.last(), Some(&comment));
    }
}

#[rstest]
#[case::long(&"k".repeat(256))]
#[case::empty("")]
#[case::not_ascii("schlüssel")]
#[tokio::test]
async fn a_key_that_cannot_be_one_is_named(#[case] key: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answer = send(&sandbox.api, &incident, "on it", Some(key)).await;
    assert_eq!(answer.problem(400).parameters(), ["Idempotency-Key"]);
    assert!(comments(&sandbox, &incident).await.is_empty());
}

#[tokio::test]
async fn only_a_responder_comments_and_only_on_what_exists() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let path = format!("/incidents/{incident}/comments");
    let request = sandbox.api.request(Method::POST, &path).bearer_auth(&sandbox.api.access().viewer_token);
    sandbox.api.send(request.body(r#"{"comment":"a"}"#)).await.problem(403);
    sandbox.api.send(sandbox.api.request(Method::POST, &path)).await.refused_by_gateway(401, "Unauthorized");
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7", "%00", "%F0%9F%91%80"] {
        sandbox.api.comment(unknown, "a").await.problem(404);
    }
    let request = sandbox.api.change_request(Method::POST, &format!("{path}?dry_run=1")).headers(HeaderMap::new());
    assert_eq!(sandbox.api.send(request.body(r#"{"comment":"a"}"#)).await.problem(400).parameters(), ["dry_run"]);
    assert!(comments(&sandbox, &incident).await.is_empty());
}
