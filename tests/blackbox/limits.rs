//! What a sender is answered beyond the limit of its source.

use serde_json::json;
use tests::{
    Access, Answer, Api, Sandbox, TestStack, WebhookRequest,
    alertmanager::{GroupedAlert, group},
    hmac_sha256_hex,
};

const LIMITS: &str = "alertmanager=1,datadog=1,pagerduty=1,pagerduty-events=1";

/// Sends a webhook until it is refused. A minute may end in between, but not twice.
async fn refused(api: &Api, webhook: impl Fn(usize) -> WebhookRequest) -> Answer {
    for number in 0..4 {
        let answer = api.post(&webhook(number)).await;
        if answer.status != 202 {
            let seconds: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
            assert!((1..=60).contains(&seconds), "{seconds}");
            return answer;
        }
    }
    panic!("four webhooks were accepted");
}

fn event(number: usize) -> WebhookRequest {
    let body = json!({
        "routing_key": Access::secret_of("pagerduty-events"), "event_action": "trigger",
        "dedup_key": format!("limits/{number}"), "payload": { "summary": "It is slow" },
    });
    WebhookRequest::to("pagerduty-events/v2/enqueue", body.to_string())
}

fn incident(number: usize) -> WebhookRequest {
    let body = json!({ "event": {
        "id": format!("limits-{number}"), "event_type": "incident.triggered", "occurred_at": tests::rfc3339(tests::now()),
        "data": { "id": "PLIMITS", "type": "incident", "title": "It is slow" },
    }});
    let webhook = WebhookRequest::to("pagerduty", body.to_string());
    let signature = hmac_sha256_hex(&Access::secret_of("pagerduty"), &webhook.body);
    webhook.header("x-pagerduty-signature", format!("v1={signature}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_beyond_the_limit_is_refused_if_its_sender_sends_it_again() {
    let parameters = [("SourceLimits".to_owned(), LIMITS.to_owned())].into();
    let Some(stack) = TestStack::start(local::Options { parameters, ..TestStack::options() }).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let api = &sandbox.api;

    let answer = refused(api, event).await.expect(429);
    assert_eq!(answer.json()["status"], "throttle exceeded");
    let problem = refused(api, incident).await.problem(429);
    assert_eq!(problem.member("type"), "urn:incident-review:problem:over-limit");
    let access = stack.access();
    let alerts = |_| group([GroupedAlert::firing(&sandbox).json().clone()]).authenticated(&access);
    let problem = refused(api, alerts).await.problem(503);
    assert_eq!(problem.member("type"), "urn:incident-review:problem:over-limit");

    // Datadog gives up soon. What it sends is accepted, and all of it takes effect.
    for _ in 0..4 {
        api.deliver(&sandbox.monitor()).await.accepted();
    }
    let of_datadog = |alerts: &[serde_json::Value]| alerts.iter().filter(|alert| alert["source"] == "datadog").count();
    sandbox.alerts_when("4 of Datadog", |alerts| of_datadog(alerts) == 4).await;
    stack.stop().await;
}
