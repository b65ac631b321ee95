//! Checks the proofs against values that were computed elsewhere.

use super::*;

fn target() -> Target {
    Target {
        url: "http://127.0.0.1:3000/".to_owned(),
        datadog: Token::new("dd-token").unwrap(),
        sentry: Secret::new("8d1f0c6ab2e94757".to_owned()).unwrap(),
    }
}

fn webhook(source: Source) -> Webhook {
    Webhook {
        source,
        at: "2026-11-23T09:53:08Z".parse().unwrap(),
        headers: [("Sentry-Hook-Resource".to_owned(), "issue".to_owned())].into(),
        body: r#"{"action":"created","data":{"issue":{"id":"7","title":"Łódź"}}}"#.to_owned(),
    }
}

#[test]
fn each_source_has_an_address() {
    assert_eq!(target().address(Source::Sentry), "http://127.0.0.1:3000/webhooks/sentry");
}

/// OpenSSL computed the expected signature.
#[test]
fn datadog_sends_its_token_and_sentry_signs() {
    let target = target();
    let sentry = target.headers(&webhook(Source::Sentry)).unwrap();
    assert_eq!(sentry["sentry-hook-signature"], "0657b3d61c225e5d6484e0d51a6d0a79ec0c03bd13fa291d7e8bc2feae35e24b");
    assert_eq!(sentry["sentry-hook-resource"], "issue");
    assert!(!sentry.contains_key("x-webhook-token"));
    let datadog = target.headers(&webhook(Source::Datadog)).unwrap();
    assert_eq!(datadog["x-webhook-token"], "dd-token");
    assert!(!datadog.contains_key("sentry-hook-signature"));
    assert!(!format!("{target:?}{datadog:?}").contains("dd-token"));
}

#[test]
fn an_invalid_header_is_named() {
    let mut webhook = webhook(Source::Sentry);
    webhook.headers.insert("Request-ID".to_owned(), "a\nb".to_owned());
    assert_eq!(target().headers(&webhook), Err("Request-ID".to_owned()));
}
