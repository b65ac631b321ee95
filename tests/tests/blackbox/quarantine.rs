//! Authentic webhooks that could not be read, kept where people find them.

use serde_json::{Value, json};
use tests::{Api, DEADLINE, Delivery, assert_members, assert_only_members, digits, eventually};

/// A body that no other test sends and that cannot be mapped.
fn unreadable() -> String {
    json!({ "data": { "nothing": digits(20) }, "action": "created" }).to_string()
}

/// The entries of deliveries, newest first, as soon as they are all there.
pub async fn entries(api: &Api, delivery_ids: &[String]) -> Vec<Value> {
    eventually(DEADLINE, async || {
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
async fn a_delivery_that_cannot_be_read_is_kept_whole_with_the_reason() {
    let api = Api::shared();
    let body = unreadable();
    let delivery_id = api.deliver(Delivery::sentry("issue", body.clone())).await.quarantined();
    let entry = entries(&api, std::slice::from_ref(&delivery_id)).await.remove(0);
    let members =
        ["id", "vendor", "reason", "created_at", "received_at", "delivery_id", "body", "body_bytes", "truncated"];
    assert_only_members(&entry, &members);
    assert_members(
        &entry,
        &json!({
            "vendor": "sentry",
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
async fn the_same_delivery_twice_is_kept_once() {
    let api = Api::shared();
    let body = unreadable();
    let delivery_id = api.deliver(Delivery::sentry("issue", body.clone())).await.quarantined();
    assert_eq!(api.deliver(Delivery::sentry("issue", body)).await.quarantined(), delivery_id);
    let later = api.deliver(Delivery::sentry("issue", unreadable())).await.quarantined();
    assert_eq!(entries(&api, &[delivery_id, later]).await.len(), 2);
}

#[tokio::test]
async fn it_is_listed_newest_first_in_pages() {
    let api = Api::shared();
    let mut delivery_ids = Vec::new();
    for _ in 0..3 {
        let delivery_id = api.deliver(Delivery::sentry("issue", unreadable())).await.quarantined();
        entries(&api, std::slice::from_ref(&delivery_id)).await;
        delivery_ids.push(delivery_id);
    }
    let listed = entries(&api, &delivery_ids).await;
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
async fn a_body_that_does_not_fit_is_cut_and_says_so() {
    let api = Api::shared();
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let body = json!({ "action": "created", "data": { "noise": noise } }).to_string();
    let delivery_id = api.deliver(Delivery::sentry("issue", body.clone())).await.quarantined();
    let entry = entries(&api, &[delivery_id]).await.remove(0);
    let kept = entry["body"].as_str().unwrap();
    assert_eq!(entry["truncated"], true);
    assert!(kept.len() < body.len() && body.starts_with(kept.trim_end_matches("…[trimmed]")));
}

#[tokio::test]
async fn bodies_that_no_reader_of_json_takes_are_kept_as_they_came() {
    let api = Api::shared();
    let id = digits(19);
    let bodies = [
        format!(r#"{{"id":"{id}","title":"half a pair \ud83d of surrogates"}}"#),
        format!(r#"{{"id":"{id}","value":NaN,"other":-Infinity}}"#),
        format!(r#"{{"id":"{id}","title":{}1{}}}"#, "[".repeat(200), "]".repeat(200)),
        format!(r#"{{"id":"{id}","value":1e999}}"#),
    ];
    for body in bodies {
        let delivery_id = api.deliver(Delivery::datadog(body.clone())).await.quarantined();
        assert_eq!(entries(&api, &[delivery_id]).await[0]["body"], body);
    }
}

#[tokio::test]
async fn only_responders_see_it() {
    let api = Api::shared();
    api.get("/quarantine").await.problem(403);
    api.send(api.request(reqwest::Method::GET, "/quarantine")).await.refused_by_gateway(401, "Unauthorized");
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let api = Api::shared();
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("offset=-1", "offset"),
        ("cursor=nonsense", "cursor"),
        ("vendor=sentry", "vendor"),
    ] {
        let problem = api.get_as_responder(&format!("/quarantine?{query}")).await.problem(400);
        assert_eq!(problem.parameters(), [parameter], "{query}");
    }
}
