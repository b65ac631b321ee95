//! Authentic webhooks that could not be read, kept where people find them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Answer, Api, WAIT_TIMEOUT, WebhookRequest, assert_members, assert_only_members, eventually, random_digits,
};

/// An id that no entry has.
const UNKNOWN_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// How the list shows an entry.
const MEMBERS: [&str; 11] = [
    "id",
    "kind",
    "source",
    "reason",
    "created_at",
    "received_at",
    "delivery_id",
    "state",
    "body",
    "body_bytes",
    "truncated",
];

/// Asks for something as the responder.
pub async fn send_as_responder(api: &Api, method: Method, path: &str) -> Answer {
    api.send(api.request(method, path).bearer_auth(&api.access().responder_token)).await
}

/// An entry, whole.
pub async fn get_entry(api: &Api, id: &str) -> Value {
    api.get_as_responder(&format!("/quarantine/{id}")).await.expect(200).json()
}

/// Asks for the redrive of an entry.
pub async fn redrive(api: &Api, id: &str) -> Answer {
    send_as_responder(api, Method::POST, &format!("/quarantine/{id}/redrive")).await
}

/// Asks for the deletion of an entry.
pub async fn delete(api: &Api, id: &str) -> Answer {
    send_as_responder(api, Method::DELETE, &format!("/quarantine/{id}")).await
}

/// What was done with an entry, and by whom.
pub fn actions_of(entry: &Value) -> Vec<(&str, &str)> {
    let actions = entry["actions"].as_array().expect("actions");
    actions
        .iter()
        .map(|action| (action["type"].as_str().expect("a type"), action["actor"].as_str().expect("an actor")))
        .collect()
}

/// An entry of an unreadable delivery, and the body that it has.
async fn quarantined_entry(api: &Api) -> (String, String) {
    let body = unreadable();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = entries_of(api, &[delivery_id]).await.remove(0);
    (entry["id"].as_str().expect("an id").to_owned(), body)
}

/// A body that no other test sends and that cannot be mapped.
fn unreadable() -> String {
    json!({ "data": { "nothing": random_digits(20) }, "action": "created" }).to_string()
}

/// The entries of deliveries, newest first, as soon as they are all there.
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
    let body = unreadable();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = entries_of(&api, std::slice::from_ref(&delivery_id)).await.remove(0);
    assert_only_members(&entry, &MEMBERS);
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
    let body = unreadable();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    assert_eq!(api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined(), delivery_id);
    let later = api.deliver(WebhookRequest::sentry("issue", unreadable())).await.quarantined();
    assert_eq!(entries_of(&api, &[delivery_id, later]).await.len(), 2);
}

#[tokio::test]
async fn the_quarantine_is_listed_newest_first_in_pages() {
    let api = Api::shared();
    let mut delivery_ids = Vec::new();
    for _ in 0..3 {
        let delivery_id = api.deliver(WebhookRequest::sentry("issue", unreadable())).await.quarantined();
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
    let (beginning, mark) = kept.split_once('…').expect("a mark");
    assert!(beginning.len() > 200_000 && body.starts_with(beginning), "{mark}");
    assert_eq!(mark, format!("[truncated: {} bytes in all]", body.len()));
    let problem = redrive(&api, id).await.problem(422);
    assert!(problem.member("detail").as_str().unwrap().contains("too large"), "{problem:?}");
}

#[tokio::test]
async fn json_that_cannot_be_represented_is_quarantined_unchanged() {
    let api = Api::shared();
    let id = random_digits(19);
    let bodies = [
        format!(r#"{{"id":"{id}","title":"half a pair \ud83d of surrogates"}}"#),
        format!(r#"{{"id":"{id}","value":NaN,"other":-Infinity}}"#),
        format!(r#"{{"id":"{id}","title":{}1{}}}"#, "[".repeat(200), "]".repeat(200)),
        format!(r#"{{"id":"{id}","value":1e999}}"#),
    ];
    for body in bodies {
        let delivery_id = api.deliver(WebhookRequest::datadog(body.clone())).await.quarantined();
        assert_eq!(entries_of(&api, &[delivery_id]).await[0]["body"], body);
    }
}

#[tokio::test]
async fn only_responders_may_use_the_quarantine() {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    for (method, path) in [
        (Method::GET, "/quarantine".to_owned()),
        (Method::GET, format!("/quarantine/{id}")),
        (Method::POST, format!("/quarantine/{id}/redrive")),
        (Method::DELETE, format!("/quarantine/{id}")),
    ] {
        let request = api.request(method.clone(), &path);
        api.send(request.bearer_auth(&api.access().viewer_token)).await.problem(403);
        api.send(api.request(method, &path)).await.refused_by_gateway(401, "Unauthorized");
    }
    let entry = get_entry(&api, &id).await;
    assert_members(&entry, &json!({ "state": "pending", "actions": [] }));
}

#[tokio::test]
async fn an_unknown_or_malformed_entry_id_gets_404() {
    let api = Api::shared();
    for id in [UNKNOWN_ID, "7", "01arz3ndektsv4rrffq69g5fav", "%20"] {
        for (method, suffix) in [(Method::GET, ""), (Method::POST, "/redrive"), (Method::DELETE, "")] {
            send_as_responder(&api, method, &format!("/quarantine/{id}{suffix}")).await.problem(404);
        }
    }
}

#[tokio::test]
async fn an_unknown_parameter_of_an_entry_is_named() {
    let api = Api::shared();
    let (id, _) = quarantined_entry(&api).await;
    for (method, suffix) in [(Method::GET, ""), (Method::POST, "/redrive"), (Method::DELETE, "")] {
        let problem =
            send_as_responder(&api, method, &format!("/quarantine/{id}{suffix}?force=true")).await.problem(400);
        assert_eq!(problem.parameters(), ["force"]);
    }
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
    assert_only_members(&entry, &[&MEMBERS[..], &["body_base64", "actions"]].concat());
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
    // Of a body that says it is JSON, a gateway may take it for text and replace what is none.
    let sent = WebhookRequest::datadog(body.clone()).header("content-type", "application/octet-stream");
    let delivery_id = api.deliver(sent).await.quarantined();
    let listed = entries_of(&api, &[delivery_id]).await.remove(0);
    assert!(listed["body"].as_str().unwrap().contains('\u{fffd}'));
    let entry = get_entry(&api, listed["id"].as_str().unwrap()).await;
    assert_eq!((&entry["body"], &entry["body_base64"]), (&Value::Null, &json!(BASE64_STANDARD.encode(body))));
}

#[tokio::test]
async fn the_quarantine_filters_by_kind_and_source() {
    let api = Api::shared();
    let sentry = api.deliver(WebhookRequest::sentry("issue", unreadable())).await.quarantined();
    let datadog = api
        .deliver(WebhookRequest::datadog(format!(r#"{{"id":"{}","x":1e999}}"#, random_digits(19))))
        .await
        .quarantined();
    entries_of(&api, &[sentry.clone(), datadog.clone()]).await;
    for (filter, has_sentry, has_datadog) in [
        ("kind=unreadable", true, true),
        ("kind=dead_letter", false, false),
        ("kind=unreadable,dead_letter", true, true),
        ("source=sentry", true, false),
        ("source=DATADOG&kind=unreadable", false, true),
        ("source=datadog&source=sentry", true, true),
    ] {
        let page = api.quarantine(&format!("limit=200&{filter}")).await;
        let has = |delivery_id: &str| page.items.iter().any(|entry| entry["delivery_id"] == delivery_id);
        assert_eq!((has(&sentry), has(&datadog)), (has_sentry, has_datadog), "{filter}");
    }
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
    // The embedded stack's tokens are named as they are.
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

#[tokio::test]
async fn wrong_parameters_of_the_quarantine_are_named() {
    let api = Api::shared();
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("offset=-1", "offset"),
        ("cursor=nonsense", "cursor"),
        ("source=pagerduty", "source"),
        ("kind=dead", "kind"),
        ("kind=", "kind"),
        ("state=pending", "state"),
    ] {
        let problem = api.get_as_responder(&format!("/quarantine?{query}")).await.problem(400);
        assert_eq!(problem.parameters(), [parameter], "{query}");
    }
}
