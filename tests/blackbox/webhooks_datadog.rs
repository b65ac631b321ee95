//! Webhooks of Datadog: what the variables of a template mean, and how a webhook proves its source.

use base64::{Engine, prelude::BASE64_STANDARD};
use rstest::rstest;
use serde_json::{Value, json};
use tests::{
    Access, Sandbox, WAIT_TIMEOUT, WebhookRequest, assert_members, datadog::Notification, eventually, hmac_sha256_hex,
    now, random_digits, rfc3339, strings,
};

/// Changes a monitor's notification, sends it, and returns its alert.
async fn alert_of(change: impl FnOnce(Notification) -> Notification) -> Value {
    let sandbox = Sandbox::new();
    let notification = change(sandbox.monitor());
    sandbox.deliver(&notification).await.remove(0)
}

/// The severity of an alert whose notification has these members, and neither others nor words that
/// tell a severity.
async fn severity_of(members: &[(&str, &str)]) -> String {
    let alert = alert_of(|monitor| {
        let bare = monitor.without("priority").without("alert_type").with("title", "Monitor 7").with("body", "");
        members.iter().fold(bare, |notification, (member, value)| notification.with(member, *value))
    });
    alert.await["severity"].as_str().expect("a severity").to_owned()
}

#[tokio::test]
async fn the_published_template_is_read_into_an_alert() {
    let sandbox = Sandbox::new();
    let alerts = sandbox.deliver(&sandbox.monitor().tag("region", "eu-west-1")).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "source": "datadog",
            "message": "The 99th percentile is 2.4 s, the objective is 0.8 s.",
            "severity": "error",
            "status": "firing",
            "service": sandbox.service,
            "environment": sandbox.environment,
            "team": sandbox.team,
            "link": "https://app.datadoghq.com/event/event?id=6412009",
            "occurred_at": rfc3339(sandbox.time),
            "last_seen_at": rfc3339(sandbox.time),
            "resolved_at": null,
            "occurrences": 1,
        }),
    );
    let title = alerts[0]["title"].as_str().unwrap();
    assert!(title.ends_with("Latency over its objective"), "{title}");
    assert!(strings(&alerts[0]["tags"]).contains(&"region:eu-west-1"));
    assert!(alerts[0]["external_id"].is_string());
}

#[rstest]
#[case("Triggered")]
#[case("Re-Triggered")]
#[case("Warn")]
#[case("Re-Warn")]
#[case("No Data")]
#[case("Re-No Data")]
#[case("Renotify")]
#[case("re-triggered")]
#[tokio::test]
async fn transitions_into_alert_warning_and_no_data_fire(#[case] transition: &str) {
    let alert = alert_of(|monitor| monitor.with("transition", transition)).await;
    assert_eq!(alert["status"], "firing");
}

#[rstest]
#[case("Recovered")]
#[case("Recovered from Warn")]
#[case("Recovered from No Data")]
#[tokio::test]
async fn every_recovered_transition_resolves_the_alert(#[case] transition: &str) {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let resolution = monitor.resolved().with("transition", transition).at(sandbox.minute(3));
    let alerts = sandbox.deliver(&resolution).await;
    assert_members(&alerts[0], &json!({ "status": "resolved", "resolved_at": rfc3339(sandbox.minute(3)) }));
}

#[tokio::test]
async fn an_unknown_transition_of_type_success_resolves() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let unknown = monitor.again().with("transition", "Muted").with("alert_type", "success").at(sandbox.minute(1));
    assert_eq!(sandbox.deliver(&unknown).await[0]["status"], "resolved");
}

#[rstest]
#[case("error")]
#[case("user_update")]
#[case("")]
#[tokio::test]
async fn an_unknown_transition_of_any_other_type_fires(#[case] alert_type: &str) {
    let alert = alert_of(|monitor| monitor.with("transition", "Escalated").with("alert_type", alert_type)).await;
    assert_eq!(alert["status"], "firing");
}

#[rstest]
#[case("P1", "critical")]
#[case("P2", "error")]
#[case("P3", "warning")]
#[case("P4", "info")]
#[case("P5", "info")]
#[tokio::test]
async fn the_priority_is_the_severity(
    #[case] priority: &str,
    #[case] severity: &str,
    #[values("priority", "alert_priority", "severity")] member: &str,
) {
    assert_eq!(severity_of(&[(member, priority), ("alert_type", "error")]).await, severity);
}

#[rstest]
#[case("error", "error")]
#[case("warning", "warning")]
#[case("info", "info")]
#[tokio::test]
async fn without_a_priority_the_alert_type_is_the_severity(#[case] alert_type: &str, #[case] severity: &str) {
    assert_eq!(severity_of(&[("alert_type", alert_type)]).await, severity);
}

#[rstest]
#[case("Warn", "warning")]
#[case("Triggered", "error")]
#[tokio::test]
async fn without_priority_and_type_the_transition_is_the_severity(#[case] transition: &str, #[case] severity: &str) {
    assert_eq!(severity_of(&[("transition", transition)]).await, severity);
}

#[rstest]
#[tokio::test]
async fn the_event_priorities_normal_and_low_are_no_severity(#[values("normal", "low")] priority: &str) {
    assert_eq!(severity_of(&[("priority", priority), ("alert_type", "warning")]).await, "warning");
}

#[tokio::test]
async fn empty_variables_count_as_absent() {
    let sandbox = Sandbox::new();
    let mut monitor = sandbox.monitor();
    for member in ["priority", "alert_cycle_key", "aggreg_key", "hostname", "link", "snapshot", "body", "last_updated"]
    {
        monitor = monitor.with(member, "");
    }
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert_members(&alert, &json!({ "severity": "error", "link": null, "occurred_at": rfc3339(sandbox.time) }));
}

#[tokio::test]
async fn members_of_other_templates_are_read() {
    let sandbox = Sandbox::new();
    let renamed = json!({
        "id": random_digits(19),
        "monitor_id": random_digits(9),
        "alert_transition": "Triggered",
        "alert_priority": "P1",
        "title": "Latency over its objective",
        "event_msg": "%%%\nIt takes 2.4 s.\n%%%",
        "alert_scope": format!("service:{}", sandbox.service),
        "url": "https://app.datadoghq.com/monitors/1",
        "tags": format!(" service:{} , monitor,env:{} ", sandbox.service, sandbox.environment),
        "date": sandbox.time.as_millisecond(),
    });
    let alert = sandbox.deliver(WebhookRequest::datadog(renamed.to_string())).await.remove(0);
    assert_members(
        &alert,
        &json!({
            "status": "firing",
            "severity": "critical",
            "service": sandbox.service,
            "link": "https://app.datadoghq.com/monitors/1",
            "occurred_at": rfc3339(sandbox.time),
        }),
    );
    let message = alert["message"].as_str().unwrap();
    assert!(message.contains("It takes 2.4 s.") && !message.contains("%%%"), "{message}");
}

#[tokio::test]
async fn tags_can_be_a_list() {
    let sandbox = Sandbox::new();
    let tags = sandbox.monitor().tags();
    let alert = sandbox.deliver(&sandbox.monitor().with("tags", tags.clone())).await.remove(0);
    assert_eq!(strings(&alert["tags"]), tags);
    assert_members(&alert, &json!({ "service": sandbox.service, "team": sandbox.team }));
}

#[tokio::test]
async fn the_tag_environment_means_the_same_as_env() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().without_tag("env").tag("environment", &sandbox.environment);
    assert_eq!(sandbox.deliver(&monitor).await[0]["environment"], *sandbox.environment);
}

#[tokio::test]
async fn names_are_stored_in_lower_case() {
    let sandbox = Sandbox::new();
    let monitor = sandbox
        .monitor()
        .tag("env", &sandbox.environment.to_uppercase())
        .tag("service", &sandbox.service.to_uppercase())
        .tag("team", &sandbox.team.to_uppercase());
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert_members(
        &alert,
        &json!({ "environment": sandbox.environment, "service": sandbox.service, "team": sandbox.team }),
    );
}

#[tokio::test]
async fn an_alert_that_names_no_environment_is_in_production() {
    let sandbox = Sandbox::in_production();
    let alert = sandbox.deliver(&sandbox.monitor().without_tag("env")).await.remove(0);
    assert_eq!(alert["environment"], "production");
}

#[tokio::test]
async fn an_event_without_a_time_occurred_when_it_was_received() {
    let sandbox = Sandbox::new();
    let before = rfc3339(now());
    let alert = sandbox.deliver(&sandbox.monitor().without("date").without("last_updated")).await.remove(0);
    let occurred_at = alert["occurred_at"].as_str().unwrap();
    assert!(before.as_str() <= occurred_at && occurred_at <= rfc3339(now()).as_str(), "{occurred_at}");
}

#[tokio::test]
async fn without_a_date_last_updated_is_the_time() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor().without("date")).await.remove(0);
    assert_eq!(alert["occurred_at"], rfc3339(sandbox.time));
}

#[tokio::test]
async fn the_cycle_key_links_a_resolution_to_its_alert() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor).await;
    let resolution =
        monitor.resolved().with("alert_id", random_digits(9)).with("scope", "host:other").at(sandbox.minute(1));
    let alerts = sandbox.deliver(&resolution).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_a_cycle_key_each_scope_of_a_monitor_has_its_own_alert() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().without("alert_cycle_key");
    let (one, two) = (monitor.clone().with("scope", "host:a"), monitor.again().with("scope", "host:b"));
    sandbox.deliver(&one).await;
    assert_eq!(sandbox.deliver(&two).await.len(), 2);

    let alerts = sandbox.deliver(&two.resolved().at(sandbox.minute(1))).await;
    assert_eq!((&alerts[0]["status"], &alerts[1]["status"]), (&json!("resolved"), &json!("firing")));
}

#[tokio::test]
async fn an_id_is_the_same_as_a_number_and_as_a_string() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().without("alert_cycle_key");
    sandbox.deliver(&monitor.clone().with("alert_id", 314_159_265)).await;
    let alerts = sandbox.deliver(&monitor.resolved().with("alert_id", "314159265").at(sandbox.minute(1))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_a_monitor_the_aggregation_key_links_events() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().without("alert_cycle_key").without("alert_id");
    sandbox.deliver(&monitor).await;
    let resolution = monitor.resolved().with("title", "Something else altogether").at(sandbox.minute(1));
    let alerts = sandbox.deliver(&resolution).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_any_key_the_title_without_its_markers_links_events() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().without("alert_cycle_key").without("alert_id").without("aggreg_key");
    let title = format!("Checkout is slow {}", random_digits(9));
    sandbox.deliver(&monitor.clone().with("title", format!("[P2] [Triggered] {title}"))).await;
    let resolution = monitor.resolved().with("title", format!("[P2] [Recovered] {title}")).at(sandbox.minute(1));
    let alerts = sandbox.deliver(&resolution).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn the_default_template_is_read_by_the_markers_in_its_title() {
    let sandbox = Sandbox::in_production();
    let title = format!("Disk is full {}", sandbox.service);
    let monitor = sandbox.monitor().with_default_template().with("title", format!("[P1] [Triggered] {title}"));
    sandbox.send(&monitor).await;
    let alert_now = async |status: &str| {
        let path = format!("/alerts?environment=production&severity=critical&status={status}");
        eventually(WAIT_TIMEOUT, async || {
            let alerts = sandbox.api.all_items(&path).await;
            alerts
                .into_iter()
                .find(|alert| alert["title"].as_str().is_some_and(|present| present.ends_with(&title)))
                .ok_or(format!("no {status} alert"))
        })
        .await
    };
    assert_members(
        &alert_now("firing").await,
        &json!({ "severity": "critical", "occurred_at": rfc3339(sandbox.time) }),
    );

    let resolution = monitor.again().with("title", format!("[P1] [Recovered] {title}")).at(sandbox.minute(1));
    sandbox.send(&resolution).await;
    assert_eq!(alert_now("resolved").await["resolved_at"], rfc3339(sandbox.minute(1)));
}

#[tokio::test]
async fn a_warning_marker_in_the_title_fires_as_a_warning() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with_default_template();
    let monitor = monitor
        .with("title", format!("[Warn] Disk {} fills up", random_digits(9)))
        .with("tags", sandbox.monitor().tags());
    assert_members(&sandbox.deliver(&monitor).await[0], &json!({ "status": "firing", "severity": "warning" }));
}

#[rstest]
#[case::with_a_user("datadog")]
#[case::without_a_user("")]
#[tokio::test]
async fn the_shared_secret_may_be_the_password_of_basic_auth(#[case] user: &str) {
    let sandbox = Sandbox::new();
    let authorization = basic(user, &sandbox.api.access().datadog_secret);
    let webhook = WebhookRequest::from(&sandbox.monitor()).header("authorization", authorization);
    sandbox.api.post(&webhook).await.accepted();
}

#[rstest]
#[case::wrong_password(|_: &Access| basic("datadog", "wrong"))]
#[case::no_password(|_: &Access| basic("datadog", ""))]
#[case::secret_as_the_user(|access: &Access| basic(&access.datadog_secret, ""))]
#[case::no_colon(|access: &Access| format!("Basic {}", BASE64_STANDARD.encode(&access.datadog_secret)))]
#[case::nothing(|_: &Access| "Basic".to_owned())]
#[case::no_base64(|_: &Access| "Basic !!!".to_owned())]
#[case::secret_as_bearer(|access: &Access| format!("Bearer {}", access.datadog_secret))]
#[case::token_of_a_responder(|access: &Access| format!("Bearer {}", access.responder_token))]
#[case::no_scheme(|access: &Access| access.datadog_secret.clone())]
#[tokio::test]
async fn a_wrong_authorization_header_gets_401(#[case] authorization: fn(&Access) -> String) {
    let sandbox = Sandbox::new();
    let authorization = authorization(sandbox.api.access());
    let webhook = WebhookRequest::from(&sandbox.monitor()).header("authorization", authorization);
    sandbox.api.post(&webhook).await.problem(401);
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn a_signature_of_a_proxy_is_accepted() {
    let sandbox = Sandbox::new();
    let signed =
        WebhookRequest::from(&sandbox.monitor()).signed("x-datadog-signature", &sandbox.api.access().datadog_secret);
    sandbox.api.post(&signed.clone().tampered()).await.problem(401);
    sandbox.api.post(&signed).await.accepted();
}

#[rstest]
#[case::empty(|_: &str| String::new())]
#[case::zeros(|_: &str| "0".repeat(64))]
#[case::one_character_less(|signature: &str| signature[..63].to_owned())]
#[case::one_character_more(|signature: &str| format!("{signature}0"))]
#[case::with_a_prefix(|signature: &str| format!("sha256={signature}"))]
#[tokio::test]
async fn a_wrong_signature_of_a_proxy_gets_401(#[case] change: fn(&str) -> String) {
    let sandbox = Sandbox::new();
    let unsigned = WebhookRequest::from(&sandbox.monitor());
    let signature = hmac_sha256_hex(&sandbox.api.access().datadog_secret, &unsigned.body);
    sandbox.api.post(&unsigned.header("x-datadog-signature", change(&signature))).await.problem(401);
}

#[tokio::test]
async fn a_signature_of_a_proxy_under_another_secret_gets_401() {
    let sandbox = Sandbox::new();
    let unsigned = WebhookRequest::from(&sandbox.monitor());
    sandbox.api.post(&unsigned.clone().signed("x-datadog-signature", "another secret")).await.problem(401);
    let secret = sandbox.api.access().datadog_secret.as_str();
    sandbox.api.post(&unsigned.header("x-datadog-signature", secret)).await.problem(401);
}

#[rstest]
#[case::missing(|_: &Access| None)]
#[case::empty(|_: &Access| Some(String::new()))]
#[case::blank(|_: &Access| Some(" ".to_owned()))]
#[case::unknown(|_: &Access| Some("wrong".to_owned()))]
#[case::without_its_first_character(|access: &Access| Some(access.datadog_secret[1..].to_owned()))]
#[case::token_of_a_responder(|access: &Access| Some(access.responder_token.clone()))]
#[case::secret_of_sentry(|access: &Access| Some(access.sentry_secret.clone()))]
#[tokio::test]
async fn a_wrong_missing_or_empty_token_gets_401(#[case] token: fn(&Access) -> Option<String>) {
    let sandbox = Sandbox::new();
    let mut webhook = WebhookRequest::from(&sandbox.monitor());
    if let Some(token) = token(sandbox.api.access()) {
        webhook = webhook.header("x-webhook-token", token);
    }
    sandbox.api.post(&webhook).await.problem(401);
    sandbox.wait_until_processed().await;
    assert_eq!(sandbox.alerts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_signature_scheme_of_another_source_gets_401() {
    let sandbox = Sandbox::new();
    let access = sandbox.api.access();
    let webhook = WebhookRequest::from(&sandbox.monitor()).signed("sentry-hook-signature", &access.datadog_secret);
    sandbox.api.post(&webhook).await.problem(401);
    let webhook = WebhookRequest::from(&sandbox.monitor()).signed("sentry-hook-signature", &access.sentry_secret);
    sandbox.api.post(&webhook).await.problem(401);
}

#[tokio::test]
async fn the_same_notification_twice_gets_the_same_delivery_id() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let first = sandbox.send(&monitor).await;
    assert_eq!(sandbox.send(&monitor).await, first);
    assert_ne!(sandbox.send(&monitor.again()).await, first);
    assert_ne!(sandbox.send(&monitor.with("transition", "Warn")).await, first, "the transition belongs to it");
}

#[tokio::test]
async fn a_template_with_a_constant_id_loses_no_event() {
    let sandbox = Sandbox::new();
    let (one, other) = (sandbox.monitor().with("id", "constant"), sandbox.monitor().with("id", "constant"));
    for monitor in [&one, &other, &one.clone().at(sandbox.minute(3))] {
        sandbox.send(monitor).await;
    }
    let alerts = sandbox.alerts_when("two alerts, one of them reported twice", |alerts| {
        let occurrences: u64 = alerts.iter().filter_map(|alert| alert["occurrences"].as_u64()).sum();
        alerts.len() == 2 && occurrences == 3
    });
    alerts.await;
}

#[rstest]
#[case::missing(None)]
#[case::binary(Some("application/octet-stream"))]
#[case::text(Some("text/plain"))]
#[case::form(Some("application/x-www-form-urlencoded"))]
#[tokio::test]
async fn a_body_of_any_content_type_is_read(#[case] content_type: Option<&str>) {
    let sandbox = Sandbox::new();
    let mut webhook = WebhookRequest::from(&sandbox.monitor()).without("content-type");
    if let Some(content_type) = content_type {
        webhook = webhook.header("content-type", content_type);
    }
    assert_eq!(sandbox.deliver(webhook).await.len(), 1);
}
