//! What Datadog sends, and what its variables mean.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Delivery, Scene, assert_members, datadog::Notification, digits, now, rfc3339, strings};

/// Delivers what a change makes of a monitor's notification, and returns the alert.
async fn alert_of(change: impl AsyncFnOnce(Notification) -> Notification) -> Value {
    let scene = Scene::new();
    let notification = change(scene.monitor()).await;
    scene.deliver(&notification).await.remove(0)
}

/// The severity that a change to a monitor's notification leads to.
async fn severity_of(members: &[(&str, &str)]) -> String {
    let alert = alert_of(async |monitor| {
        let bare = monitor.without("priority").without("alert_type").with("title", "Latency over its objective");
        members.iter().fold(bare, |notification, (member, value)| notification.with(member, *value))
    });
    alert.await["severity"].as_str().expect("a severity").to_owned()
}

#[tokio::test]
async fn the_published_template_is_read_into_an_alert() {
    let scene = Scene::new();
    let alerts = scene.deliver(&scene.monitor().tag("region", "eu-west-1")).await;
    assert_eq!(alerts.len(), 1);
    assert_members(
        &alerts[0],
        &json!({
            "source": "datadog",
            "message": "The 99th percentile is 2.4 s, the objective is 0.8 s.",
            "severity": "error",
            "status": "firing",
            "service": scene.service,
            "environment": scene.environment,
            "team": scene.team,
            "link": "https://app.datadoghq.com/event/event?id=6412009",
            "occurred_at": rfc3339(scene.time),
            "last_seen_at": rfc3339(scene.time),
            "resolved_at": null,
            "occurrences": 1,
        }),
    );
    let title = alerts[0]["title"].as_str().unwrap();
    assert!(title.ends_with("Latency over its objective"), "{title}");
    assert!(strings(&alerts[0]["tags"]).contains(&"region:eu-west-1"));
    assert!(alerts[0]["external_id"].is_string());
}

#[tokio::test]
async fn every_transition_into_trouble_is_firing() {
    let transitions =
        ["Triggered", "Re-Triggered", "Warn", "Re-Warn", "No Data", "Re-No Data", "Renotify", "re-triggered"];
    join_all(transitions.map(async |transition| {
        let alert = alert_of(async |monitor| monitor.with("transition", transition)).await;
        assert_eq!(alert["status"], "firing", "{transition}");
    }))
    .await;
}

#[tokio::test]
async fn every_transition_that_begins_with_recovered_ends_the_alert() {
    let transitions = ["Recovered", "Recovered from Warn", "Recovered from No Data"];
    join_all(transitions.map(async |transition| {
        let scene = Scene::new();
        let monitor = scene.monitor();
        scene.deliver(&monitor).await;
        let recovery = monitor.recovered().with("transition", transition).at(scene.minute(3));
        let alerts = scene.deliver(&recovery).await;
        assert_members(&alerts[0], &json!({ "status": "resolved", "resolved_at": rfc3339(scene.minute(3)) }));
    }))
    .await;
}

#[tokio::test]
async fn an_unknown_transition_of_type_success_recovers() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let unknown = monitor.again().with("transition", "Muted").with("alert_type", "success").at(scene.minute(1));
    assert_eq!(scene.deliver(&unknown).await[0]["status"], "resolved");
}

#[tokio::test]
async fn an_unknown_transition_of_any_other_type_fires() {
    for alert_type in ["error", "user_update", ""] {
        let alert = alert_of(async |monitor| monitor.with("transition", "Escalated").with("alert_type", alert_type));
        assert_eq!(alert.await["status"], "firing", "{alert_type}");
    }
}

#[tokio::test]
async fn the_priority_is_the_severity() {
    let expected = [("P1", "critical"), ("P2", "error"), ("P3", "warning"), ("P4", "info"), ("P5", "info")];
    for member in ["priority", "alert_priority", "severity"] {
        join_all(expected.map(async |(priority, severity)| {
            let members = [(member, priority), ("alert_type", "error")];
            assert_eq!(severity_of(&members).await, severity, "{member} {priority}");
        }))
        .await;
    }
}

#[tokio::test]
async fn without_a_priority_the_alert_type_is_the_severity() {
    for (alert_type, severity) in [("error", "error"), ("warning", "warning"), ("info", "info")] {
        assert_eq!(severity_of(&[("alert_type", alert_type)]).await, severity, "{alert_type}");
    }
}

#[tokio::test]
async fn without_priority_and_type_the_transition_is_the_severity() {
    assert_eq!(severity_of(&[("transition", "Warn")]).await, "warning");
    assert_eq!(severity_of(&[("transition", "Triggered")]).await, "error");
}

#[tokio::test]
async fn the_event_priority_normal_or_low_is_no_severity() {
    for priority in ["normal", "low"] {
        assert_eq!(severity_of(&[("priority", priority), ("alert_type", "warning")]).await, "warning", "{priority}");
    }
}

#[tokio::test]
async fn empty_variables_are_as_if_absent() {
    let scene = Scene::new();
    let mut monitor = scene.monitor();
    for member in ["priority", "alert_cycle_key", "aggreg_key", "hostname", "link", "snapshot", "body", "last_updated"]
    {
        monitor = monitor.with(member, "");
    }
    let alert = scene.deliver(&monitor).await.remove(0);
    assert_members(&alert, &json!({ "severity": "error", "link": null, "occurred_at": rfc3339(scene.time) }));
}

#[tokio::test]
async fn other_templates_names_are_read_too() {
    let scene = Scene::new();
    let renamed = json!({
        "id": digits(19),
        "monitor_id": digits(9),
        "alert_transition": "Triggered",
        "alert_priority": "P1",
        "title": "Latency over its objective",
        "event_msg": "%%%\nIt takes 2.4 s.\n%%%",
        "alert_scope": format!("service:{}", scene.service),
        "url": "https://app.datadoghq.com/monitors/1",
        "tags": format!(" service:{} , monitor,env:{} ", scene.service, scene.environment),
        "date": scene.time.as_millisecond(),
    });
    let alert = scene.deliver(Delivery::datadog(renamed.to_string())).await.remove(0);
    assert_members(
        &alert,
        &json!({
            "status": "firing",
            "severity": "critical",
            "service": scene.service,
            "link": "https://app.datadoghq.com/monitors/1",
            "occurred_at": rfc3339(scene.time),
        }),
    );
    let message = alert["message"].as_str().unwrap();
    assert!(message.contains("It takes 2.4 s.") && !message.contains("%%%"), "{message}");
}

#[tokio::test]
async fn tags_may_be_a_list() {
    let scene = Scene::new();
    let tags = scene.monitor().tags();
    let alert = scene.deliver(&scene.monitor().with("tags", tags.clone())).await.remove(0);
    assert_eq!(strings(&alert["tags"]), tags);
    assert_members(&alert, &json!({ "service": scene.service, "team": scene.team }));
}

#[tokio::test]
async fn the_tag_environment_is_as_good_as_env() {
    let scene = Scene::new();
    let monitor = scene.monitor().untagged("env").tag("environment", &scene.environment);
    assert_eq!(scene.deliver(&monitor).await[0]["environment"], *scene.environment);
}

#[tokio::test]
async fn names_are_kept_in_lower_case() {
    let scene = Scene::new();
    let monitor = scene
        .monitor()
        .tag("env", &scene.environment.to_uppercase())
        .tag("service", &scene.service.to_uppercase())
        .tag("team", &scene.team.to_uppercase());
    let alert = scene.deliver(&monitor).await.remove(0);
    assert_members(&alert, &json!({ "environment": scene.environment, "service": scene.service, "team": scene.team }));
}

#[tokio::test]
async fn an_alert_that_names_no_environment_is_in_production() {
    let scene = Scene::in_production();
    let alert = scene.deliver(&scene.monitor().untagged("env")).await.remove(0);
    assert_eq!(alert["environment"], "production");
}

#[tokio::test]
async fn a_delivery_without_a_time_happened_when_it_came() {
    let scene = Scene::new();
    let before = rfc3339(now());
    let alert = scene.deliver(&scene.monitor().without("date").without("last_updated")).await.remove(0);
    let occurred_at = alert["occurred_at"].as_str().unwrap();
    assert!(before.as_str() <= occurred_at && occurred_at <= rfc3339(now()).as_str(), "{occurred_at}");
}

#[tokio::test]
async fn last_updated_will_do_when_there_is_no_date() {
    let scene = Scene::new();
    let alert = scene.deliver(&scene.monitor().without("date")).await.remove(0);
    assert_eq!(alert["occurred_at"], rfc3339(scene.time));
}

#[tokio::test]
async fn the_cycle_key_links_a_recovery_to_its_trigger() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    scene.deliver(&monitor).await;
    let recovery = monitor.recovered().with("alert_id", digits(9)).with("scope", "host:other").at(scene.minute(1));
    let alerts = scene.deliver(&recovery).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_a_cycle_key_a_monitor_alerts_once_per_scope() {
    let scene = Scene::new();
    let monitor = scene.monitor().without("alert_cycle_key");
    let (one, two) = (monitor.clone().with("scope", "host:a"), monitor.again().with("scope", "host:b"));
    scene.deliver(&one).await;
    assert_eq!(scene.deliver(&two).await.len(), 2);

    let alerts = scene.deliver(&two.recovered().at(scene.minute(1))).await;
    assert_eq!((&alerts[0]["status"], &alerts[1]["status"]), (&json!("resolved"), &json!("firing")));
}

#[tokio::test]
async fn an_id_is_the_same_as_a_number_and_as_a_string() {
    let scene = Scene::new();
    let monitor = scene.monitor().without("alert_cycle_key");
    scene.deliver(&monitor.clone().with("alert_id", 314_159_265)).await;
    let alerts = scene.deliver(&monitor.recovered().with("alert_id", "314159265").at(scene.minute(1))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_a_monitor_the_aggregation_key_links_deliveries() {
    let scene = Scene::new();
    let monitor = scene.monitor().without("alert_cycle_key").without("alert_id");
    scene.deliver(&monitor).await;
    let recovery = monitor.recovered().with("title", "Something else altogether").at(scene.minute(1));
    let alerts = scene.deliver(&recovery).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn without_any_key_the_title_less_its_markers_links_deliveries() {
    let scene = Scene::new();
    let monitor = scene.monitor().without("alert_cycle_key").without("alert_id").without("aggreg_key");
    let title = format!("Checkout is slow {}", digits(9));
    scene.deliver(&monitor.clone().with("title", format!("[P2] [Triggered] {title}"))).await;
    let recovery = monitor.recovered().with("title", format!("[P2] [Recovered] {title}")).at(scene.minute(1));
    let alerts = scene.deliver(&recovery).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn the_default_template_is_read_by_the_markers_of_its_title() {
    let scene = Scene::in_production();
    let title = format!("Disk is full {}", scene.service);
    let monitor = scene.monitor().by_the_default_template().with("title", format!("[P1] [Triggered] {title}"));
    scene.send(&monitor).await;
    let alert_now = async |status: &str| {
        let path = format!("/alerts?environment=production&severity=critical&status={status}");
        tests::eventually(tests::DEADLINE, async || {
            let alerts = scene.api.everything(&path).await;
            alerts
                .into_iter()
                .find(|alert| alert["title"].as_str().is_some_and(|present| present.ends_with(&title)))
                .ok_or(format!("no {status} alert"))
        })
        .await
    };
    assert_members(&alert_now("firing").await, &json!({ "severity": "critical", "occurred_at": rfc3339(scene.time) }));

    let recovery = monitor.again().with("title", format!("[P1] [Recovered] {title}")).at(scene.minute(1));
    scene.send(&recovery).await;
    assert_eq!(alert_now("resolved").await["resolved_at"], rfc3339(scene.minute(1)));
}

#[tokio::test]
async fn a_warning_marker_in_the_title_fires_as_a_warning() {
    let scene = Scene::new();
    let monitor = scene.monitor().by_the_default_template();
    let monitor =
        monitor.with("title", format!("[Warn] Disk {} fills up", digits(9))).with("tags", scene.monitor().tags());
    assert_members(&scene.deliver(&monitor).await[0], &json!({ "status": "firing", "severity": "warning" }));
}

#[tokio::test]
async fn the_shared_secret_may_be_the_password_of_basic_auth() {
    let scene = Scene::new();
    let api = &scene.api;
    let basic = |user: &str, password: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    let secret = &api.access().datadog_secret;
    for user in ["datadog", ""] {
        let delivery = Delivery::from(&scene.monitor()).header("authorization", basic(user, secret));
        api.post(&delivery).await.accepted();
    }
    for header in [
        basic("datadog", "wrong"),
        basic("datadog", ""),
        basic(secret, ""),
        format!("Basic {}", BASE64_STANDARD.encode(secret)),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Bearer {secret}"),
        format!("Bearer {}", api.access().responder_token),
        secret.clone(),
    ] {
        let delivery = Delivery::from(&scene.monitor()).header("authorization", header.clone());
        assert_eq!(api.post(&delivery).await.problem(401).member("status"), 401, "{header}");
    }
}

#[tokio::test]
async fn a_proxy_may_sign_the_body() {
    let scene = Scene::new();
    let signed = Delivery::from(&scene.monitor()).signed("x-datadog-signature", &scene.api.access().datadog_secret);
    scene.api.post(&signed.clone().tampered()).await.problem(401);
    scene.api.post(&signed).await.accepted();
}

#[tokio::test]
async fn a_wrong_signature_of_a_proxy_is_refused() {
    let scene = Scene::new();
    let access = scene.api.access();
    let unsigned = Delivery::from(&scene.monitor());
    let signature = tests::hmac_sha256_hex(&access.datadog_secret, &unsigned.body);
    for wrong in [
        String::new(),
        "0".repeat(64),
        signature[..63].to_owned(),
        format!("{signature}0"),
        format!("sha256={signature}"),
        tests::hmac_sha256_hex("another secret", &unsigned.body),
        access.datadog_secret.clone(),
    ] {
        scene.api.post(&unsigned.clone().header("x-datadog-signature", wrong)).await.problem(401);
    }
}

#[tokio::test]
async fn a_wrong_missing_or_empty_token_is_refused() {
    let scene = Scene::new();
    let unproven = Delivery::from(&scene.monitor());
    scene.api.post(&unproven).await.problem(401);
    let access = scene.api.access();
    for wrong in ["", " ", "wrong", &access.datadog_secret[1..], &access.responder_token, &access.sentry_secret] {
        scene.api.post(&unproven.clone().header("x-webhook-token", wrong)).await.problem(401);
    }
    scene.fence().await;
    assert_eq!(scene.alerts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_other_sources_scheme_proves_nothing() {
    let scene = Scene::new();
    let access = scene.api.access();
    let delivery = Delivery::from(&scene.monitor()).signed("sentry-hook-signature", &access.datadog_secret);
    scene.api.post(&delivery).await.problem(401);
    let delivery = Delivery::from(&scene.monitor()).signed("sentry-hook-signature", &access.sentry_secret);
    scene.api.post(&delivery).await.problem(401);
}

#[tokio::test]
async fn the_same_notification_twice_has_the_same_delivery_id() {
    let scene = Scene::new();
    let monitor = scene.monitor();
    let first = scene.send(&monitor).await;
    assert_eq!(scene.send(&monitor).await, first);
    assert_ne!(scene.send(&monitor.again()).await, first);
    assert_ne!(scene.send(&monitor.with("transition", "Warn")).await, first, "the transition belongs to it");
}

#[tokio::test]
async fn a_template_whose_id_is_always_the_same_loses_nothing() {
    let scene = Scene::new();
    let (one, other) = (scene.monitor().with("id", "constant"), scene.monitor().with("id", "constant"));
    for monitor in [&one, &other, &one.clone().at(scene.minute(3))] {
        scene.send(monitor).await;
    }
    let alerts = scene.alerts_when("two alerts, one of them reported twice", |alerts| {
        let occurrences: u64 = alerts.iter().filter_map(|alert| alert["occurrences"].as_u64()).sum();
        alerts.len() == 2 && occurrences == 3
    });
    alerts.await;
}

#[tokio::test]
async fn a_body_without_a_content_type_is_read() {
    let api = Api::shared();
    for content_type in
        [None, Some("application/octet-stream"), Some("text/plain"), Some("application/x-www-form-urlencoded")]
    {
        let scene = Scene::on(api.clone());
        let mut delivery = Delivery::from(&scene.monitor()).without("content-type");
        if let Some(content_type) = content_type {
            delivery = delivery.header("content-type", content_type);
        }
        assert_eq!(scene.deliver(delivery).await.len(), 1, "{content_type:?}");
    }
}
