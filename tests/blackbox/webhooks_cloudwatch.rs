//! CloudWatch: alarms by SNS and by EventBridge.

use serde_json::{Value, json};
use tests::{Api, Sandbox, TestStack, WebhookRequest, eventually, now, rfc3339, sns};

const TOPIC: &str = local::secrets::CLOUDWATCH;

fn envelope(kind: &str) -> Value {
    json!({
        "Type": kind, "MessageId": format!("{:032x}", fastrand::u128(..)), "TopicArn": TOPIC, "Message": "",
        "Timestamp": rfc3339(now()),
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5318490ec183f.pem",
    })
}

fn arn(sandbox: &Sandbox) -> String {
    format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{}", sandbox.service)
}

fn alarm(sandbox: &Sandbox, state: &str, minute: i64) -> WebhookRequest {
    let message = json!({
        "AlarmName": sandbox.service, "AlarmArn": arn(sandbox), "AWSAccountId": "123456789012",
        "NewStateValue": state, "NewStateReason": "Threshold Crossed",
        "StateChangeTime": rfc3339(sandbox.minute(minute)).replace('Z', "+0000"), "Region": "EU (Ireland)",
        "AlarmTags": { "service": sandbox.service, "environment": sandbox.environment, "severity": "P1" },
        "Trigger": { "MetricName": "5XXError", "Namespace": "AWS/ApiGateway", "Dimensions": [] },
    });
    let mut envelope = envelope("Notification");
    envelope["Subject"] = json!(format!("{state}: \"{}\"", sandbox.service));
    envelope["Message"] = json!(message.to_string());
    sns::signed(envelope)
}

struct Started {
    sns: sns::TestSns,
    stack: TestStack,
    sandbox: Sandbox,
}

async fn start() -> Option<Started> {
    let sns = sns::TestSns::start().await;
    let options = local::Options { sns: Some(sns.url().to_owned()), ..TestStack::options() };
    let stack = TestStack::start(options).await?;
    let sandbox = Sandbox::on(Api::to(stack.access()));
    Some(Started { sns, stack, sandbox })
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_of_an_allowed_topic_fire_and_are_resolved() {
    let Some(Started { sns, stack, sandbox }) = start().await else { return };
    let firing = alarm(&sandbox, "ALARM", 0);
    let alerts = sandbox.deliver(&firing).await;
    assert_eq!((&alerts[0]["severity"], &alerts[0]["status"]), (&json!("critical"), &json!("firing")));
    sandbox.deliver_without_effect(&firing).await;
    let alerts = sandbox.deliver(&alarm(&sandbox, "OK", 5)).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
    assert_eq!(sns.requests().len(), 1, "the certificate is fetched once");

    // Nothing of what follows makes anything be fetched.
    let api = &sandbox.api;
    api.deliver(firing.clone().tampered()).await.problem(401);
    api.deliver(firing.clone().header("x-amz-sns-rawdelivery", "true")).await.problem(401);
    for (member, value) in [
        ("TopicArn", json!("arn:aws:sns:eu-west-1:123456789012:of-somebody-else")),
        ("SigningCertURL", json!(format!("{}/SimpleNotificationService-7ff5318490ec183f.pem", sns.url()))),
        ("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com.example.com/SimpleNotificationService-7f.pem")),
        ("Timestamp", json!("2026-11-20T00:00:00.000Z")),
    ] {
        let mut message: Value = serde_json::from_slice(&firing.body).unwrap();
        message[member] = value;
        api.deliver(sns::signed(message)).await.problem(401);
    }
    assert_eq!(sns.requests().len(), 1, "{:?}", sns.requests());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_an_allowed_topic_is_confirmed_at_sns_and_its_token_is_kept_nowhere() {
    let Some(Started { sns, stack, sandbox }) = start().await else { return };
    let mut message = envelope("SubscriptionConfirmation");
    message["Token"] = json!("2336412f37fb687f5d51e6e2425f");
    message["Message"] = json!("You have chosen to subscribe to the topic.");
    message["SubscribeURL"] = json!("https://evil.example.com/?Action=ConfirmSubscription");
    let (status, _) = sandbox.api.deliver(sns::signed(message)).await.receipt();
    assert_eq!(status, "confirmed");
    let asked = sns.requests().pop().unwrap();
    assert!(
        asked.contains("Token=2336412f37fb687f5d51e6e2425f") && asked.contains("TopicArn=arn%3Aaws%3Asns"),
        "{asked}"
    );

    let mut text = envelope("Notification");
    text["Message"] = json!("The instance was restarted");
    text["UnsubscribeURL"] = json!("https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&x=hidden");
    sandbox.api.deliver(sns::signed(text)).await.quarantined();
    let entry = eventually(tests::WAIT_TIMEOUT, async || {
        sandbox.api.quarantine("source=cloudwatch").await.items.pop().ok_or_else(|| "no entry".to_owned())
    })
    .await;
    let body = entry["body"].as_str().unwrap();
    assert!(body.contains("restarted") && !body.contains("hidden"), "{body}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_come_by_event_bridge_too() {
    let Some(Started { sns: _sns, stack, sandbox }) = start().await else { return };
    let event = |id: &str, state: &str, minute: i64| {
        json!({
            "version": "0", "id": format!("{id}-{}", sandbox.service), "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch", "account": "123456789012", "time": rfc3339(sandbox.minute(minute)),
            "region": "eu-west-1", "resources": [arn(&sandbox)],
            "detail": {
                "alarmName": sandbox.service, "configuration": { "metrics": [] },
                "state": { "value": state, "timestamp": rfc3339(sandbox.minute(minute)).replace('Z', "+0000") },
                "alarmTags": { "service": sandbox.service, "environment": sandbox.environment },
            },
        })
    };
    let invoke = async |event: Value| {
        stack.local().invoke("ReceiveAlarm", &event).await.expect("the function answers");
    };
    let firing = event("1", "ALARM", 0);
    invoke(firing.clone()).await;
    invoke(firing).await;
    sandbox.alerts_when("one fires", |alerts| alerts.len() == 1 && alerts[0]["status"] == "firing").await;
    // The two ways give the same alert.
    let alerts = sandbox.deliver(&alarm(&sandbox, "OK", 5)).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (1, &json!("resolved")));
    invoke(json!({ "version": "0", "id": "2", "detail-type": "Something Else", "detail": {} })).await;
    eventually(tests::WAIT_TIMEOUT, async || {
        sandbox.api.quarantine("source=cloudwatch").await.items.pop().ok_or_else(|| "no entry".to_owned())
    })
    .await;
    stack.stop().await;
}
