//! Hostile bodies with a right proof: each is accepted, ignored or quarantined, never an error of ours.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Access, Api, TestStack, WebhookRequest, now, pointers, rfc3339, sns};

fn fixture(source: &str, name: &str) -> Value {
    let path = format!("{}/fixtures/{source}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("a fixture")).expect("JSON")
}

fn deep(depth: usize) -> String {
    ["[".repeat(depth), "]".repeat(depth)].concat()
}

/// Texts that are no payload of any source.
fn texts() -> Vec<Vec<u8>> {
    let texts = ["", "null", "5", "\"x\"", "[]", "[5]", "[[{}]]", "{}", "{", "{\"alerts\":[{}]}", "\u{feff}{}"];
    let mut texts: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    texts.push(b"\xff\xfe\x00".to_vec());
    texts.push(deep(100_000).into_bytes());
    texts.push(format!("{{\"alerts\":{}}}", deep(5_000)).into_bytes());
    texts.push(format!("{{\"x\":1{}}}", "0".repeat(5_000)).into_bytes());
    texts
}

/// The payload with each member in turn of another type, huge, or strange.
fn mutants(base: &Value) -> impl Iterator<Item = Value> + '_ {
    let values = [json!(null), json!(-1e308), json!([]), json!({}), json!("x".repeat(300_000)), json!("\u{0}\u{202e}")];
    // A credential that is no text is no proof.
    pointers(base).into_iter().filter(|pointer| pointer != "/routing_key").flat_map(move |pointer| {
        values.clone().into_iter().map(move |value| {
            let mut body = base.clone();
            *body.pointer_mut(&pointer).expect("it is there") = value;
            body
        })
    })
}

#[rstest]
#[case("alertmanager", "group_of_two_fires_is_critical")]
#[case("datadog", "published_template_triggered_p1_is_critical")]
#[case("generic", "batch_of_three")]
#[case("grafana", "search_fires_is_error")]
#[case("pagerduty", "incident_triggered_is_error")]
#[case("pagerduty-events", "trigger_is_critical")]
#[case("sentry", "issue_created_fatal_is_critical")]
#[case("sentry", "event_alert_triggered_in_staging_is_error")]
#[case("sentry", "metric_alert_critical_is_critical")]
#[tokio::test]
async fn no_body_is_an_error_of_ours(#[case] source: &str, #[case] name: &str) {
    let api = Api::shared();
    let key = Access::secret_of("pagerduty-events");
    let base = fixture(source, name);
    let resource = ["event_alert", "metric_alert"].into_iter().find(|resource| name.starts_with(resource));
    for body in texts().into_iter().chain(mutants(&base).map(|body| body.to_string().into_bytes())) {
        let webhook = match source {
            "sentry" => WebhookRequest::sentry(resource.unwrap_or("issue"), body.clone()),
            _ => WebhookRequest::to(source, body.clone()),
        };
        let answer = api.deliver(webhook).await;
        let start = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let expected: &[u16] = match source {
            "pagerduty-events" => &[202, 400, 401],
            // A gateway may take a body of type JSON for text, and replace bytes that are not UTF-8. Then it is not
            // what was signed.
            "sentry" if std::str::from_utf8(&body).is_err() => &[202, 401],
            _ => &[202],
        };
        assert!(expected.contains(&answer.status), "{source}: {} for {start}", answer.status);
        assert!(!answer.text().contains(&key), "{start}");
    }
}

/// What SNS signs may be anything: other services and people publish to the same topic.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_of_a_topic_is_an_error_of_ours() {
    let sns = sns::TestSns::start().await;
    let options = local::Options { sns: Some(sns.url().to_owned()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let api = Api::to(stack.access());
    let envelope = json!({
        "Type": "Notification", "MessageId": "4a3b", "TopicArn": local::secrets::CLOUDWATCH, "Message": "",
        "Timestamp": rfc3339(now()), "Subject": "ALARM",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5318490ec183f.pem",
    });
    let alarm = fixture("cloudwatch", "sns_alarm_fires");
    let alarm: Value = serde_json::from_str(alarm["Message"].as_str().expect("a text")).expect("JSON as text");
    let texts = texts().into_iter().filter_map(|text| String::from_utf8(text).ok());
    for message in texts.chain(mutants(&alarm).map(|alarm| alarm.to_string())) {
        let mut signed = envelope.clone();
        signed["Message"] = json!(message);
        let start: String = message.chars().take(200).collect();
        assert_eq!(api.deliver(sns::signed(signed)).await.status, 202, "{start}");
    }
    // Nobody signed these.
    for body in self::texts() {
        assert_eq!(api.deliver(WebhookRequest::to("cloudwatch", body)).await.status, 401);
    }
    for body in mutants(&envelope) {
        let status = api.deliver(sns::signed(body.clone())).await.status;
        assert!([202, 401].contains(&status), "{status} for {:.200}", body.to_string());
    }
    stack.stop().await;
}
