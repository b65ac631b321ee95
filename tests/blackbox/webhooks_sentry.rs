//! Webhooks of Sentry: what resources and actions mean, and how a webhook proves its source.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{
    Access, Api, Sandbox, WebhookRequest, assert_members, hmac_sha256_hex, now, rfc3339,
    sentry::{Issue, MetricAlert, SentryWebhook},
    strings,
};

#[tokio::test]
async fn a_created_issue_is_an_alert_in_production() {
    let sandbox = Sandbox::in_production();
    let issue = Issue::of(&sandbox);
    let alert = sandbox.deliver(&issue.created(sandbox.time)).await.remove(0);
    assert_members(
        &alert,
        &json!({
            "source": "sentry",
            "external_id": issue.id,
            "title": "PaymentDeclined: the card was refused",
            "severity": "error",
            "status": "firing",
            "service": sandbox.service,
            "environment": "production",
            "link": format!("https://larkspur.sentry.io/issues/{}/", issue.id),
            "occurred_at": rfc3339(sandbox.time),
        }),
    );
}

#[tokio::test]
async fn an_unresolved_issue_is_firing() {
    let sandbox = Sandbox::in_production();
    let alert = sandbox.deliver(&Issue::of(&sandbox).webhook("unresolved", sandbox.time)).await.remove(0);
    assert_eq!(alert["status"], "firing");
}

#[rstest]
#[tokio::test]
async fn a_resolved_ignored_or_archived_issue_resolves_the_alert(
    #[values("resolved", "ignored", "archived")] action: &str,
) {
    let sandbox = Sandbox::in_production();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.created(sandbox.time)).await;
    let alerts = sandbox.deliver(&issue.webhook(action, sandbox.minute(10))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
    assert!(alerts[0]["resolved_at"].is_string());
}

#[tokio::test]
async fn a_regressed_issue_is_a_new_alert() {
    let sandbox = Sandbox::in_production();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.created(sandbox.time)).await;
    sandbox.deliver(&issue.resolved(now())).await;
    let alerts = sandbox.deliver(&issue.webhook("unresolved", now())).await;
    assert_eq!(alerts.len(), 2);
    assert_eq!((&alerts[0]["status"], &alerts[1]["status"]), (&json!("firing"), &json!("resolved")));
    assert_eq!(alerts[0]["dedup_key"], alerts[1]["dedup_key"]);
}

#[tokio::test]
async fn an_assignment_is_ignored() {
    let sandbox = Sandbox::in_production();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.created(sandbox.time)).await;
    sandbox.api.deliver(&issue.webhook("assigned", sandbox.minute(1))).await.ignored();
    sandbox.wait_until_processed().await;
    assert_members(&sandbox.alerts().await[0], &json!({ "status": "firing", "occurrences": 1 }));
}

#[tokio::test]
async fn an_unknown_action_of_an_issue_is_ignored() {
    let sandbox = Sandbox::in_production();
    sandbox.api.deliver(&Issue::of(&sandbox).webhook("admired", sandbox.time)).await.ignored();
}

#[rstest]
#[case("fatal", "critical")]
#[case("error", "error")]
#[case("warning", "warning")]
#[case("info", "info")]
#[case("debug", "info")]
#[tokio::test]
async fn the_level_is_the_severity(#[case] level: &str, #[case] severity: &str) {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&Issue::of(&sandbox).level(level).event_alert(sandbox.time)).await.remove(0);
    assert_eq!(alert["severity"], severity);
}

#[tokio::test]
async fn an_event_alert_is_read_into_an_alert() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    let webhook = issue.event_alert(sandbox.time);
    let alert = sandbox.deliver(&webhook).await.remove(0);
    assert_members(
        &alert,
        &json!({
            "source": "sentry",
            "external_id": issue.id,
            "title": "PaymentDeclined: the card was refused",
            "service": sandbox.service,
            "environment": sandbox.environment,
            "link": webhook.body["data"]["event"]["web_url"],
            "occurred_at": rfc3339(sandbox.time),
        }),
    );
    assert!(strings(&alert["tags"]).contains(&"runtime:CPython 3.13.1"), "{alert:#}");
}

#[rstest]
#[case::null(json!(null))]
#[case::empty(json!(""))]
#[tokio::test]
async fn without_an_environment_the_tag_environment_is_read(#[case] environment: Value) {
    let sandbox = Sandbox::new();
    let webhook = Issue::of(&sandbox).event_alert(sandbox.time).with("/data/event/environment", environment);
    assert_eq!(sandbox.deliver(&webhook).await[0]["environment"], *sandbox.environment);
}

#[tokio::test]
async fn a_resolved_issue_resolves_its_event_alert() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.event_alert(sandbox.time)).await;
    let alerts = sandbox.deliver(&issue.resolved(sandbox.minute(5))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn errors_and_event_alerts_of_one_issue_are_one_alert() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    sandbox.deliver(&issue.error(sandbox.time)).await;
    sandbox.deliver(&issue.event_alert(sandbox.minute(1))).await;
    let alerts = sandbox.deliver(&issue.error(sandbox.minute(2))).await;
    assert_eq!(alerts.len(), 1);
    assert_members(&alerts[0], &json!({ "occurrences": 3, "last_seen_at": rfc3339(sandbox.minute(2)) }));
}

#[tokio::test]
async fn an_issue_id_is_the_same_as_a_number_and_as_a_string() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    let number: u64 = issue.id.parse().unwrap();
    sandbox.deliver(&issue.error(sandbox.time).with("/data/error/issue_id", number)).await;
    let alerts = sandbox.deliver(&issue.resolved(sandbox.minute(1))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[rstest]
#[tokio::test]
async fn a_metric_alert_fires_by_its_action_until_it_is_resolved(#[values("critical", "warning")] action: &str) {
    let sandbox = Sandbox::new();
    let metric_alert = MetricAlert::of(&sandbox);
    let alert = sandbox.deliver(&metric_alert.webhook(action, sandbox.time)).await.remove(0);
    assert_members(
        &alert,
        &json!({
            "severity": action,
            "status": "firing",
            "service": sandbox.service,
            "environment": sandbox.environment,
            "link": "https://larkspur.sentry.io/alerts/rules/details/31/",
            "occurred_at": rfc3339(sandbox.time),
        }),
    );
    assert!(alert["title"].as_str().is_some_and(|title| title.contains("Too many failed payments")), "{alert:#}");
    assert!(alert["message"].as_str().is_some_and(|text| text.contains("412 events")), "{alert:#}");

    let alerts = sandbox.deliver(&metric_alert.webhook("resolved", sandbox.minute(9))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn an_open_metric_alert_is_firing() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&MetricAlert::of(&sandbox).webhook("open", sandbox.time)).await.remove(0);
    assert_eq!(alert["status"], "firing");
}

#[tokio::test]
async fn a_metric_alert_that_becomes_critical_raises_its_incident() {
    let sandbox = Sandbox::new();
    let metric_alert = MetricAlert::of(&sandbox);
    sandbox.deliver(&metric_alert.webhook("warning", sandbox.time)).await;
    let alerts = sandbox.deliver(&metric_alert.webhook("critical", sandbox.minute(2))).await;
    assert_eq!((alerts.len(), &alerts[0]["occurrences"]), (1, &json!(2)));
    assert_eq!(sandbox.incident_of(&alerts[0]).await["incident"]["severity"], "critical");
}

#[rstest]
#[case::microseconds(json!("2026-05-04T03:02:01.250000Z"))]
#[case::offset_of_zero(json!("2026-05-04T03:02:01.250000+00:00"))]
#[case::offset(json!("2026-05-04T05:02:01.250+02:00"))]
#[case::seconds(json!(1_777_863_721.25))]
#[tokio::test]
async fn all_of_sentrys_forms_of_time_are_read(#[case] time: Value) {
    let sandbox = Sandbox::new();
    let webhook = Issue::of(&sandbox).error(sandbox.time).with("/data/error/timestamp", time.clone());
    let webhook = webhook.with("/data/error/datetime", time);
    assert_eq!(sandbox.deliver(&webhook).await[0]["occurred_at"], "2026-05-04T03:02:01.250Z");
}

#[tokio::test]
async fn absent_times_actors_and_links_are_accepted() {
    let sandbox = Sandbox::new();
    let webhook = Issue::of(&sandbox)
        .event_alert(sandbox.time)
        .with("/data/event/timestamp", Value::Null)
        .with("/data/event/datetime", Value::Null)
        .with("/data/event/web_url", Value::Null)
        .without("/actor")
        .without("/installation");
    assert_members(&sandbox.deliver(&webhook).await[0], &json!({ "status": "firing", "link": null }));

    let sandbox = Sandbox::in_production();
    let webhook = Issue::of(&sandbox)
        .created(sandbox.time)
        .with("/data/issue/firstSeen", Value::Null)
        .with("/data/issue/lastSeen", Value::Null)
        .without("/data/issue/web_url")
        .with("/actor/id", 662_437);
    assert_members(&sandbox.deliver(&webhook).await[0], &json!({ "status": "firing", "link": null }));
}

#[tokio::test]
async fn the_same_event_twice_gets_the_same_delivery_id_despite_its_request_id() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    for webhook in [issue.error(sandbox.time), issue.event_alert(sandbox.time)] {
        let first = sandbox.send(&webhook).await;
        assert_eq!(sandbox.send(&webhook).await, first, "{:#}", webhook.body);
    }
    let [one, other] = [issue.error(sandbox.time), issue.error(sandbox.time)];
    assert_ne!(sandbox.send(&one).await, sandbox.send(&other).await, "two events of one issue");
}

#[rstest]
#[case::missing(None)]
#[case::empty(Some(""))]
#[case::words(Some("soon"))]
#[case::negative(Some("-1"))]
#[case::above_u64(Some("99999999999999999999"))]
#[case::long_ago(Some("0"))]
#[tokio::test]
async fn the_timestamp_header_is_not_checked(#[case] timestamp: Option<&str>) {
    let sandbox = Sandbox::new();
    let mut webhook = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time)).without("sentry-hook-timestamp");
    if let Some(timestamp) = timestamp {
        webhook = webhook.header("sentry-hook-timestamp", timestamp);
    }
    sandbox.api.deliver(webhook).await.accepted();
}

#[rstest]
#[case("installation")]
#[case("comment")]
#[case("seer")]
#[case("preprod_artifact")]
#[case("something_of_next_year")]
#[tokio::test]
async fn unknown_resources_are_ignored(#[case] resource: &str) {
    let body = json!({ "action": "created", "data": {} });
    Api::shared().deliver(&SentryWebhook::new(resource, now(), body)).await.ignored();
}

#[tokio::test]
async fn a_webhook_without_a_resource_is_quarantined() {
    let sandbox = Sandbox::new();
    let webhook = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time)).without("sentry-hook-resource");
    sandbox.api.deliver(webhook).await.quarantined();
}

#[tokio::test]
async fn a_quarantined_body_that_is_sent_again_and_can_be_read_is_grouped() {
    let sandbox = Sandbox::in_production();
    let webhook = Issue::of(&sandbox).created(sandbox.time);
    sandbox.api.deliver(WebhookRequest::from(&webhook).without("sentry-hook-resource")).await.quarantined();
    assert_eq!(sandbox.deliver(&webhook).await.len(), 1);
}

#[rstest]
#[case::missing(|_: &str| None)]
#[case::empty(|_: &str| Some(String::new()))]
#[case::blank(|_: &str| Some(" ".to_owned()))]
#[case::null(|_: &str| Some("null".to_owned()))]
#[case::with_a_prefix(|signature: &str| Some(format!("sha256={signature}")))]
#[case::one_byte_more(|signature: &str| Some(format!("{signature}00")))]
#[case::one_byte_less(|signature: &str| Some(signature[..62].to_owned()))]
#[case::no_hex(|signature: &str| Some(signature.replace(|letter: char| letter.is_ascii_digit(), "g")))]
#[case::zeros(|_: &str| Some("0".repeat(64)))]
#[tokio::test]
async fn a_missing_or_malformed_signature_gets_401(#[case] change: fn(&str) -> Option<String>) {
    let sandbox = Sandbox::new();
    let mut webhook = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time));
    let signature = hmac_sha256_hex(&sandbox.api.access().sentry_secret, &webhook.body);
    if let Some(signature) = change(&signature) {
        webhook = webhook.header("sentry-hook-signature", signature);
    }
    sandbox.api.post(&webhook).await.problem(401);
    sandbox.wait_until_processed().await;
    assert_eq!(sandbox.alerts().await, Vec::<Value>::new());
}

#[rstest]
#[case::not_utf8(b"\xff\xfe\x80")]
#[case::two_bytes("é".as_bytes())]
#[case::as_long_as_a_signature(&[0xc3; 64])]
#[case::emoji("👀".as_bytes())]
#[tokio::test]
async fn a_signature_of_arbitrary_bytes_gets_401(#[case] signature: &[u8]) {
    let sandbox = Sandbox::new();
    let unsigned = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time));
    sandbox.api.post(&unsigned.header("sentry-hook-signature", signature)).await.problem(401);
}

#[tokio::test]
async fn two_signatures_get_401() {
    let sandbox = Sandbox::new();
    let signed = sandbox.api.sign(&Issue::of(&sandbox).error(sandbox.time));
    let twice = signed.clone().add_header("sentry-hook-signature", "0".repeat(64));
    sandbox.api.post(&twice).await.problem(401);
}

#[tokio::test]
async fn a_tampered_body_gets_401() {
    let sandbox = Sandbox::new();
    let signed = sandbox.api.sign(&Issue::of(&sandbox).error(sandbox.time));
    sandbox.api.post(&signed.clone().tampered()).await.problem(401);
    let mut longer = signed;
    longer.body.push(b' ');
    sandbox.api.post(&longer).await.problem(401);
}

#[rstest]
#[case::empty(|_: &Access| String::new())]
#[case::unknown(|_: &Access| "another secret".to_owned())]
#[case::secret_of_datadog(|access: &Access| access.datadog_secret.clone())]
#[case::in_upper_case(|access: &Access| access.sentry_secret.to_uppercase())]
#[tokio::test]
async fn a_signature_under_another_secret_gets_401(#[case] secret: fn(&Access) -> String) {
    let sandbox = Sandbox::new();
    let secret = secret(sandbox.api.access());
    let webhook = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time));
    sandbox.api.post(&webhook.signed("sentry-hook-signature", &secret)).await.problem(401);
}

#[tokio::test]
async fn the_signature_scheme_of_another_source_gets_401() {
    let sandbox = Sandbox::new();
    let access = sandbox.api.access();
    let webhook = WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time));
    sandbox.api.post(&webhook.clone().header("x-webhook-token", access.sentry_secret.as_str())).await.problem(401);
    sandbox.api.post(&webhook.signed("x-datadog-signature", &access.sentry_secret)).await.problem(401);
}

#[tokio::test]
async fn the_signature_is_over_the_bytes_of_the_body() {
    let sandbox = Sandbox::new();
    let title = "Café 👀";
    let webhook = Issue::of(&sandbox).error(sandbox.time).with("/data/error/title", title);
    let utf8 = webhook.body.to_string();
    let escaped = utf8.replace(title, r"Caf\u00e9 \ud83d\udc40");
    assert_ne!(utf8, escaped);

    let signed = sandbox.api.sign(WebhookRequest::sentry("error", escaped.clone()));
    let mut reserialised = signed.clone();
    reserialised.body = utf8.into_bytes();
    sandbox.api.post(&reserialised).await.problem(401);
    assert_eq!(sandbox.deliver(WebhookRequest::sentry("error", escaped)).await[0]["title"], title);
}
