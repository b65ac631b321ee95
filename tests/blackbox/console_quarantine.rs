//! The quarantine in the console: who sees it, what it shows, what people do with entries.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tests::{Api, Sandbox, TestStack, WAIT_TIMEOUT, WebhookRequest, console::Browser, eventually, random_digits};

use crate::{
    dead_letters::{entry_when, failing_worker, only_entry},
    quarantine::{entries_of, get_entry},
};

const LIST: &str = "/console/quarantine";

async fn responder() -> Browser {
    let api = Api::shared();
    Browser::signed_in(api.access(), &api.access().responder_token).await
}

/// Puts a body that cannot be read into the quarantine, and returns the id of its entry.
async fn quarantined(api: &Api, body: &str) -> String {
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined();
    let entry = entries_of(api, &[delivery_id]).await.remove(0);
    entry["id"].as_str().expect("an id").to_owned()
}

/// Does all that people do with entries of the quarantine in the console.
pub async fn visit_quarantine(api: &Api) {
    let mut browser = Browser::signed_in(api.access(), &api.access().responder_token).await;
    let id = quarantined(api, &json!({ "none": random_digits(20) }).to_string()).await;
    let page = format!("{LIST}/{id}");
    assert_eq!(browser.submit(LIST, &format!("{page}/redrive"), &[]).await.status, 422);
    assert_eq!(browser.submit(LIST, &format!("{LIST}/redrive"), &[("kind", "unreadable")]).await.status, 303);
    assert_eq!(browser.submit(&page, &format!("{page}/delete"), &[]).await.status, 303);
}

#[tokio::test]
async fn a_responder_sees_why_a_webhook_is_in_quarantine_and_all_of_its_body() {
    let api = Api::shared();
    let body = json!({ "nothing": random_digits(20), "html": "<script>alert(1)</script>" }).to_string();
    let id = quarantined(&api, &body).await;
    let entry = get_entry(&api, &id).await;
    let mut browser = responder().await;
    let listed = browser.get(&format!("{LIST}?kind=unreadable&source=sentry")).await;
    assert_eq!(listed.status, 200);
    assert!(listed.text.contains(&format!("href=\"{LIST}/{id}\"")), "{}", listed.text);
    let shown = browser.get(&format!("{LIST}/{id}")).await;
    let reason = entry["reason"].as_str().unwrap()[1..].replace('"', "&quot;");
    for text in [reason.as_str(), "unreadable", "pending", "&lt;script&gt;alert(1)&lt;/script&gt;"] {
        assert!(shown.text.contains(text), "{text} in {}", shown.text);
    }
    assert!(!shown.text.contains("<script>alert"));
    let file = browser.get(&format!("{LIST}/{id}/body")).await;
    assert_eq!((file.status, file.text.as_str()), (200, body.as_str()));
    assert_eq!(file.headers["content-type"], "application/octet-stream");
    assert_eq!(file.headers["content-disposition"], format!("attachment; filename=\"quarantine-{id}.txt\""));
}

#[tokio::test]
async fn what_would_fail_again_is_not_redriven_and_a_deleted_entry_is_done() {
    let api = Api::shared();
    let id = quarantined(&api, &json!({ "nothing": random_digits(20) }).to_string()).await;
    let page = format!("{LIST}/{id}");
    let mut browser = responder().await;
    let refused = browser.submit(&page, &format!("{page}/redrive"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("because it would fail again"), "{}", refused.text);
    assert_eq!(get_entry(&api, &id).await["state"], "pending");

    let deleted = browser.submit(&page, &format!("{page}/delete"), &[]).await;
    assert_eq!((deleted.status, deleted.location.as_deref()), (303, Some(LIST)));
    assert!(browser.get("/console/help").await.text.contains("The entry is deleted."));
    let shown = browser.get(&page).await.text;
    assert!(shown.contains("The body was deleted.") && shown.contains("deleted it"), "{shown}");
    assert!(!shown.contains(&format!("{page}/redrive")) && !shown.contains(&format!("{page}/delete")), "{shown}");
    let late = browser.submit(LIST, &format!("{page}/redrive"), &[]).await;
    assert!(late.status == 409 && late.text.contains("the entry is deleted already"), "{}", late.text);
}

#[tokio::test]
async fn many_entries_are_deleted_at_once_and_what_is_gone_is_named() {
    let api = Api::shared();
    let body = || json!({ "nothing": random_digits(20) }).to_string();
    let (one, other) = (quarantined(&api, &body()).await, quarantined(&api, &body()).await);
    let mut browser = responder().await;
    let path = format!("{LIST}/change");
    let fields = [
        ("entry", one.as_str()),
        ("entry", other.as_str()),
        ("entry", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("change", "delete"),
        ("back", "/console/quarantine?kind=unreadable"),
    ];
    let changed = browser.submit(LIST, &path, &fields).await;
    assert_eq!(changed.location.as_deref(), Some("/console/quarantine?kind=unreadable"));
    let told = browser.get("/console/help").await.text;
    assert!(told.contains("2 entries deleted. 1 entry stays as it is: It is gone."), "{told}");
    for id in [one, other] {
        assert_eq!(get_entry(&api, &id).await["state"], "deleted");
    }
    assert_eq!(browser.submit(LIST, &path, &[("change", "delete")]).await.status, 303);
    assert!(browser.get("/console/help").await.text.contains("Choose entries first."));
    assert_eq!(browser.submit(LIST, &path, &[("change", "eat")]).await.status, 400);
    let fields = [("change", "redrive"), ("entry", "x")];
    assert_eq!(browser.submit(LIST, &path, &fields).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_redriven_one_and_all() {
    let (options, broken) = failing_worker();
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let api = &sandbox.api;
    sandbox.send(&sandbox.monitor()).await;
    let first = only_entry(api, "").await["id"].as_str().expect("an id").to_owned();
    for _ in 0..2 {
        sandbox.send(&sandbox.monitor()).await;
    }
    let ids = eventually(2 * WAIT_TIMEOUT, async || {
        let page = api.quarantine("kind=dead_letter&sort=created_at").await;
        let ids: Vec<String> = page.ids().into_iter().map(str::to_owned).collect();
        if ids.len() == 3 { Ok(ids) } else { Err(format!("{ids:?}")) }
    })
    .await;
    broken.store(false, Ordering::SeqCst);
    let mut browser = Browser::signed_in(api.access(), &api.access().responder_token).await;
    let page = format!("{LIST}/{first}");
    let redriven = browser.submit(&page, &format!("{page}/redrive"), &[]).await;
    assert_eq!((redriven.status, redriven.location.as_deref()), (303, Some(page.as_str())));
    entry_when(api, &first, "redriven").await;
    assert!(browser.get(&page).await.text.contains("It took effect."));

    let list = browser.get(LIST).await.text;
    assert!(list.contains("Redrive all 2 dead letters"), "{list}");
    let fields = [("kind", "dead_letter"), ("back", "/console/quarantine?after=01ARZ3NDEKTSV4RRFFQ69G5FAV")];
    let redriven = browser.submit(LIST, &format!("{LIST}/redrive"), &fields).await;
    assert_eq!(redriven.location.as_deref(), Some(LIST));
    assert!(browser.get("/console/help").await.text.contains("2 entries redriven."));
    for id in &ids {
        entry_when(api, id, "redriven").await;
    }
    let empty = browser.get(LIST).await.text;
    assert!(empty.contains("Nothing is in quarantine"), "{empty}");
    stack.stop().await;
}

#[rstest]
#[case::kind("kind=eaten", 400)]
#[case::source("source=pager", 400)]
#[case::sort("sort=size", 400)]
#[case::offset("offset=-1", 400)]
#[case::limit("limit=201", 400)]
#[case::unknown("colour=red", 400)]
#[case::cursor("cursor=x", 400)]
#[tokio::test]
async fn a_wrong_parameter_of_the_quarantine_is_named(#[case] query: &str, #[case] status: u16) {
    let shown = responder().await.get(&format!("{LIST}?{query}")).await;
    let parameter = query.split('=').next().unwrap();
    assert_eq!(shown.status, status, "{}", shown.text);
    assert!(shown.text.contains(&format!("<code>{parameter}</code>")), "{}", shown.text);
}

#[tokio::test]
async fn a_viewer_neither_sees_nor_changes_the_quarantine() {
    let api = Api::shared();
    let id = quarantined(&api, &json!({ "nothing": random_digits(20) }).to_string()).await;
    let mut browser = Browser::signed_in(api.access(), &api.access().viewer_token).await;
    assert!(!browser.get("/console/help").await.text.contains(&format!("href=\"{LIST}\"")));
    for path in [LIST.to_owned(), format!("{LIST}/{id}"), format!("{LIST}/{id}/body")] {
        let refused = browser.get(&path).await;
        assert!(refused.status == 403 && refused.text.contains("Only responders may do this."), "{path}");
    }
    for change in ["change", "redrive", &format!("{id}/redrive"), &format!("{id}/delete")] {
        let fields = [("change", "delete"), ("kind", "unreadable"), ("entry", id.as_str())];
        let refused = browser.submit("/console/help", &format!("{LIST}/{change}"), &fields).await;
        assert_eq!(refused.status, 403, "{change}");
    }
    assert_eq!(get_entry(&api, &id).await["state"], "pending");
}

#[tokio::test]
async fn each_change_of_an_entry_needs_the_proof_of_the_session() {
    let api = Api::shared();
    let id = quarantined(&api, &json!({ "nothing": random_digits(20) }).to_string()).await;
    let mut browser = responder().await;
    for path in [format!("{LIST}/{id}/delete"), format!("{LIST}/{id}/redrive"), format!("{LIST}/redrive")] {
        assert_eq!(browser.post(&path, &[("proof", "x")]).await.status, 403, "{path}");
        assert_ne!(browser.send(browser.request(Method::GET, &path)).await.status, 200, "{path}");
    }
    assert_eq!(get_entry(&api, &id).await["state"], "pending");
}

#[tokio::test]
async fn pages_of_the_quarantine_stay_small() {
    let api = Api::shared();
    let body = json!({ "nothing": random_digits(20), "much": "\"<&>\"".repeat(20_000) }).to_string();
    let id = quarantined(&api, &body).await;
    let mut browser = responder().await;
    let shown = browser.get(&format!("{LIST}/{id}")).await;
    assert!(shown.text.len() <= 60 * 1024, "{} bytes", shown.text.len());
    assert!(shown.text.contains("Download it to see the rest."));
    let file = browser.get(&format!("{LIST}/{id}/body")).await;
    assert_eq!(file.text, body);
    let list = browser.get(&format!("{LIST}?limit=25")).await;
    assert!(list.text.len() <= 60 * 1024, "{} bytes", list.text.len());
}
