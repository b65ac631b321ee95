//! The quarantine of webhooks that could not be read. What entries look like is in `wire_bodies`.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, WAIT_TIMEOUT, WebhookRequest, assert_members, eventually, random_digits};

/// A well-formed id that no entry has.
const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Sends a request as the responder.
pub async fn send_as_responder(api: &Api, method: Method, path: &str) -> Answer {
    api.send(api.request(method, path).bearer_auth(&api.access().responder_token)).await
}

/// An entry with its whole body.
pub async fn get_entry(api: &Api, id: &str) -> Value {
    api.get_as_responder(&format!("/quarantine/{id}")).await.expect(200).json()
}

/// Requests the redrive of an entry.
pub async fn redrive(api: &Api, id: &str) -> Answer {
    send_as_responder(api, Method::POST, &format!("/quarantine/{id}/redrive")).await
}

/// Requests the deletion of an entry.
pub async fn delete(api: &Api, id: &str) -> Answer {
    send_as_responder(api, Method::DELETE, &format!("/quarantine/{id}")).await
}

/// The types of an entry's actions with their actors.
pub fn actions_of(entry: &Value) -> Vec<(&str, &str)> {
    let actions = entry["actions"].as_array().expect("actions");
    actions
        .iter()
        .map(|action| (action["type"].as_str().expect("a type"), action["actor"].as_str().expect("an actor")))
        .collect()
}

/// Puts an unreadable webhook into the quarantine, and returns the id and the body of its entry.
async fn quarantined_entry(api: &Api) -> (String, String) {
    let body = unreadable_body();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = entries_of(api, &[delivery_id]).await.remove(0);
    (entry["id"].as_str().expect("an id").to_owned(), body)
}

/// A body that cannot be read and that no other test sends.
fn unreadable_body() -> String {
    json!({ "data": { "nothing": random_digits(20) }, "action": "created" }).to_string()
}

/// Waits until all these deliveries have entries, and returns the entries, newest first.
pub async fn entries_of(api: &Api, delivery_ids: &[String]) -> Vec<Value> {
    eventually(WAIT_TIMEOUT, async || {
        let mut found = Vec::new();
        let mut page = api.quarantine("limit=50").await;
        loop {
            found.extend(
                page.items
                    .into_iter()
                    .filter(|entry| delivery_ids.iter().any(|delivery_id| entry["delivery_id"] == **delivery_id)),
            );
            let Some(cursor) = page.next_cursor else { break };
            page = api.quarantine(&format!("limit=50&cursor={cursor}")).await;
        }
        if found.len() >= delivery_ids.len() { Ok(found) } else { Err(format!("{delivery_ids:?} in {found:#?}")) }
    })
    .await
}

#[tokio::test]
async fn an_unreadable_webhook_is_quarantined_whole_with_the_reason() {
    let api = Api::shared();
    let body = unreadable_body();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = entries_of(&api, std::slice::from_ref(&delivery_id)).await.remove(0);
    assert_members(
        &entry,
        &json!({
            "kind": "unreadable",
            "source": "sentry",
            "state": "pending",
            "delivery_id": delivery_id,
            "body": body,
            "body_bytes": body.len(),
            "truncated": false,
        }),
    );
    assert!(entry["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert!(entry["received_at"].as_str() <= entry["created_at"].as_str());
}

#[tokio::test]
async fn the_same_unreadable_webhook_twice_makes_one_entry() {
    let api = Api::shared();
    let body = unreadable_body();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    assert_eq!(api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined(), delivery_id);
    let later = api.deliver(WebhookRequest::sentry("issue", unreadable_body())).await.quarantined();
    assert_eq!(entries_of(&api, &[delivery_id, later]).await.len(), 2);
}

#[tokio::test]
async fn the_quarantine_is_listed_newest_first_in_pages() {
    let api = Api::shared();
    let mut delivery_ids = Vec::new();
    for _ in 0..3 {
        let delivery_id = api.deliver(WebhookRequest::sentry("issue", unreadable_body())).await.quarantined();
        entries_of(&api, std::slice::from_ref(&delivery_id)).await;
        delivery_ids.push(delivery_id);
    }
    let listed = entries_of(&api, &delivery_ids).await;
    let listed: Vec<&str> = listed.iter().map(|entry| entry["delivery_id"].as_str().unwrap()).collect();
    delivery_ids.reverse();
    assert_eq!(listed, delivery_ids);

    let page = api.quarantine("limit=2&offset=1").await;
    assert_eq!((page.items.len(), page.limit, page.offset), (2, 2, 1));
    assert!(page.total >= 3 && page.next_cursor.is_some());
    let default = api.quarantine("").await;
    assert_eq!((default.limit, default.offset), (50, 0));
}

#[tokio::test]
async fn a_body_over_the_limit_is_truncated_visibly() {
    let api = Api::shared();
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let body = json!({ "action": "created", "data": { "noise": noise } }).to_string();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = entries_of(&api, &[delivery_id]).await.remove(0);
    assert_eq!((&entry["truncated"], &entry["body_bytes"]), (&json!(true), &json!(body.len())));
    let id = entry["id"].as_str().unwrap();
    let whole = get_entry(&api, id).await;
    let kept = whole["body"].as_str().unwrap();
    let (beginning, note) = kept.split_once('…').expect("a note about the truncation");
    assert!(beginning.len() > 200_000 && body.starts_with(beginning), "{note}");
    assert_eq!(note, format!("[truncated: {} bytes in all]", body.len()));
    let problem = redrive(&api, id).await.problem(422);
    assert!(problem.member("detail").as_str().unwrap().contains("too large"), "{problem:?}");
}

#[rstest]
#[case::half_a_surrogate_pair(r#"{"id":"{id}","title":"half a pair \ud83d of surrogates"}"#)]
#[case::nan(r#"{"id":"{id}","value":NaN,"other":-Infinity}"#)]
#[case::deep(&format!(r#"{{"id":"{{id}}","title":{}1{}}}"#, "[".repeat(200), "]".repeat(200)))]
#[case::large_exponent(r#"{"id":"{id}","value":1e999}"#)]
#[tokio::test]
async fn json_that_cannot_be_represented_is_quarantined_unchanged(#[case] body: &str) {
    let api = Api::shared();
    let body = body.replace("{id}", &random_digits(19));
    let delivery_id = api.deliver(WebhookRequest::datadog(body.clone())).await.quarantined();
    assert_eq!(entries_of(&api, &[delivery_id]).await[0]["body"], body);
}

#[rstest]
#[case::list(Method::GET, "/quarantine")]
#[case::entry(Method::GET, "/quarantine/{id}")]
#[case::redrive(Method::POST, "/quarantine/{id}/redrive")]
#[case::deletion(Method::DELETE, "/quarantine/{id}")]
#[tokio::test]
async fn only_responders_may_use_the_quarantine(#[case] method: Method, #[case] path: &str) {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    let path = path.replace("{id}", &id);
    let request = api.request(method.clone(), &path);
    api.send(request.bearer_auth(&api.access().viewer_token)).await.problem(403);
    api.send(api.request(method, &path)).await.refused_by_gateway(401, "Unauthorized");
    let entry = get_entry(&api, &id).await;
    assert_members(&entry, &json!({ "state": "pending", "actions": [] }));
}

#[rstest]
#[case::read(Method::GET, "")]
#[case::redrive(Method::POST, "/redrive")]
#[case::deletion(Method::DELETE, "")]
#[tokio::test]
async fn an_unknown_or_malformed_entry_id_gets_404(
    #[case] method: Method,
    #[case] suffix: &str,
    #[values(UNKNOWN_ID, "7", "01arz3ndektsv4rrffq69g5fav", "%20")] id: &str,
) {
    let api = Api::shared();
    send_as_responder(&api, method, &format!("/quarantine/{id}{suffix}")).await.problem(404);
}

#[rstest]
#[case::read(Method::GET, "")]
#[case::redrive(Method::POST, "/redrive")]
#[case::deletion(Method::DELETE, "")]
#[tokio::test]
async fn an_unknown_parameter_of_an_entry_is_named(#[case] method: Method, #[case] suffix: &str) {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    let answer = send_as_responder(&api, method, &format!("/quarantine/{id}{suffix}?force=true")).await;
    assert_eq!(answer.problem(400).parameters(), ["force"]);
}

#[tokio::test]
async fn an_entry_shows_its_whole_body_and_its_actions() {
    let api = Api::shared();
    let body =
        json!({ "action": "created", "data": { "nothing": random_digits(20), "long": "ä".repeat(5_000) } }).to_string();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let listed = entries_of(&api, &[delivery_id]).await.remove(0);
    let first_lines = listed["body"].as_str().unwrap();
    assert!(first_lines.len() <= 1024 && first_lines.len() > 1000 && body.starts_with(first_lines));

    let entry = get_entry(&api, listed["id"].as_str().unwrap()).await;
    let mut expected = listed.clone();
    expected["body"] = json!(body);
    expected["body_base64"] = Value::Null;
    expected["actions"] = json!([]);
    assert_eq!(entry, expected);
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_shown_in_base64() {
    use base64::prelude::{BASE64_STANDARD, Engine};

    let api = Api::shared();
    let mut body = format!(r#"{{"id":"{}","title":"latin "#, random_digits(19)).into_bytes();
    body.extend(b"\xe4\"}");
    // A gateway may take a body of type JSON for text, and replace bytes that are not UTF-8.
    let sent = WebhookRequest::datadog(body.clone()).header("content-type", "application/octet-stream");
    let delivery_id = api.deliver(sent).await.quarantined();
    let listed = entries_of(&api, &[delivery_id]).await.remove(0);
    assert!(listed["body"].as_str().unwrap().contains('\u{fffd}'));
    let entry = get_entry(&api, listed["id"].as_str().unwrap()).await;
    assert_eq!((&entry["body"], &entry["body_base64"]), (&Value::Null, &json!(BASE64_STANDARD.encode(body))));
}

#[rstest]
#[case("kind=unreadable", &["datadog", "sentry"])]
#[case("kind=dead_letter", &[])]
#[case("kind=unreadable,dead_letter", &["datadog", "sentry"])]
#[case("source=sentry", &["sentry"])]
#[case("source=DATADOG&kind=unreadable", &["datadog"])]
#[case("source=datadog&source=sentry", &["datadog", "sentry"])]
#[tokio::test]
async fn the_quarantine_filters_by_kind_and_source(#[case] filter: &str, #[case] expected: &[&str]) {
    let api = Api::shared();
    let sentry = api.deliver(WebhookRequest::sentry("issue", unreadable_body())).await.quarantined();
    let body = format!(r#"{{"id":"{}","x":1e999}}"#, random_digits(19));
    let datadog = api.deliver(WebhookRequest::datadog(body)).await.quarantined();
    entries_of(&api, &[sentry.clone(), datadog.clone()]).await;
    let page = api.quarantine(&format!("limit=200&{filter}")).await;
    let own = page.items.iter().filter(|entry| entry["delivery_id"] == *sentry || entry["delivery_id"] == *datadog);
    let mut sources: Vec<&str> = own.map(|entry| entry["source"].as_str().unwrap()).collect();
    sources.sort_unstable();
    assert_eq!(sources, expected);
}

#[tokio::test]
async fn an_entry_that_still_cannot_be_read_is_not_redriven() {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    let before = get_entry(&api, &id).await;
    let problem = redrive(&api, &id).await.problem(422);
    assert!(problem.member("detail").as_str().unwrap().contains("still cannot be read"), "{problem:?}");
    assert_eq!(get_entry(&api, &id).await, before);
}

#[tokio::test]
async fn a_deleted_entry_loses_its_body_and_keeps_who_deleted_it() {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    let answer = delete(&api, &id).await.expect(204);
    assert_eq!(answer.text(), "");
    delete(&api, &id).await.expect(204);
    let entry = get_entry(&api, &id).await;
    assert_members(&entry, &json!({ "state": "deleted", "body": null, "body_base64": null }));
    let [("deleted", actor)] = actions_of(&entry)[..] else { panic!("{entry:#}") };
    assert!(!actor.is_empty());
    assert_eq!(redrive(&api, &id).await.problem(409).member("state"), "deleted");
    eventually(WAIT_TIMEOUT, async || {
        let page = api.quarantine("limit=200").await;
        if page.ids().contains(&id.as_str()) { Err("it is listed") } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn concurrent_deletions_are_recorded_once() {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    let deletions = futures::future::join_all((0..10).map(|_| delete(&api, &id))).await;
    assert!(deletions.iter().all(|answer| answer.status == 204));
    assert_eq!(actions_of(&get_entry(&api, &id).await).len(), 1);
}

#[rstest]
#[case("limit=0", "limit")]
#[case("limit=201", "limit")]
#[case("limit=ten", "limit")]
#[case("offset=-1", "offset")]
#[case("cursor=nonsense", "cursor")]
#[case("source=nowhere", "source")]
#[case("kind=dead", "kind")]
#[case("kind=", "kind")]
#[case("state=pending", "state")]
#[tokio::test]
async fn wrong_parameters_of_the_quarantine_are_named(#[case] query: &str, #[case] parameter: &str) {
    let problem = Api::shared().get_as_responder(&format!("/quarantine?{query}")).await.problem(400);
    assert_eq!(problem.parameters(), [parameter]);
}
