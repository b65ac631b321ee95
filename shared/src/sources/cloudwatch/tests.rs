//! Messages of SNS and events of EventBridge: their proofs, and the alarms in them.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::*;
use crate::domain::{event::AlertEvent, event::Transition, severity::Severity};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";
const CERTIFICATE_URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5318490ec183f.pem";

fn received_at() -> Time {
    "2027-03-01T06:03:13Z".parse().unwrap()
}

fn certificate() -> Certificate {
    Certificate::from_pem(include_bytes!("../../../../infra/local/keys/sns_certificate.pem")).unwrap()
}

fn key() -> RsaKeyPair {
    let pem = include_str!("../../../../infra/local/keys/sns_signing_key.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).unwrap()).unwrap()
}

fn alarm(state: &str) -> Value {
    json!({
        "AlarmName": "shop 5xx", "AlarmDescription": "Shop answers 5xx", "AWSAccountId": "123456789012",
        "NewStateValue": state, "NewStateReason": "Threshold Crossed", "StateChangeTime": "2027-03-01T06:03:12.093+0000",
        "Region": "EU (Ireland)", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop 5xx",
        "Trigger": {"MetricName": "5XX", "Namespace": "AWS/ApplicationELB", "Dimensions": [{"value": "app/shop/50dc", "name": "LoadBalancer"}]},
    })
}

fn notification(message: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": "e288882d", "TopicArn": TOPIC, "Subject": "ALARM: \"shop 5xx\"",
        "Message": message, "Timestamp": "2027-03-01T06:03:12.134Z", "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    })
}

/// Signs a message as SNS does: the members in this order, those that are there.
fn signed(mut message: Value) -> Value {
    let names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    let text: String =
        names.iter().filter_map(|name| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?))).collect();
    let key = key();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    message["SignatureVersion"] = json!("2");
    message["Signature"] = json!(BASE64_STANDARD.encode(signature));
    message
}

fn is_authentic(body: &str, topics: &[&str], fields: &[(&str, &str)]) -> bool {
    let secrets: Vec<Secret> = topics.iter().filter_map(|topic| Secret::new((*topic).to_owned())).collect();
    let headers: Headers = fields.iter().copied().collect();
    let (certificate, request) = (certificate(), Request::new(&headers, body.as_bytes(), received_at()));
    let is_trusted_place = CloudWatch.certificate(&secrets, &request).is_some();
    is_trusted_place
        && CloudWatch.is_authentic(&secrets, &Request { certificate: Some(&certificate), ..request })
        && !CloudWatch.is_authentic(&secrets, &request)
}

fn event(reading: Result<Reading, Unreadable>) -> AlertEvent {
    match reading.unwrap() {
        Reading::Event(event) => *event,
        other => panic!("{other:?}"),
    }
}

fn read(payload: &Value) -> Result<Reading, Unreadable> {
    CloudWatch.read(&Headers::default(), payload, received_at())
}

#[test]
fn what_sns_signs_for_our_topic_is_authentic() {
    let message = signed(notification(&alarm("ALARM").to_string()));
    assert!(is_authentic(&message.to_string(), &["arn:aws:sns:eu-west-1:123456789012:old", TOPIC], &[]));
    let mut more = message.clone();
    more["MessageAttributes"] = json!({"a": 1});
    assert!(is_authentic(&more.to_string(), &[TOPIC], &[("x-amz-sns-message-type", "SubscriptionConfirmation")]));
    assert!(!is_authentic(&message.to_string(), &[], &[]));
    assert!(!is_authentic(&message.to_string(), &[&TOPIC[..TOPIC.len() - 1]], &[]));
    assert!(!is_authentic(&message.to_string(), &[TOPIC], &[("x-amz-sns-rawdelivery", "true")]));
    let twice = message.to_string().replacen('{', r#"{"Message":"other","#, 1);
    assert!(!is_authentic(&twice, &[TOPIC], &[]), "nobody can tell which Message was signed");
}

#[test]
fn whatever_is_changed_is_not_authentic() {
    let message = signed(notification(&alarm("ALARM").to_string()));
    for (name, value) in [
        ("Message", json!("other")),
        ("Subject", json!("other")),
        ("Subject", Value::Null),
        ("MessageId", json!("other")),
        ("SignatureVersion", json!("1")),
        ("SignatureVersion", json!("3")),
        ("SignatureVersion", json!(2)),
        ("Signature", json!("???")),
        ("Timestamp", json!("2027-03-01T04:00:00.000Z")),
        ("SigningCertURL", json!("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7f.pem")),
        ("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-7f.pem")),
        ("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-7f.pem")),
        ("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-7f.pem")),
        ("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com/other.pem")),
        ("SigningCertURL", json!("https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-7f.pem")),
    ] {
        let mut changed = message.clone();
        changed[name] = value;
        assert!(!is_authentic(&changed.to_string(), &[TOPIC], &[]), "{changed}");
    }
    let late = Certificate::from_pem(include_bytes!("../../../../infra/local/keys/sns_certificate.pem")).unwrap();
    assert!(!late.is_valid_at("2020-01-01T00:00:00Z".parse().unwrap()));
    assert!(Certificate::from_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
}

#[test]
fn a_subscription_is_confirmed_at_sns_and_its_token_is_not_kept() {
    let asked = json!({
        "Type": "SubscriptionConfirmation", "MessageId": "8a14", "Token": "2336/&x", "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe", "SubscribeURL": "https://evil.example.com/?Token=2336",
        "Timestamp": "2027-03-01T06:03:12.134Z", "SigningCertURL": CERTIFICATE_URL,
    });
    let asked = signed(asked);
    assert!(is_authentic(&asked.to_string(), &[TOPIC], &[]));
    let Ok(Reading::Confirmation(confirmation)) = read(&asked) else { panic!() };
    assert_eq!(
        confirmation.url(),
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription\
         &TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aalarms&Token=2336%2F%26x"
    );
    assert!(!format!("{confirmation:?}").contains("2336"));
    let kept = CloudWatch.redacted(&asked).unwrap().to_string();
    assert!(!kept.contains("2336") && kept.contains("8a14"));
    let mut ended = asked;
    ended["Type"] = json!("UnsubscribeConfirmation");
    assert!(matches!(read(&ended), Ok(Reading::Ignored { .. })));
}

#[test]
fn an_alarm_is_read_from_its_message() {
    let event = event(read(&notification(&alarm("ALARM").to_string())));
    assert_eq!((event.title.as_str(), event.transition), ("shop 5xx", Transition::Firing));
    assert_eq!(event.dedup_key, "alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop 5xx");
    assert_eq!((event.event_id.as_deref(), event.service.as_deref()), (Some("e288882d"), Some("app/shop/50dc")));
    assert_eq!(event.ordered_at, "2027-03-01T06:03:12.093Z".parse().unwrap());
    assert_eq!(
        event.link.as_deref(),
        Some("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/shop%205xx")
    );
    assert_eq!(event.severity, None, "AWS states no severity");
    let resolved = super::tests::event(read(&notification(&alarm("OK").to_string())));
    assert_eq!((resolved.transition, resolved.dedup_key), (Transition::Resolved, event.dedup_key));
}

#[test]
fn tags_tell_more_and_missing_data_is_a_warning() {
    let mut tagged = alarm("ALARM");
    tagged["AlarmTags"] = json!([{"Key": "service", "Value": "shop"}, {"Key": "severity", "Value": "P1"}]);
    let tagged = event(read(&notification(&tagged.to_string())));
    assert_eq!((tagged.service.as_deref(), tagged.severity.unwrap().value), (Some("shop"), Severity::Critical));
    let missing = event(read(&notification(&alarm("INSUFFICIENT_DATA").to_string())));
    assert_eq!((missing.transition, missing.severity.unwrap().value), (Transition::Firing, Severity::Warning));
}

#[test]
fn old_and_composite_alarms_are_read_and_other_messages_are_not() {
    let composite = json!({
        "AlarmName": "checkout", "AWSAccountId": "123456789012", "NewStateValue": "ALARM", "AlarmDescription": null,
        "AlarmRule": "ALARM(\"shop\")", "StateChangeTime": "2027-03-01T06:03:12.640+0000",
    });
    assert_eq!(event(read(&notification(&composite.to_string()))).dedup_key, "alarm:123456789012:eu-west-1:checkout");
    for message in ["RDS Event: restarted", "{}", "[]", "5", ""] {
        assert!(read(&notification(message)).is_err(), "{message}");
    }
    assert!(read(&json!({"Type": "Other"})).is_err() && read(&json!([])).is_err());
}

#[test]
fn event_bridge_tells_the_same() {
    let state_change = |state: Value| {
        json!({
            "id": "c4c1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": "123456789012",
            "time": "2027-03-01T06:03:12Z", "region": "eu-west-1",
            "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop 5xx"],
            "detail": {
                "alarmName": "shop 5xx", "state": state, "alarmTags": {"team": "Web", "environment": "production"},
                "configuration": {"description": "Shop answers 5xx", "metrics": [{"metricStat": {"metric": {
                    "dimensions": {"LoadBalancer": "app/shop/50dc"}, "name": "5XX", "namespace": "AWS/ApplicationELB"}}}]},
            },
        })
    };
    let timestamp = "2027-03-01T06:03:12.093+0000";
    let firing = state_change(json!({"value": "ALARM", "reason": "Threshold Crossed", "timestamp": timestamp}));
    let by_event = event(event_bridge::read(&firing, received_at()));
    let by_message = event(read(&notification(&alarm("ALARM").to_string())));
    assert_eq!((&by_event.dedup_key, by_event.ordered_at), (&by_message.dedup_key, by_message.ordered_at));
    assert_eq!(
        (&by_event.title, &by_event.message, &by_event.service),
        (&by_message.title, &by_message.message, &by_message.service)
    );
    assert_eq!((by_event.team.as_deref(), by_event.environment.as_deref()), (Some("web"), Some("production")));
    let suppressed =
        state_change(json!({"value": "ALARM", "timestamp": timestamp, "actionsSuppressedBy": "WaitPeriod"}));
    assert!(matches!(event_bridge::read(&suppressed, received_at()), Ok(Reading::Ignored { .. })));
    let mut changed = state_change(json!({"value": "INSUFFICIENT_DATA", "timestamp": timestamp}));
    changed["detail-type"] = json!("CloudWatch Alarm Configuration Change");
    assert!(matches!(event_bridge::read(&changed, received_at()), Ok(Reading::Ignored { .. })));
    changed["detail"]["operation"] = json!("delete");
    assert_eq!(event(event_bridge::read(&changed, received_at())).transition, Transition::Resolved);
    for event in [json!({}), json!([]), json!({"detail-type": "Other"}), state_change(json!({"value": "X"}))] {
        assert!(event_bridge::read(&event, received_at()).is_err(), "{event}");
    }
}
