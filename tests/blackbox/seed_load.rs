//! `cargo seed load` sends webhooks of every source, each with its proof.

use local::secrets;
use seed::load::{Generic, Pace, Proofs, Sns, Target, Token, load};
use serde_json::{Value, json};
use shared::sources::{SOURCES, signature::Secret};
use tests::{Api, TestStack, eventually, now, rfc3339};

/// A body of the source that fires now, and its headers.
fn firing(source: &str, at: &str) -> Value {
    let body = match source {
        "alertmanager" | "grafana" => json!({
            "version": "4", "groupKey": "{}:{}", "groupLabels": {}, "externalURL": "https://alerts.example.com",
            "alerts": [{ "status": "firing", "labels": { "alertname": source }, "startsAt": at, "fingerprint": "a1" }],
        }),
        "cloudwatch" => {
            let arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-cpu";
            let alarm =
                json!({ "AlarmName": "ledger-cpu", "AlarmArn": arn, "NewStateValue": "ALARM", "StateChangeTime": at });
            json!({ "Type": "Notification", "MessageId": "1", "Subject": "ALARM", "Message": alarm.to_string() })
        }
        "datadog" => json!({ "alert_id": "7", "title": "Disk is full", "transition": "Triggered", "id": "1" }),
        "generic" => {
            json!({ "type": "alert.firing", "timestamp": at, "data": { "key": "k", "title": "Backup is late" } })
        }
        "pagerduty" => json!({ "event": {
            "id": "1", "event_type": "incident.triggered", "resource_type": "incident", "occurred_at": at,
            "data": { "id": "Q1", "type": "incident", "title": "Refunds time out", "status": "triggered" },
        } }),
        "pagerduty-events" => json!({
            "event_action": "trigger", "dedup_key": "k", "payload": { "summary": "Lag", "source": "db", "severity": "error" },
        }),
        "sentry" => {
            json!({ "action": "created", "data": { "issue": { "id": "9", "title": "Timeout", "level": "error" } } })
        }
        other => panic!("there is no webhook of {other}"),
    };
    let headers = json!({ "Content-Type": "application/json", "Sentry-Hook-Resource": "issue" });
    json!({ "source": source, "at": at, "headers": headers, "body": body.to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_every_source_are_accepted_and_each_is_an_alert() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let secret = |text: &str| Secret::new(text.to_owned());
    let key = include_str!("../../infra/local/keys/sns_signing_key.pem");
    let proofs = Proofs {
        alertmanager: Token::bearer(secrets::ALERTMANAGER),
        cloudwatch: Sns::new(secrets::CLOUDWATCH, key),
        datadog: Token::new(secrets::DATADOG),
        generic: Generic::new(secrets::GENERIC),
        grafana: secret(secrets::GRAFANA),
        pagerduty: secret(secrets::PAGERDUTY),
        pagerduty_events: secret(secrets::PAGERDUTY_EVENTS),
        sentry: secret(secrets::SENTRY),
    };
    let target = Target { url: stack.access().url, proofs };
    let at = rfc3339(now());
    let lines = SOURCES.iter().map(|source| Ok(firing(source.name(), &at).to_string()));
    let summary = load(lines, &target, Pace { concurrency: 4, rate: None }, |_| ()).await.expect("it is loaded");
    let expected = format!("{} accepted, 0 ignored, 0 quarantined, 0 refused", SOURCES.len());
    assert!(summary.to_string().starts_with(&expected), "{summary}");

    let api = Api::to(stack.access());
    for source in SOURCES {
        eventually(tests::WAIT_TIMEOUT, async || {
            match api.page(&format!("/alerts?source={}&limit=1", source.name())).await.total {
                1 => Ok(()),
                count => Err(format!("{}: {count} alerts", source.name())),
            }
        })
        .await;
    }
    stack.stop().await;
}
