//! Checks the proofs against values that were computed elsewhere, and against the product's own checks.

use std::collections::BTreeMap;

use shared::{
    domain::time::Time,
    sources::{self, Certificate, Headers, signature::Secret},
};

use super::*;
use crate::load::{Sns, Token};

const BODY: &str = r#"{"action":"created","data":{"issue":{"id":"7","title":"Łódź"}}}"#;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";

fn secret(text: &str) -> Option<Secret> {
    Secret::new(text.to_owned())
}

fn target() -> Target {
    let key = include_str!("../../../../infra/local/keys/sns_signing_key.pem");
    let proofs = Proofs {
        alertmanager: Token::bearer("am-token"),
        cloudwatch: Sns::new(TOPIC, key),
        datadog: Token::new("dd-token"),
        generic: Generic::new("whsec_c2VjcmV0"),
        grafana: secret("grafana-secret"),
        pagerduty: secret("pd-secret"),
        pagerduty_events: secret("pd-routing-key"),
        sentry: secret("8d1f0c6ab2e94757"),
    };
    Target { url: "http://127.0.0.1:3000/".to_owned(), proofs }
}

fn now() -> Time {
    "2026-12-23T09:53:08Z".parse().unwrap()
}

fn webhook(source: Source, body: &str) -> Webhook {
    let headers = [("Sentry-Hook-Resource".to_owned(), "issue".to_owned())].into();
    Webhook { source, at: "2026-12-01T09:00:00Z".parse().unwrap(), headers, body: body.to_owned() }
}

fn request(source: Source) -> Request {
    target().request(&webhook(source, BODY), now()).unwrap().unwrap()
}

#[test]
fn each_source_has_an_address() {
    assert_eq!(request(Source::Sentry).address, "http://127.0.0.1:3000/webhooks/sentry");
    assert_eq!(request(Source::PagerDutyEvents).address, "http://127.0.0.1:3000/webhooks/pagerduty-events");
}

/// OpenSSL computed the expected signature.
#[test]
fn datadog_sends_its_token_and_sentry_signs() {
    let sentry = request(Source::Sentry).headers;
    assert_eq!(sentry["sentry-hook-signature"], "0657b3d61c225e5d6484e0d51a6d0a79ec0c03bd13fa291d7e8bc2feae35e24b");
    assert_eq!(sentry["sentry-hook-resource"], "issue");
    assert!(!sentry.contains_key("x-webhook-token"));
    let datadog = request(Source::Datadog).headers;
    assert_eq!(datadog["x-webhook-token"], "dd-token");
    assert!(!datadog.contains_key("sentry-hook-signature"));
    assert!(!format!("{:?}{datadog:?}", target()).contains("dd-token"));
}

#[test]
fn the_product_takes_the_proof_of_each_source() {
    let secrets = BTreeMap::from([
        ("alertmanager", "am-token"),
        ("cloudwatch", TOPIC),
        ("datadog", "dd-token"),
        ("generic", "whsec_c2VjcmV0"),
        ("grafana", "grafana-secret"),
        ("pagerduty", "pd-secret"),
        ("pagerduty-events", "pd-routing-key"),
        ("sentry", "8d1f0c6ab2e94757"),
    ]);
    let certificate =
        Certificate::from_pem(include_bytes!("../../../../infra/local/keys/sns_certificate.pem")).unwrap();
    for source in sources::SOURCES {
        let named: Source = serde_json::from_value(json!(source.name())).unwrap();
        let body = match named {
            Source::CloudWatch => r#"{"Type":"Notification","MessageId":"1","Message":"{}"}"#,
            _ => BODY,
        };
        let Request { headers, body, .. } = target().request(&webhook(named, body), now()).unwrap().unwrap();
        let headers: Headers = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let received_at = now();
        let received = sources::Request {
            certificate: Some(&certificate),
            ..sources::Request::new(&headers, body.as_bytes(), received_at)
        };
        let proves = |secret: &str| source.is_authentic(&[Secret::new(secret.to_owned()).unwrap()], &received);
        assert!(proves(secrets[source.name()]) && !proves("another secret"), "{}", source.name());
    }
}

#[test]
fn a_webhook_without_a_proof_is_not_sent() {
    let target = Target { proofs: Proofs { datadog: Token::new("dd-token"), ..Proofs::default() }, ..target() };
    assert!(target.request(&webhook(Source::Datadog, BODY), now()).unwrap().is_some());
    for source in [
        Source::Alertmanager,
        Source::CloudWatch,
        Source::Generic,
        Source::Grafana,
        Source::PagerDuty,
        Source::PagerDutyEvents,
        Source::Sentry,
    ] {
        assert!(target.request(&webhook(source, BODY), now()).unwrap().is_none(), "{source:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_named() {
    let mut bad = webhook(Source::Sentry, BODY);
    bad.headers.insert("Request-ID".to_owned(), "a\nb".to_owned());
    assert!(matches!(target().request(&bad, now()), Err(LoadErrorKind::Header(name)) if name == "Request-ID"));
    for source in [Source::CloudWatch, Source::PagerDutyEvents] {
        let refused = target().request(&webhook(source, "[]"), now());
        assert!(matches!(refused, Err(LoadErrorKind::Body(named)) if named == source), "{refused:?}");
    }
}
