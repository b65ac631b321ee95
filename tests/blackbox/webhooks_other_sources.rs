//! Grafana, PagerDuty, events in PagerDuty's form, and generic webhooks.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use tests::{
    Access, Api, Sandbox, TestStack, WebhookRequest, alertmanager::GroupedAlert, assert_members, eventually,
    hmac_sha256_hex, now, rfc3339,
};

fn grafana(alerts: &[&GroupedAlert]) -> WebhookRequest {
    let alerts: Vec<&Value> = alerts.iter().map(|alert| alert.json()).collect();
    let body = json!({ "version": "1", "groupKey": "{}:{}", "groupLabels": {}, "alerts": alerts, "state": "alerting" });
    WebhookRequest::to("grafana", body.to_string()).header("content-type", "application/json")
}

fn pagerduty(sandbox: &Sandbox, kind: &str, minute: i64, members: &Value) -> WebhookRequest {
    let mut data = json!({
        "id": format!("Q{}", sandbox.service), "type": "incident", "status": "triggered", "title": "Refunds time out",
        "html_url": "https://larkspur.pagerduty.com/incidents/Q", "service": { "summary": sandbox.service },
        "teams": [{ "summary": sandbox.team }], "priority": null, "urgency": "low",
    });
    for (name, value) in members.as_object().expect("members") {
        data[name] = value.clone();
    }
    let event = json!({ "event": {
        "id": format!("{kind}-{}", sandbox.service), "event_type": kind, "resource_type": "incident",
        "occurred_at": rfc3339(sandbox.minute(minute)), "data": data,
    }});
    WebhookRequest::to("pagerduty", event.to_string())
}

fn event(sandbox: &Sandbox, action: &str) -> Value {
    json!({
        "routing_key": Access::secret_of("pagerduty-events"), "event_action": action, "dedup_key": sandbox.service,
        "payload": {
            "summary": "The replica lags", "source": "db-2", "severity": "critical", "component": "postgres",
            "custom_details": { "service": sandbox.service, "environment": sandbox.environment, "team": sandbox.team },
        },
    })
}

fn generic(sandbox: &Sandbox, kind: &str, minute: i64) -> Value {
    json!({
        "type": kind, "timestamp": rfc3339(sandbox.minute(minute)),
        "data": {
            "key": format!("backup/{}", sandbox.service), "title": "The backup is late", "severity": "High",
            "service": sandbox.service, "environment": sandbox.environment, "team": sandbox.team,
        },
    })
}

/// Signs a generic webhook as Standard Webhooks says.
fn signed(body: &Value, id: &str, at: Timestamp) -> WebhookRequest {
    let key = BASE64_STANDARD.decode(local::secrets::GENERIC.trim_start_matches("whsec_")).expect("base64");
    let (seconds, body) = (at.as_second().to_string(), body.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    WebhookRequest::to("generic", body)
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[tokio::test]
async fn alerts_of_grafana_fire_and_are_resolved() {
    let sandbox = Sandbox::new();
    let alert = GroupedAlert::firing(&sandbox).with("/ruleUID", "cdx1");
    let (status, body) = sandbox.api.deliver(grafana(&[&alert])).await.receipt();
    assert_eq!((status.as_str(), &body["accepted"]), ("group", &json!(1)));
    let alerts = sandbox.alerts_when("one", |alerts| alerts.len() == 1).await;
    assert_members(&alerts[0], &json!({ "source": "grafana", "severity": "error", "title": "Writes are slow" }));
    let gone = alert.resolved(now()).with("/annotations/grafana_state_reason", "MissingSeries");
    sandbox.api.deliver(grafana(&[&gone])).await.receipt();
    sandbox.alerts_when("resolved", |alerts| alerts[0]["status"] == "resolved").await;
}

#[tokio::test]
async fn a_signature_of_grafana_covers_the_time_beside_it() {
    let sandbox = Sandbox::new();
    let secret = Access::secret_of("grafana");
    let bare = grafana(&[&GroupedAlert::firing(&sandbox)]);
    let timed = |at: i64| {
        let signature = hmac_sha256_hex(&secret, &[format!("{at}:").as_bytes(), &bare.body].concat());
        bare.clone()
            .header("x-grafana-alerting-timestamp", at.to_string())
            .header("x-grafana-alerting-signature", signature)
    };
    let seconds = now().as_second();
    sandbox.api.post(&timed(seconds)).await.receipt();
    sandbox.api.post(&timed(seconds - 400)).await.problem(401);
    sandbox.api.post(&timed(seconds).without("x-grafana-alerting-timestamp")).await.problem(401);
    sandbox.api.post(&timed(seconds).tampered()).await.problem(401);
    sandbox.api.post(&bare.clone().header("authorization", format!("Token {secret}"))).await.receipt();
    sandbox.api.post(&bare).await.problem(401);
}

#[tokio::test]
async fn incidents_of_pagerduty_are_problems_here() {
    let sandbox = Sandbox::new().watching_every_service();
    let on_service = async || {
        let path = format!("/alerts?service={}", sandbox.service);
        sandbox.api.all_items(&path).await
    };
    let when = async |what: &str, condition: fn(&[Value]) -> bool| {
        eventually(tests::WAIT_TIMEOUT, async || {
            let alerts = on_service().await;
            if condition(&alerts) { Ok(alerts) } else { Err(format!("{what}: {}", Value::from(alerts))) }
        })
        .await
    };
    let triggered = pagerduty(&sandbox, "incident.triggered", 0, &json!({}));
    sandbox.send(&triggered).await;
    let alerts = when("one", |alerts| alerts.len() == 1).await;
    assert_members(&alerts[0], &json!({ "source": "pagerduty", "severity": "warning", "status": "firing" }));
    // PagerDuty tries again with the same id.
    sandbox.send(&triggered).await;
    let priority = json!({ "priority": { "summary": "P1" } });
    sandbox.send(pagerduty(&sandbox, "incident.priority_updated", 2, &priority)).await;
    when("critical", |alerts| alerts.len() == 1 && alerts[0]["severity"] == "critical").await;
    sandbox.api.deliver(pagerduty(&sandbox, "incident.acknowledged", 3, &json!({}))).await.ignored();
    sandbox.send(pagerduty(&sandbox, "incident.resolved", 5, &json!({ "status": "resolved" }))).await;
    when("resolved", |alerts| alerts.len() == 1 && alerts[0]["status"] == "resolved").await;

    let wrong = hmac_sha256_hex("another secret", &triggered.body);
    let both = format!("v1={wrong},v1={}", hmac_sha256_hex(&Access::secret_of("pagerduty"), &triggered.body));
    sandbox.api.post(&triggered.clone().header("x-pagerduty-signature", both)).await.accepted();
    sandbox.api.post(&triggered.clone().header("x-pagerduty-signature", format!("v1={wrong}"))).await.problem(401);
    sandbox.api.post(&triggered).await.problem(401);
}

#[tokio::test]
async fn clients_of_pagerduty_get_its_answers() {
    let sandbox = Sandbox::new();
    let send = async |path: &str, body: &Value| sandbox.api.post(&WebhookRequest::to(path, body.to_string())).await;
    for path in ["pagerduty-events", "pagerduty-events/v2/enqueue"] {
        let answer = send(path, &event(&sandbox, "trigger")).await.expect(202).json();
        let expected = json!({ "status": "success", "message": "Event processed", "dedup_key": sandbox.service });
        assert_eq!(answer, expected);
    }
    let alerts = sandbox.alerts_when("one", |alerts| alerts.len() == 1).await;
    assert_members(
        &alerts[0],
        &json!({ "source": "pagerduty-events", "severity": "critical", "title": "The replica lags", "team": sandbox.team }),
    );
    let raw = sandbox.api.get_as_responder(&format!("/alerts/{}/payload", alerts[0]["id"].as_str().unwrap())).await;
    let key = Access::secret_of("pagerduty-events");
    assert!(raw.expect(200).text().contains("The replica lags"));

    // Clients compare the key of the answer with theirs, letter by letter, whatever became of the event.
    for stated in ["  Orders/DB-2 ", sandbox.service.as_str()] {
        let mut acknowledge = event(&sandbox, "acknowledge");
        acknowledge["dedup_key"] = json!(stated);
        let acknowledged = send("pagerduty-events", &acknowledge).await.expect(202).json();
        assert_eq!(acknowledged, json!({ "status": "success", "message": "Event processed", "dedup_key": stated }));
    }
    let processed = json!({ "status": "success", "message": "Event processed" });
    let change = json!({ "routing_key": key, "payload": { "summary": "Deployed", "source": "ci" } });
    assert_eq!(send("pagerduty-events/v2/change/enqueue", &change).await.expect(202).json(), processed);
    // Whatever comes by that route is a change.
    let resolve = json!({ "routing_key": key, "event_action": "resolve", "dedup_key": sandbox.service });
    send("pagerduty-events/v2/change/enqueue", &resolve).await.expect(202);
    send("pagerduty-events/v2/change/enqueue", &json!({ "routing_key": key, "event_action": 5 })).await.expect(202);
    send("pagerduty-events/v2/change/enqueue", &json!({ "routing_key": "wrong" })).await.expect(401);
    let broken = format!("{{\"routing_key\": \"{key}\", ");
    sandbox.api.post(&WebhookRequest::to("pagerduty-events/v2/change/enqueue", broken)).await.expect(202);
    sandbox.wait_until_processed().await;
    assert_eq!(sandbox.alerts().await[0]["status"], "firing");

    send("pagerduty-events/v2/enqueue", &resolve).await.expect(202);
    sandbox.alerts_when("resolved", |alerts| alerts[0]["status"] == "resolved").await;
    // The same bytes end the next one, too.
    send("pagerduty-events", &event(&sandbox, "trigger")).await.expect(202);
    sandbox.alerts_when("two", |alerts| alerts.len() == 2 && alerts[0]["status"] == "firing").await;
    send("pagerduty-events", &resolve).await.expect(202);
    sandbox.alerts_when("both resolved", |alerts| alerts.iter().all(|alert| alert["status"] == "resolved")).await;
}

#[tokio::test]
async fn a_routing_key_is_kept_nowhere() {
    let sandbox = Sandbox::new();
    let key = Access::secret_of("pagerduty-events");
    let marker = format!("marker-{}", sandbox.service);
    let unreadable = json!({
        "routing_key": key, "event_action": marker, "client_url": format!("https://events.example.com/?key={key}"),
        "payload": { "custom_details": { "headers": [{ "x-routing-key": key }], &key: [key] } },
    });
    let answer = sandbox.api.post(&WebhookRequest::to("pagerduty-events", unreadable.to_string())).await.expect(400);
    assert_eq!(answer.json()["status"], "invalid event");
    let entry = eventually(tests::WAIT_TIMEOUT, async || {
        let page = sandbox.api.quarantine("source=pagerduty-events&limit=200").await;
        let mine =
            page.items.into_iter().find(|entry| entry["body"].as_str().is_some_and(|body| body.contains(&marker)));
        mine.ok_or_else(|| "no entry".to_owned())
    })
    .await;
    assert!(!entry.to_string().contains(&key), "{entry}");
    let id = entry["id"].as_str().expect("an id");
    let entry = sandbox.api.get_as_responder(&format!("/quarantine/{id}")).await.expect(200);
    assert!(!entry.text().contains(&key) && entry.text().contains("[removed]"), "{}", entry.text());

    // A readable one, too.
    let mut trigger = event(&sandbox, "trigger");
    trigger["dedup_key"] = json!(format!("{}/{key}", sandbox.service));
    trigger["payload"]["summary"] = json!(format!("Told by {key}"));
    trigger["payload"]["custom_details"]["message"] = json!(key);
    trigger["links"] = json!([{ "href": format!("https://events.example.com/{key}") }]);
    let answer = sandbox.api.post(&WebhookRequest::to("pagerduty-events", trigger.to_string())).await.expect(202);
    assert_eq!(answer.json()["dedup_key"], trigger["dedup_key"]);
    let alert = sandbox.alerts_when("one", |alerts| alerts.len() == 1).await.remove(0);
    assert_eq!(alert["title"], "Told by [removed]");
    let id = alert["id"].as_str().expect("an id");
    for path in [format!("/alerts/{id}"), format!("/alerts/{id}/payload")] {
        let shown = sandbox.api.get_as_responder(&path).await.expect(200);
        assert!(!shown.text().contains(&key), "{path}: {}", shown.text());
    }
    for wrong in [json!("wrong"), json!(null), json!([key]), json!({ "routing_key": key }), json!(7)] {
        let mut body = event(&sandbox, "trigger");
        body["routing_key"] = wrong;
        let answer = sandbox.api.post(&WebhookRequest::to("pagerduty-events", body.to_string())).await.expect(401);
        assert_eq!(answer.json()["status"], "invalid event");
    }
}

#[tokio::test]
async fn generic_webhooks_are_changes_if_they_are_signed_and_reports_if_not() {
    let sandbox = Sandbox::new();
    let (firing, id) = (generic(&sandbox, "alert.firing", 0), format!("msg-{}", sandbox.service));
    let alerts = sandbox.deliver(signed(&firing, &id, now())).await;
    assert_members(
        &alerts[0],
        &json!({ "source": "generic", "severity": "error", "title": "The backup is late", "occurrences": 1 }),
    );
    // A try has a new time under the same id.
    sandbox.deliver_without_effect(signed(&firing, &id, now())).await;
    let alerts = sandbox.deliver(signed(&generic(&sandbox, "alert.resolved", 5), &format!("{id}-2"), now())).await;
    assert_eq!(alerts[0]["status"], "resolved");

    // A tool that cannot sign says its own words.
    let alerts = sandbox.deliver(WebhookRequest::to("generic", generic(&sandbox, "PROBLEM", 9).to_string())).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (2, &json!("firing")));
    let over = WebhookRequest::to("generic", generic(&sandbox, "OK", 9).to_string());
    let alerts = sandbox.deliver(&over).await;
    assert!(alerts.iter().all(|alert| alert["status"] == "resolved"));
    sandbox.deliver_without_effect(&over).await;

    sandbox.api.post(&signed(&firing, &id, now()).header("webhook-id", "another")).await.problem(401);
    let old = now() - jiff::SignedDuration::from_secs(400);
    sandbox.api.post(&signed(&firing, &id, old)).await.problem(401);
    let bearer = format!("Bearer {}", local::secrets::GENERIC);
    sandbox
        .api
        .post(&WebhookRequest::to("generic", firing.to_string()).header("authorization", bearer))
        .await
        .problem(401);
}

#[tokio::test]
async fn cloud_events_are_read_in_each_mode_of_http() {
    let sandbox = Sandbox::new();
    let event = |id: &str, kind: &str, minute: i64| {
        let data = &generic(&sandbox, kind, minute)["data"];
        json!({
            "specversion": "1.0", "id": id, "source": format!("/{}", sandbox.service), "type": kind,
            "time": rfc3339(sandbox.minute(minute)), "datacontenttype": "application/json", "data": data,
        })
    };
    let structured = WebhookRequest::to("generic", event("1", "alert.firing", 0).to_string())
        .header("content-type", "application/cloudevents+json; charset=utf-8");
    let alerts = sandbox.deliver(&structured).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("firing")));
    sandbox.deliver_without_effect(&structured).await;

    let batch = json!([event("1", "alert.firing", 0), event("2", "alert.resolved", 3), event("3", "alert.firing", 6)]);
    let batch =
        WebhookRequest::to("generic", batch.to_string()).header("content-type", "application/cloudevents-batch+json");
    for _ in 0..2 {
        let (status, body) = sandbox.api.deliver(&batch).await.receipt();
        assert_eq!((status.as_str(), &body["accepted"]), ("group", &json!(3)));
    }
    let is_so =
        |alerts: &[Value]| alerts.len() == 2 && alerts.iter().filter(|alert| alert["status"] == "firing").count() == 1;
    sandbox.alerts_when("two, one of which fires", is_so).await;

    let binary = |id: &str, kind: &str, minute: i64| {
        let event = event(id, kind, minute);
        let webhook =
            WebhookRequest::to("generic", event["data"].to_string()).header("content-type", "application/json");
        ["specversion", "id", "source", "type", "time"].iter().fold(webhook, |webhook, name| {
            webhook.header(&format!("ce-{name}"), event[*name].as_str().expect("a text"))
        })
    };
    let resolved = binary("4", "alert.resolved", 9);
    sandbox.deliver(&resolved).await;
    sandbox.alerts_when("none fires", |alerts| alerts.iter().all(|alert| alert["status"] == "resolved")).await;
    sandbox.deliver_without_effect(&resolved).await;

    // A signature covers the body alone: whoever records it could say that what fires is resolved.
    let firing = binary("5", "alert.firing", 12);
    let proof = signed(&serde_json::from_slice(&firing.body).unwrap(), &format!("ce-{}", sandbox.service), now());
    let signed = proof.headers.iter().fold(firing, |webhook, (name, value)| webhook.header(name, value.clone()));
    sandbox.api.post(&signed).await.quarantined();
}

#[tokio::test]
async fn a_batch_of_generic_alerts_counts_once_however_often_it_is_sent() {
    let sandbox = Sandbox::new();
    let alerts: Vec<Value> = (0..60)
        .map(|number| {
            let mut alert = generic(&sandbox, "alert.firing", number);
            alert["data"]["key"] = json!(format!("{}/{number}", sandbox.service));
            alert
        })
        .collect();
    let batch = json!({ "type": "alert.batch", "data": { "alerts": alerts } });
    for _ in 0..3 {
        let (status, body) =
            sandbox.api.post(&signed(&batch, &format!("batch-{}", sandbox.service), now())).await.receipt();
        assert_eq!((status.as_str(), &body["accepted"]), ("group", &json!(60)));
    }
    sandbox.alerts_when("60", |alerts| alerts.len() == 60).await;
    sandbox.wait_until_processed().await;
    let alerts = sandbox.alerts().await;
    assert!(alerts.len() == 60 && alerts.iter().all(|alert| alert["occurrences"] == 1), "{}", alerts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_each_source_can_be_rotated() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let secretsmanager = stack.local().aws().secretsmanager();
    let secret = stack.resource("Secret");
    let current = secretsmanager.get_secret_value().secret_id(secret).send().await.unwrap();
    let mut value: Value = serde_json::from_str(&current.secret_string.unwrap()).unwrap();
    for source in ["alertmanager", "generic", "grafana", "pagerduty", "pagerduty-events"] {
        let secrets = value["webhook_secrets"][source].as_array_mut().unwrap();
        secrets.push(json!(format!("second-secret-of-{source}")));
    }
    secretsmanager.put_secret_value().secret_id(secret).secret_string(value.to_string()).send().await.unwrap();

    let alert = GroupedAlert::firing(&sandbox);
    let group = tests::alertmanager::group([alert.json().clone()]);
    let incident = pagerduty(&sandbox, "incident.triggered", 0, &json!({}));
    let mut routed = event(&sandbox, "trigger");
    routed["routing_key"] = json!("second-secret-of-pagerduty-events");
    let new = [
        group.clone().header("authorization", "Bearer second-secret-of-alertmanager"),
        WebhookRequest::to("generic", generic(&sandbox, "alert.firing", 0).to_string())
            .header("x-webhook-token", "second-secret-of-generic"),
        grafana(&[&alert]).signed("x-grafana-alerting-signature", "second-secret-of-grafana"),
        incident.clone().header(
            "x-pagerduty-signature",
            format!("v1={}", hmac_sha256_hex("second-secret-of-pagerduty", &incident.body)),
        ),
        WebhookRequest::to("pagerduty-events", routed.to_string()),
    ];
    for webhook in &new {
        eventually(2 * tests::WAIT_TIMEOUT, async || match sandbox.api.post(webhook).await {
            answer if answer.status == 202 => Ok(()),
            answer => Err(format!("{}: {}", webhook.source, answer.text())),
        })
        .await;
    }
    let old = [
        group,
        WebhookRequest::to("generic", generic(&sandbox, "alert.firing", 0).to_string()),
        grafana(&[&alert]),
        incident,
        WebhookRequest::to("pagerduty-events", event(&sandbox, "trigger").to_string()),
    ];
    for webhook in old {
        sandbox.api.deliver(webhook).await.expect(202);
    }
    stack.stop().await;
}
