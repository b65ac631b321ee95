//! `POST /quarantine/redrive` sends many entries through again, a part with each request.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, TestStack, WAIT_TIMEOUT, WebhookRequest, assert_only_members, eventually};

use crate::{
    alert_status::{assert_all_resolved, incident_with_many_alerts, with_failing_sweeps},
    dead_letters::{entry_when, failing_worker, only_entry},
    quarantine::{actions_of, entries_of, get_entry, redrive, send_as_responder},
};

/// Redrives many entries.
pub async fn redrive_many(api: &Api, query: &str) -> Answer {
    send_as_responder(api, Method::POST, &format!("/quarantine/redrive?{query}")).await
}

/// Waits until the quarantine has so many dead letters, and returns their ids, oldest first.
async fn dead_letters(api: &Api, count: usize) -> Vec<String> {
    eventually(2 * WAIT_TIMEOUT, async || {
        let page = api.quarantine("kind=dead_letter&sort=created_at").await;
        let ids = page.ids().into_iter().map(str::to_owned).collect::<Vec<_>>();
        if page.total == count { Ok(ids) } else { Err(format!("{} entries", page.total)) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_redriven_in_parts_and_each_takes_effect_once() {
    let (options, broken) = failing_worker();
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let api = &sandbox.api;
    for _ in 0..5 {
        sandbox.send(&sandbox.monitor()).await;
    }
    let unreadable = api.deliver(WebhookRequest::datadog("[]")).await.quarantined();
    let unreadable = entries_of(api, &[unreadable]).await.remove(0);
    let ids = dead_letters(api, 5).await;
    broken.store(false, Ordering::SeqCst);

    let (mut query, mut parts) = ("kind=dead_letter&limit=2".to_owned(), Vec::new());
    loop {
        let part = redrive_many(api, &query).await.expect(202).json();
        assert_only_members(&part, &["redriven", "refused", "next_cursor"]);
        assert_eq!(part["refused"], json!([]));
        parts.push(part["redriven"].as_u64().expect("a number"));
        if parts.len() == 1 {
            entry_when(api, &ids[0], "redriven").await;
            entry_when(api, &ids[1], "redriven").await;
            assert_eq!(get_entry(api, &ids[2]).await["state"], "pending", "the oldest come first");
        }
        let Some(cursor) = part["next_cursor"].as_str() else { break };
        query = format!("kind=dead_letter&limit=2&cursor={cursor}");
    }
    assert_eq!(parts, [2, 2, 1]);
    for id in &ids {
        let entry = entry_when(api, id, "redriven").await;
        let actions = [("redrive_requested", "local-responder"), ("redriven", "incident-review")];
        assert_eq!(actions_of(&entry), actions);
    }
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    // The marker that waits for the queue is an alert, too.
    assert!(alerts.len() >= 5 && alerts.iter().all(|alert| alert["occurrences"] == 1), "{alerts:#?}");

    let id = unreadable["id"].as_str().expect("an id");
    assert_eq!(get_entry(api, id).await["actions"], json!([]), "only the kind that was asked for is redriven");
    let refused = redrive_many(api, "kind=unreadable,dead_letter&source=datadog").await.expect(202).json();
    assert_eq!((&refused["redriven"], &refused["next_cursor"]), (&json!(0), &Value::Null));
    assert_eq!(refused["refused"][0]["id"], id);
    let reason = refused["refused"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("still cannot be read"), "{reason}");
    assert_eq!(redrive_many(api, "kind=unreadable&source=sentry").await.expect(202).json()["refused"], json!([]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_fails_five_times_can_be_redriven() {
    let (options, broken) = with_failing_sweeps(TestStack::options());
    let options = local::Options { visibility_timeout: Some(Duration::from_secs(1)), ..options };
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let api = &sandbox.api;
    let incident = incident_with_many_alerts(&sandbox).await;
    api.change_status(&incident, "INVESTIGATING").await;
    broken.store(true, Ordering::SeqCst);
    api.change_status(&incident, "RESOLVED").await;
    let entry = only_entry(api, "kind=dead_letter").await;
    assert_eq!(entry["body"], json!({ "sweep_incident": incident }).to_string());
    assert!(entry["reason"].as_str().expect("a reason").contains("broken by a test"), "{entry:#}");

    let id = entry["id"].as_str().expect("an id");
    redrive(api, id).await.expect(202);
    let returned = entry_when(api, id, "pending").await;
    let system = "incident-review";
    assert_eq!(actions_of(&returned), [("redrive_requested", "local-responder"), ("redrive_failed", system)]);
    broken.store(false, Ordering::SeqCst);
    assert_eq!(redrive_many(api, "kind=dead_letter").await.expect(202).json()["redriven"], 1);
    assert_eq!(actions_of(&entry_when(api, id, "redriven").await).last(), Some(&("redriven", system)));
    assert_all_resolved(&sandbox, &incident).await;
    stack.stop().await;
}

#[rstest]
#[case("", &["kind"])]
#[case("limit=2", &["kind"])]
#[case("kind=", &["kind"])]
#[case("kind=dead", &["kind"])]
#[case("kind=dead_letter&limit=0", &["limit"])]
#[case("kind=dead_letter&limit=201", &["limit"])]
#[case("kind=dead_letter&source=nowhere", &["source"])]
#[case("kind=dead_letter&cursor=nonsense", &["cursor"])]
#[case("kind=dead_letter&cursor=", &["cursor"])]
#[case("kind=dead_letter&offset=0&sort=created_at", &["offset", "sort"])]
#[case("limit=x&state=pending", &["kind", "limit", "state"])]
#[tokio::test]
async fn wrong_parameters_of_a_redrive_are_named(#[case] query: &str, #[case] expected: &[&str]) {
    let problem = redrive_many(&Api::shared(), query).await.problem(400);
    let named: BTreeSet<&str> = problem.parameters().into_iter().collect();
    assert_eq!(named, expected.iter().copied().collect());
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let api = Api::shared();
    for _ in 0..2 {
        let body = format!("[\"{}\"]", tests::random_digits(19));
        let unreadable = api.deliver(WebhookRequest::datadog(body)).await.quarantined();
        entries_of(&api, &[unreadable]).await;
    }
    let list = api.quarantine("kind=unreadable&limit=1&sort=created_at").await;
    let of_list = list.next_cursor.expect("there are others");
    let part = redrive_many(&api, "kind=unreadable&limit=1").await.expect(202).json();
    let of_redrive = part["next_cursor"].as_str().expect("there are others");
    for query in [format!("kind=unreadable&cursor={of_list}"), format!("kind=dead_letter&cursor={of_redrive}")] {
        assert_eq!(redrive_many(&api, &query).await.problem(400).parameters(), ["cursor"]);
    }
    assert_eq!(redrive_many(&api, &format!("kind=unreadable&limit=1&cursor={of_redrive}")).await.status, 202);
}

#[tokio::test]
async fn only_responders_may_redrive() {
    let api = Api::shared();
    let request = || api.request(Method::POST, "/quarantine/redrive?kind=dead_letter");
    api.send(request().bearer_auth(&api.access().viewer_token)).await.problem(403);
    api.send(request()).await.refused_by_gateway(401, "Unauthorized");
}
