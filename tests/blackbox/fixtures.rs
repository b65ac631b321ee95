//! Bodies as the sources send them, and the alert that each must become. Their times are moved to the
//! present.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, TimeShift, WAIT_TIMEOUT, WebhookRequest, assert_members, eventually, hmac_sha256_hex, now, rfc3339};

macro_rules! fixture {
    ($source:literal, $name:literal) => {
        include_bytes!(concat!("../fixtures/", $source, "/", $name, ".json"))
    };
}

/// A fixture of Sentry: its resource, its body, and the signature that `openssl dgst` computes with
/// `local-sentry-secret`.
struct Sentry {
    resource: &'static str,
    body: &'static [u8],
    signature: &'static str,
}

const ISSUE_FATAL: Sentry = Sentry {
    resource: "issue",
    body: fixture!("sentry", "issue_created_fatal_is_critical"),
    signature: "83c7fc1ed7ec6f32be84763bd29f203c8656aa3786ce63b434dea8b473380d82",
};
const ISSUE_UTF8: Sentry = Sentry {
    resource: "issue",
    body: fixture!("sentry", "issue_created_non_ascii_utf8_is_warning"),
    signature: "9b43ed071afea7ada7da00eb36628927341b900671651022406ad0cf395de4d4",
};
const ISSUE_ESCAPED: Sentry = Sentry {
    resource: "issue",
    body: fixture!("sentry", "issue_created_non_ascii_escaped_is_warning"),
    signature: "df53e78280b0511c671998be0949d8f52e5897aad75763762c96b2edd94b5bcc",
};
const EVENT_ALERT: Sentry = Sentry {
    resource: "event_alert",
    body: fixture!("sentry", "event_alert_triggered_in_staging_is_error"),
    signature: "a26f2990a7d6cd206017356d2a5c30957534973a73228227f3978bc7be5332b5",
};
const ERROR: Sentry = Sentry {
    resource: "error",
    body: fixture!("sentry", "error_created_environment_is_a_tag_is_info"),
    signature: "1413e49db7ccd37fbd2cf8353938123f0d4b7874599b545ffcf3050696eb85c6",
};
const METRIC_CRITICAL: Sentry = Sentry {
    resource: "metric_alert",
    body: fixture!("sentry", "metric_alert_critical_is_critical"),
    signature: "f6d8c31a620fd31e9061d7d34902d9cfeafd6b12c39504f2300585e55a92a107",
};
const METRIC_WARNING: Sentry = Sentry {
    resource: "metric_alert",
    body: fixture!("sentry", "metric_alert_warning_without_environment_is_warning"),
    signature: "2dd1705ccec1352bf58d2d6a9cee9a4c4a36d7bcfdc4e049aa76bc11742c4909",
};
const COMMENT: Sentry = Sentry {
    resource: "comment",
    body: fixture!("sentry", "comment_created_is_ignored"),
    signature: "eb7dcd37a5c7e1ffe114ae06e5278608e21f2925922f9108b3b18357029a74ba",
};
const INSTALLATION: Sentry = Sentry {
    resource: "installation",
    body: fixture!("sentry", "installation_created_is_ignored"),
    signature: "9b7a8469ab73bd996969396ad1a6f62dc0f1ab937fb05f33c6ecce6e5b31008b",
};

/// Fixtures of Datadog, and the signatures that `openssl dgst` computes with
/// `local-datadog-secret`.
const DATADOG_SIGNATURES: [(&[u8], &str); 3] = [
    (
        fixture!("datadog", "published_template_triggered_p1_is_critical"),
        "e510c1034ade1922c610e87173d28b9827da11ee88d5a901d9bdf52cb4b60977",
    ),
    (
        fixture!("datadog", "non_ascii_escaped_is_error"),
        "dafd437e9425bd1a005dd8e694280352332d0b8f99cb5f2ce44765377e78c5a7",
    ),
    (
        fixture!("datadog", "non_ascii_utf8_is_error"),
        "0a0acf29caede8c772a87a12320e1d61ca24aeb56ecf771471c82f97b21c3d69",
    ),
];

#[rstest]
#[case(ISSUE_FATAL)]
#[case(ISSUE_UTF8)]
#[case(ISSUE_ESCAPED)]
#[case(EVENT_ALERT)]
#[case(ERROR)]
#[case(METRIC_CRITICAL)]
#[case(METRIC_WARNING)]
#[case(COMMENT)]
#[case(INSTALLATION)]
fn the_suite_signs_sentry_webhooks_like_openssl(#[case] sentry: Sentry) {
    assert_eq!(hmac_sha256_hex("local-sentry-secret", sentry.body), sentry.signature);
}

#[test]
fn the_suite_signs_datadog_webhooks_like_openssl() {
    for (body, signature) in DATADOG_SIGNATURES {
        assert_eq!(hmac_sha256_hex("local-datadog-secret", body), signature);
    }
}

/// Moves the fixtures' times to the last days. Their day of the month tells some of them apart.
fn shift() -> TimeShift {
    TimeShift::between("2026-01-10T10:30:00Z", now())
}

fn to_the_present(body: &[u8], shift: TimeShift) -> String {
    shift.text(std::str::from_utf8(body).expect("a fixture is text"))
}

/// Waits for the one alert of a fixture.
async fn alert(api: &Api, filter: &str, title: &str) -> Value {
    eventually(WAIT_TIMEOUT, async || {
        let mut alerts = api.all_items(&format!("/alerts?{filter}")).await;
        alerts.retain(|alert| alert["title"].as_str().is_some_and(|present| present.contains(title)));
        match alerts.as_slice() {
            [alert] => Ok(alert.clone()),
            _ => Err(format!("one alert {title:?} with {filter} in {alerts:#?}")),
        }
    })
    .await
}

/// Sends a body of Datadog and asserts the members of its alert.
async fn datadog_becomes(body: &[u8], filter: &str, expected: Value) {
    let api = Api::shared();
    let shift = shift();
    api.deliver(WebhookRequest::datadog(to_the_present(body, shift))).await.accepted();
    assert_alert(&api, "datadog", filter, moved(expected, shift)).await;
}

/// Sends a body of Sentry and asserts the members of its alert.
async fn sentry_becomes(sentry: Sentry, filter: &str, expected: Value) {
    let api = Api::shared();
    let shift = shift();
    api.deliver(WebhookRequest::sentry(sentry.resource, to_the_present(sentry.body, shift))).await.accepted();
    assert_alert(&api, "sentry", filter, moved(expected, shift)).await;
}

fn moved(mut expected: Value, shift: TimeShift) -> Value {
    if let Some(at) = expected["occurred_at"].as_str() {
        expected["occurred_at"] = rfc3339(shift.time(at)).into();
    }
    expected
}

async fn assert_alert(api: &Api, source: &str, filter: &str, expected: Value) {
    let alert = alert(api, filter, expected["title"].as_str().expect("a title to expect")).await;
    assert_members(&alert, &json!({ "source": source, "status": "firing", "occurrences": 1 }));
    assert_members(&alert, &expected);
    assert!(alert["incident_id"].is_string(), "{alert:#}");
}

#[tokio::test]
async fn datadogs_published_template_is_read() {
    let expected = json!({
        "title": "Ledger writes are failing",
        "message": "More than 5 % of ledger writes failed in the last 5 minutes.",
        "severity": "critical",
        "service": "fx-ledger",
        "environment": "fx-published",
        "team": "payments",
        "link": "https://app.datadoghq.com/event/event?id=8120044519320771101",
        "occurred_at": "2026-01-01T10:00:00.000Z",
        "tags": ["env:fx-published", "monitor", "region:eu-west-1", "service:fx-ledger", "team:payments"],
    });
    let body = fixture!("datadog", "published_template_triggered_p1_is_critical");
    datadog_becomes(body, "environment=fx-published", expected).await;
}

#[tokio::test]
async fn datadogs_default_template_is_read() {
    let expected = json!({
        "title": "Archive disk is almost full (fixture)",
        "severity": "error",
        "service": null,
        "environment": "production",
        "occurred_at": "2026-01-02T10:00:00.000Z",
    });
    let body = fixture!("datadog", "default_template_title_says_p2_is_error");
    datadog_becomes(body, "environment=production&source=datadog&severity=error", expected).await;
}

#[tokio::test]
async fn datadog_members_of_other_templates_are_read() {
    let expected = json!({
        "title": "Queue of fx-mailer grows",
        "severity": "warning",
        "service": "fx-mailer",
        "team": "growth",
        "link": "https://app.datadoghq.com/monitors/70334455",
        "occurred_at": "2026-01-03T10:00:00.000Z",
        "tags": ["environment:fx-other-names", "service:fx-mailer", "monitor", "team:growth"],
    });
    let body = fixture!("datadog", "other_names_list_tags_numeric_ids_is_warning");
    datadog_becomes(body, "environment=fx-other-names", expected).await;
}

#[tokio::test]
async fn a_severity_member_and_scopes_of_datadog_are_read() {
    let expected = json!({
        "title": "Certificate of fx-gateway renews late",
        "severity": "info",
        "service": "fx-gateway",
        "team": "edge",
        "occurred_at": "2026-01-04T10:00:00.000Z",
    });
    let body = fixture!("datadog", "severity_member_scopes_is_info");
    datadog_becomes(body, "environment=fx-severity-member", expected).await;
}

#[tokio::test]
async fn unset_variables_of_datadog_count_as_absent() {
    let expected = json!({
        "title": "Checks of fx-pricing fail",
        "severity": "error",
        "service": "fx-pricing",
        "link": null,
        "occurred_at": "2026-01-05T10:00:00.000Z",
    });
    let body = fixture!("datadog", "unset_variables_are_absent_is_error");
    datadog_becomes(body, "environment=fx-unset", expected).await;
}

#[rstest]
#[case::utf8(fixture!("datadog", "non_ascii_utf8_is_error"), "fx-utf8")]
#[case::escaped(fixture!("datadog", "non_ascii_escaped_is_error"), "fx-escaped")]
#[tokio::test]
async fn non_ascii_text_of_datadog_is_read(#[case] body: &[u8], #[case] environment: &str) {
    let expected = json!({ "title": "Größe der Warteschlange — 注文キュー 🐌", "severity": "error", "team": "größe" });
    datadog_becomes(body, &format!("environment={environment}"), expected).await;
}

#[tokio::test]
async fn a_created_issue_of_sentry_is_read() {
    let expected = json!({
        "title": "OutOfMemory: the invoice renderer was killed",
        "severity": "critical",
        "service": "fx-billing",
        "environment": "production",
        "link": "https://larkspur.sentry.io/issues/6100000001/",
        "occurred_at": "2026-01-01T10:00:00.125Z",
    });
    sentry_becomes(ISSUE_FATAL, "service=fx-billing", expected).await;
}

#[rstest]
#[case::utf8(ISSUE_UTF8, "fx-search")]
#[case::escaped(ISSUE_ESCAPED, "fx-search-escaped")]
#[tokio::test]
async fn non_ascii_text_of_sentry_is_read(#[case] sentry: Sentry, #[case] service: &str) {
    let expected = json!({ "title": "Keine Treffer für „Käse“ 🧀 <b>&'/x/", "severity": "warning", "link": null });
    sentry_becomes(sentry, &format!("service={service}"), expected).await;
}

#[tokio::test]
async fn an_event_alert_of_sentry_is_read() {
    let expected = json!({
        "title": "TypeError: cart.items is not iterable",
        "severity": "error",
        "service": "fx-cart",
        "environment": "fx-staging",
        "link": "https://sentry.io/organizations/larkspur/issues/6100000004/events/0c3e4f5a6b7c8d9e0f1a2b3c4d5e6f70/",
        "occurred_at": "2026-01-04T10:00:00.250Z",
    });
    sentry_becomes(EVENT_ALERT, "service=fx-cart", expected).await;
}

#[tokio::test]
async fn an_error_of_sentry_with_the_environment_as_a_tag_is_read() {
    let expected = json!({
        "title": "Notice: the old endpoint was called",
        "severity": "info",
        "service": "fx-portal",
        "environment": "fx-tagged",
        "occurred_at": "2026-01-05T10:00:00.500Z",
    });
    sentry_becomes(ERROR, "service=fx-portal", expected).await;
}

#[tokio::test]
async fn a_metric_alert_of_sentry_is_read() {
    let expected = json!({
        "title": "Too many slow requests",
        "severity": "critical",
        "service": "fx-frontdoor",
        "environment": "fx-metric",
        "link": "https://larkspur.sentry.io/alerts/rules/details/61/",
        "occurred_at": "2026-01-06T10:00:00.750Z",
    });
    sentry_becomes(METRIC_CRITICAL, "service=fx-frontdoor", expected).await;
}

#[tokio::test]
async fn a_metric_alert_of_sentry_with_a_numeric_id_is_read() {
    let expected = json!({ "title": "Sign-ins fail", "severity": "warning", "environment": "production" });
    sentry_becomes(METRIC_WARNING, "service=fx-accounts", expected).await;
}

#[rstest]
#[case::comment(COMMENT)]
#[case::installation(INSTALLATION)]
#[tokio::test]
async fn comments_and_installations_of_sentry_are_ignored(#[case] sentry: Sentry) {
    Api::shared().deliver(WebhookRequest::sentry(sentry.resource, sentry.body)).await.ignored();
}
