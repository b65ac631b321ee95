//! No answer is larger than a function may return, whatever sources send.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::join_all;
use serde_json::Value;
use shared::http::fit::{MAX_BODY_BYTES, event_bytes};
use tests::{Answer, Api, Sandbox, TestStack, WAIT_TIMEOUT, WebhookRequest, datadog::Notification, eventually};

use crate::quarantine::{entries_of, get_entry};

/// What is largest in an event for its size in a table: each quote is escaped twice.
fn crafted(sandbox: &Sandbox) -> Notification {
    let tags: Vec<String> = (0..100).map(|number| format!("{number}:{}", "\"".repeat(190))).collect();
    let name = "\"".repeat(110);
    let monitor = sandbox.monitor().tag("service", &name).tag("team", &name).tag("env", &name);
    let monitor = monitor.tag("more", &tags.join(",")).with("scope", "\"".repeat(190));
    monitor.with("title", "\"".repeat(500)).with("body", "\"".repeat(4_000))
}

fn assert_fits(answer: &Answer) {
    assert!(event_bytes(answer.text()) <= MAX_BODY_BYTES, "{} bytes", event_bytes(answer.text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_crafted_alerts_ends_early_and_a_walk_visits_each_once() {
    const ALERTS: usize = 230;
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let crafted = crafted(&sandbox);
    let keyed = |number: usize| crafted.again().with("alert_cycle_key", format!("{number}{}", "\"".repeat(450)));
    let alerts: Vec<Notification> = (0..ALERTS).map(keyed).collect();
    for some in alerts.chunks(23) {
        join_all(some.iter().map(async |alert| sandbox.send(alert).await)).await;
    }
    let first = eventually(6 * WAIT_TIMEOUT, async || {
        let page = sandbox.api.page("/alerts?limit=1").await;
        if page.total == ALERTS { Ok(page.items[0].clone()) } else { Err(page.total.to_string()) }
    })
    .await;

    let (mut seen, mut pages, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = sandbox.api.get(&format!("/alerts?limit=200{cursor}")).await.expect(200);
        assert_fits(&answer);
        let page = answer.json();
        let items = page["items"].as_array().expect("a list");
        assert_eq!(
            (&page["total"], &page["offset"], &page["limit"]),
            (&ALERTS.into(), &seen.len().into(), &200.into())
        );
        seen.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        pages.push(items.len());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!((100..200).contains(&pages[0]), "no page of 200 fits: {pages:?}");
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (ALERTS, ALERTS));

    let incident = first["incident_id"].as_str().expect("an incident");
    let answer = sandbox.api.get(&format!("/incidents/{incident}")).await.expect(200);
    assert_fits(&answer);
    assert_eq!(answer.json()["alerts_total"], ALERTS);
    stack.stop().await;
}

#[tokio::test]
async fn a_quarantined_body_of_control_characters_is_shown_in_base64() {
    let api = Api::shared();
    let body = [fastrand::u64(..).to_string().into_bytes(), vec![1; 900_000]].concat();
    let quarantined = api.deliver(WebhookRequest::datadog(body.clone())).await.quarantined();
    let entry = entries_of(&api, &[quarantined]).await.remove(0);
    let entry = get_entry(&api, entry["id"].as_str().expect("an id")).await;
    assert_eq!(entry["body"], Value::Null);
    let shown = BASE64_STANDARD.decode(entry["body_base64"].as_str().expect("base64")).expect("base64");
    assert!(shown == body, "the body is another");
}
