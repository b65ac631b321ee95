//! Webhooks that are refused or quarantined, and how large they may be.

use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tests::{Api, Sandbox, WebhookRequest, datadog::Notification, random_digits};

const MEBIBYTE: usize = 1024 * 1024;

/// A notification whose body has exactly this size in bytes.
fn of_size(monitor: &Notification, size: usize, filling: &mut dyn Iterator<Item = char>) -> WebhookRequest {
    let bare = monitor.clone().with("body", "").body().to_string().len();
    let text: String = filling.take(size - bare).collect();
    let delivery = WebhookRequest::from(&monitor.clone().with("body", text));
    assert_eq!(delivery.body.len(), size);
    delivery
}

#[rstest]
#[case("splunk")]
#[case("Datadog")]
#[case("datadog2")]
#[case("%20")]
#[tokio::test]
async fn a_webhook_of_an_unknown_source_gets_404(#[case] source: &str) {
    let api = Api::shared();
    let webhook = WebhookRequest::to(source, "{}").header("content-type", "application/json");
    api.post(&webhook).await.problem(404);
    api.post(&webhook.header("x-webhook-token", api.access().datadog_secret.as_str())).await.problem(404);
}

#[rstest]
#[case(Method::GET)]
#[case(Method::PUT)]
#[case(Method::DELETE)]
#[case(Method::PATCH)]
#[tokio::test]
async fn webhooks_accept_only_post(#[case] method: Method) {
    let api = Api::shared();
    api.send(api.request(method, "/webhooks/datadog")).await.refused_by_gateway(404, "Not Found");
}

#[rstest]
#[case::empty(b"")]
#[case::blank(b" ")]
#[case::words(b"hello")]
#[case::form_that_names_no_problem(b"a=b&c=d")]
#[case::xml(b"<alert/>")]
#[case::single_quotes(b"{'id':'1'}")]
#[case::one_brace_more(b"{\"id\":\"1\"}}")]
#[case::trailing_comma(b"{\"id\":1,}")]
#[case::undefined(b"undefined")]
#[tokio::test]
async fn an_authentic_body_that_is_not_json_is_quarantined(#[case] body: &[u8]) {
    let api = Api::shared();
    api.deliver(WebhookRequest::datadog(body)).await.quarantined();
    api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined();
}

/// With a token, for the emulator changes such bytes, and then no signature fits.
#[tokio::test]
async fn an_authentic_body_of_bytes_that_are_no_text_is_quarantined() {
    Api::shared().deliver(WebhookRequest::datadog(b"\xff\xfe\x00\x7b")).await.quarantined();
}

#[tokio::test]
async fn truncated_json_is_quarantined() {
    let sandbox = Sandbox::new();
    let whole = WebhookRequest::from(&sandbox.monitor()).body;
    for length in [1, whole.len() / 2, whole.len() - 1] {
        sandbox.api.deliver(WebhookRequest::datadog(&whole[..length])).await.quarantined();
    }
}

#[tokio::test]
async fn the_proof_is_checked_before_the_body_is_parsed() {
    let api = Api::shared();
    api.post(&WebhookRequest::datadog("hello")).await.problem(401);
    api.post(&WebhookRequest::sentry("issue", "hello")).await.problem(401);
}

#[rstest]
#[case("{}")]
#[case("[]")]
#[case("[{}]")]
#[case("null")]
#[case("true")]
#[case("42")]
#[case("\"text\"")]
#[tokio::test]
async fn json_that_is_not_an_event_is_quarantined(#[case] body: &str) {
    let api = Api::shared();
    let unique = format!("{}{body}", " ".repeat(fastrand::usize(1..4_000)));
    api.deliver(WebhookRequest::sentry("issue", unique)).await.quarantined();
    // An object is an event of Datadog, whatever its members are.
    if !body.starts_with('{') {
        api.deliver(WebhookRequest::datadog(body)).await.quarantined();
    }
}

#[tokio::test]
async fn a_body_over_1_mib_gets_413() {
    let sandbox = Sandbox::new();
    let one_more = of_size(&sandbox.monitor(), MEBIBYTE + 1, &mut "slow ".chars().cycle());
    sandbox.api.deliver(&one_more).await.problem(413);
    let far_more = of_size(&sandbox.monitor(), 5 * MEBIBYTE, &mut "slow ".chars().cycle());
    sandbox.api.deliver(&far_more).await.problem(413);
}

#[tokio::test]
async fn a_body_of_exactly_1_mib_is_accepted() {
    let sandbox = Sandbox::new();
    let delivery = of_size(&sandbox.monitor(), MEBIBYTE, &mut "slow ".chars().cycle());
    let alert = sandbox.deliver(&delivery).await.remove(0);
    let message = alert["message"].as_str().unwrap();
    assert!(message.starts_with("slow slow") && message.ends_with("…[truncated]"), "{message}");
}

#[tokio::test]
async fn a_body_of_1_mib_that_does_not_compress_is_accepted() {
    let sandbox = Sandbox::new();
    let delivery = of_size(&sandbox.monitor(), MEBIBYTE, &mut std::iter::repeat_with(fastrand::alphanumeric));
    assert_eq!(sandbox.deliver(&delivery).await.len(), 1);
}

#[tokio::test]
async fn a_body_of_1_mib_without_a_content_type_is_accepted() {
    let sandbox = Sandbox::new();
    let delivery = of_size(&sandbox.monitor(), MEBIBYTE, &mut "slow ".chars().cycle()).without("content-type");
    assert_eq!(sandbox.deliver(&delivery).await.len(), 1);
}

#[tokio::test]
async fn a_datadog_body_without_known_members_is_accepted_or_quarantined() {
    let api = Api::shared();
    let body = json!({ "org": { "id": random_digits(12) } }).to_string();
    let (status, answer) = api.deliver(WebhookRequest::datadog(body)).await.receipt();
    assert!(["accepted", "quarantined"].contains(&status.as_str()), "{answer}");
}
