//! Alertmanager: many alerts in one webhook, without ids, sent again and again.

use base64::{Engine, prelude::BASE64_STANDARD};
use rstest::rstest;
use serde_json::{Value, json};
use tests::{
    Access, Answer, Api, Sandbox, TestStack, WebhookRequest,
    alertmanager::{GroupedAlert, group},
    assert_members, now,
};

fn webhook(alerts: &[&GroupedAlert]) -> WebhookRequest {
    group(alerts.iter().map(|alert| alert.json().clone()))
}

#[track_caller]
fn assert_group(answer: &Answer, accepted: usize, ignored: usize, quarantined: usize) {
    let expected = json!({
        "status": "group", "accepted": accepted, "ignored": ignored, "quarantined": quarantined, "left_out": 0,
    });
    assert_eq!(answer.receipt().1, expected);
}

fn statuses(alerts: &[Value]) -> Vec<&str> {
    let mut statuses: Vec<&str> = alerts.iter().map(|alert| alert["status"].as_str().expect("a status")).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn each_alert_of_a_group_fires_and_is_resolved_by_itself() {
    let sandbox = Sandbox::new();
    let (one, other) = (GroupedAlert::firing(&sandbox), GroupedAlert::firing(&sandbox));
    assert_group(&sandbox.api.deliver(webhook(&[&one, &other])).await, 2, 0, 0);
    let alerts = sandbox.alerts_when("two", |alerts| alerts.len() == 2).await;
    assert_members(
        &alerts[0],
        &json!({
            "source": "alertmanager", "status": "firing", "severity": "error", "title": "Writes are slow",
            "message": "p99 is 3.1 s", "team": sandbox.team, "occurrences": 1,
        }),
    );
    assert_eq!(alerts[0]["incident_id"], alerts[1]["incident_id"]);

    // What is resolved comes with what still fires.
    let ended_at = sandbox.minute(12);
    let over = other.resolved(ended_at);
    assert_group(&sandbox.api.deliver(webhook(&[&one, &over])).await, 2, 0, 0);
    let alerts = sandbox.alerts_when("one resolved", |alerts| statuses(alerts) == ["firing", "resolved"]).await;
    let ended: Vec<&Value> =
        alerts.iter().map(|alert| &alert["resolved_at"]).filter(|ended| !ended.is_null()).collect();
    assert_eq!(ended, [&json!(tests::rfc3339(ended_at))], "its source knows when");

    // The same group again changes nothing.
    let again = sandbox.api.deliver(webhook(&[&one, &over])).await;
    assert_group(&again, 2, 0, 0);
    sandbox.wait_until_processed().await;
    assert_eq!(sandbox.alerts().await, alerts);
}

#[tokio::test]
async fn the_same_bytes_after_a_resolution_are_a_new_alert() {
    let sandbox = Sandbox::new();
    let alert = GroupedAlert::firing(&sandbox);
    sandbox.api.deliver(webhook(&[&alert])).await.receipt();
    sandbox.alerts_when("one fires", |alerts| statuses(alerts) == ["firing"]).await;
    // Grafana may send a resolution that begins when it ends.
    let over = alert.resolved(now()).with("/startsAt", tests::rfc3339(now()));
    sandbox.api.deliver(webhook(&[&over])).await.receipt();
    sandbox.alerts_when("it is resolved", |alerts| statuses(alerts) == ["resolved"]).await;
    sandbox.api.deliver(webhook(&[&alert])).await.receipt();
    sandbox.alerts_when("it fires again", |alerts| statuses(alerts) == ["firing", "resolved"]).await;
    sandbox.api.deliver(webhook(&[&over])).await.receipt();
    sandbox.alerts_when("it is resolved again", |alerts| statuses(alerts) == ["resolved", "resolved"]).await;
}

#[tokio::test]
async fn what_cannot_be_read_or_does_not_matter_does_not_stop_the_others() {
    let sandbox = Sandbox::new();
    let alert = GroupedAlert::firing(&sandbox);
    let marker = format!("marker-{}", sandbox.service);
    let watchdog = GroupedAlert::firing(&sandbox).with("/labels/alertname", "Watchdog");
    let broken = json!({ "status": "exploding", "labels": { "alertname": marker } });
    let webhook = group([broken, watchdog.json().clone(), alert.json().clone()]);
    assert_group(&sandbox.api.deliver(webhook).await, 1, 1, 1);
    sandbox.alerts_when("one", |alerts| alerts.len() == 1).await;
    let entry = tests::eventually(tests::WAIT_TIMEOUT, async || {
        let page = sandbox.api.quarantine("source=alertmanager&limit=200").await;
        let mine =
            page.items.into_iter().find(|entry| entry["body"].as_str().is_some_and(|body| body.contains(&marker)));
        mine.ok_or_else(|| "no entry".to_owned())
    })
    .await;
    let reason = entry["reason"].as_str().unwrap();
    assert!(reason.starts_with("event 1 of 3: "), "{reason}");
    assert!(!entry["body"].as_str().unwrap().contains("Watchdog"), "only its own part is kept");
}

#[rstest]
#[case::bearer(|secret: &str| vec![("authorization", format!("bearer {secret}"))], 202)]
#[case::password(|secret: &str| vec![("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("u:{secret}"))))], 202)]
#[case::token(|secret: &str| vec![("x-webhook-token", secret.to_owned())], 202)]
#[case::none(|_: &str| vec![], 401)]
#[case::wrong(|secret: &str| vec![("authorization", format!("Bearer {secret}x"))], 401)]
#[case::empty(|_: &str| vec![("authorization", "Bearer ".to_owned())], 401)]
#[case::wrong_beside_right(|secret: &str| vec![("x-webhook-token", secret.to_owned()), ("authorization", "Bearer x".to_owned())], 401)]
#[tokio::test]
async fn a_webhook_needs_the_secret(#[case] proof: fn(&str) -> Vec<(&'static str, String)>, #[case] status: u16) {
    let sandbox = Sandbox::new();
    let webhook = webhook(&[&GroupedAlert::firing(&sandbox)]);
    let proofs = proof(&Access::secret_of("alertmanager"));
    let webhook = proofs.into_iter().fold(webhook, |webhook, (name, value)| webhook.header(name, value));
    assert_eq!(sandbox.api.post(&webhook).await.status, status);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_500_that_is_sent_ten_times_makes_500_alerts() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let alerts: Vec<Value> = (0..500).map(|_| GroupedAlert::firing(&sandbox).json().clone()).collect();
    for _ in 0..10 {
        assert_group(&sandbox.api.deliver(group(alerts.clone())).await, 500, 0, 0);
    }
    let count = async || sandbox.api.page(&format!("/alerts?environment={}&limit=1", sandbox.environment)).await.total;
    tests::eventually(4 * tests::WAIT_TIMEOUT, async || match count().await {
        500 => Ok(()),
        count => Err(format!("{count} alerts")),
    })
    .await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert_eq!(alerts.len(), 500);
    assert!(alerts.iter().all(|alert| alert["occurrences"] == 1), "a repetition is no occurrence");
    assert_eq!(sandbox.incidents().await.len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn four_mebibytes_are_taken_and_no_byte_more() {
    const MAX_BYTES: usize = 4 * 1024 * 1024;
    let sandbox = Sandbox::new();
    let alert = GroupedAlert::firing(&sandbox);
    let bare = webhook(&[&alert]).body.len();
    let padded = |bytes: usize| {
        let annotation = "x".repeat(bytes - bare - r#","padding":"""#.len());
        webhook(&[&alert.with("/annotations/padding", annotation)])
    };
    let largest = padded(MAX_BYTES);
    assert_eq!(largest.body.len(), MAX_BYTES);
    assert_group(&sandbox.api.deliver(largest).await, 1, 0, 0);
    sandbox.alerts_when("one", |alerts| alerts.len() == 1).await;
    sandbox.api.deliver(padded(MAX_BYTES + 1)).await.problem(413);
}
