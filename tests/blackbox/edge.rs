//! Who may call at all: the addresses of a source, and the edge before the API.

use reqwest::Method;
use tests::{Api, Sandbox, TestStack, WebhookRequest, sentry::Issue};

const SECRET: &str = "an-edge-secret-of-at-least-32-chars";
const NEXT_SECRET: &str = "the-next-edge-secret-of-32-chars-xx";

/// Options of an empty stack with these parameters.
fn with(parameters: &[(&str, &str)]) -> local::Options {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    local::Options { parameters, ..TestStack::options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_a_source_come_from_its_addresses_only() {
    let allowed = [("AllowedAddresses", "datadog=192.0.2.0/24,2001:db8::/32;sentry=127.0.0.0/8")];
    let Some(stack) = TestStack::start(with(&allowed)).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    sandbox.api.deliver(&Issue::of(&sandbox).error(sandbox.time)).await.accepted();

    let problem = sandbox.api.deliver(&sandbox.monitor()).await.problem(403);
    assert_eq!(problem.member("detail"), "This address may not send webhooks of this source.");
    // Without an edge, anybody can write this header.
    let forwarded = sandbox.api.sign(&sandbox.monitor()).header("x-forwarded-for", "192.0.2.1");
    sandbox.api.post(&forwarded).await.problem(403);
    sandbox.api.post(&WebhookRequest::datadog("{}")).await.problem(403);
    sandbox.alerts_when("the alert of Sentry", |alerts| alerts.len() == 1).await;
    assert_eq!(sandbox.api.page("/alerts").await.total, 1);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_an_edge_only_requests_from_it_are_answered() {
    let secrets = format!("{SECRET},{NEXT_SECRET}");
    let Some(stack) = TestStack::start(with(&[("EdgeSecrets", &secrets)])).await else { return };
    let api = Api::to(stack.access());
    let token = &api.access().viewer_token;
    let sandbox = Sandbox::on(api.clone());
    for path in ["/health", "/incidents"] {
        let request = || api.request(Method::GET, path).bearer_auth(token);
        for refused in [request(), request().header("X-Edge-Secret", "another"), request().header("X-Edge-Secret", "")]
        {
            let problem = api.send(refused).await.problem(403);
            assert_eq!(problem.member("detail"), "Call the API at its public address.", "{path}");
        }
        for secret in [SECRET, NEXT_SECRET] {
            api.send(request().header("X-Edge-Secret", secret)).await.expect(200);
        }
    }
    api.deliver(&sandbox.monitor()).await.problem(403);
    let webhook = api.sign(&sandbox.monitor()).header("x-edge-secret", SECRET);
    api.post(&webhook).await.accepted();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_edge_the_address_is_the_one_that_called_it() {
    let parameters = [("EdgeSecrets", SECRET), ("AllowedAddresses", "datadog=192.0.2.0/24")];
    let Some(stack) = TestStack::start(with(&parameters)).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let post = async |forwarded: &str| {
        let webhook = sandbox.api.sign(&sandbox.monitor()).header("x-edge-secret", SECRET);
        sandbox.api.post(&webhook.header("x-forwarded-for", forwarded)).await
    };
    post("192.0.2.7").await.accepted();
    // What the caller itself wrote stands before what the edge adds.
    post("203.0.113.9, 192.0.2.7").await.accepted();
    post("192.0.2.7, 203.0.113.9").await.problem(403);
    post("nonsense").await.problem(403);
    stack.stop().await;
}
