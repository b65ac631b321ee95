//! Who may do what.

use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tests::{Access, Api, Sandbox};

#[tokio::test]
async fn health_needs_no_token() {
    let api = Api::shared();
    let answer = api.send(api.request(Method::GET, "/health")).await.expect(200);
    assert_eq!(answer.json(), json!({ "status": "ok" }));
    api.get_as("wrong", "/health").await.expect(200);
}

#[rstest]
#[case(Method::GET, "/incidents")]
#[case(Method::GET, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV")]
#[case(Method::PATCH, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status")]
#[case(Method::GET, "/alerts")]
#[case(Method::GET, "/quarantine")]
#[case(Method::GET, "/quarantine/01ARZ3NDEKTSV4RRFFQ69G5FAV")]
#[tokio::test]
async fn a_request_without_a_token_gets_401(#[case] method: Method, #[case] path: &str) {
    let api = Api::shared();
    api.send(api.request(method, path).body("{}")).await.refused_by_gateway(401, "Unauthorized");
}

#[rstest]
#[case::unknown(|_: &Access| "wrong".to_owned())]
#[case::without_its_first_character(|access: &Access| access.viewer_token[1..].to_owned())]
#[case::with_one_more_character(|access: &Access| format!("{}x", access.viewer_token))]
#[case::secret_of_datadog(|access: &Access| access.datadog_secret.clone())]
#[case::secret_of_sentry(|access: &Access| access.sentry_secret.clone())]
#[tokio::test]
async fn an_unknown_token_gets_403(#[case] token: fn(&Access) -> String) {
    let api = Api::shared();
    let token = token(api.access());
    for path in ["/incidents", "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/alerts", "/quarantine"] {
        api.get_as(&token, path).await.refused_by_gateway(403, "Forbidden");
    }
    let change = api.request(Method::PATCH, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status").bearer_auth(token);
    api.send(change.body("{}")).await.refused_by_gateway(403, "Forbidden");
}

#[rstest]
#[case::basic(|viewer: &str| format!("Basic {viewer}").into_bytes())]
#[case::no_scheme(|viewer: &str| viewer.as_bytes().to_vec())]
#[case::no_token(|_: &str| b"Bearer".to_vec())]
#[case::two_tokens(|viewer: &str| format!("Bearer {viewer} {viewer}").into_bytes())]
#[case::not_utf8(|_: &str| b"Bearer \xff\xfe".to_vec())]
#[tokio::test]
async fn only_the_bearer_scheme_is_accepted(#[case] header: fn(&str) -> Vec<u8>) {
    let api = Api::shared();
    let request = api.request(Method::GET, "/incidents").header("authorization", header(&api.access().viewer_token));
    api.send(request).await.refused_by_gateway(403, "Forbidden");
}

#[tokio::test]
async fn a_token_in_the_query_string_is_not_read() {
    let api = Api::shared();
    let path = format!("/incidents?access_token={}", api.access().viewer_token);
    api.send(api.request(Method::GET, &path)).await.refused_by_gateway(401, "Unauthorized");
}

#[tokio::test]
async fn viewers_and_responders_can_read() {
    let api = Api::shared();
    for path in ["/incidents", "/alerts"] {
        api.get(path).await.expect(200);
        api.get_as_responder(path).await.expect(200);
    }
    api.get_as_responder("/quarantine").await.expect(200);
}

#[tokio::test]
async fn a_viewer_cannot_change_a_status() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let change = sandbox
        .api
        .request(Method::PATCH, &format!("/incidents/{incident}/status"))
        .bearer_auth(&sandbox.api.access().viewer_token)
        .body(json!({ "status": "INVESTIGATING" }).to_string());
    sandbox.api.send(change).await.problem(403);
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["status"], "OPEN");
}

#[rstest]
#[case(Method::POST, "/")]
#[case(Method::GET, "/nothing")]
#[case(Method::GET, "/incidents/a/b/c")]
#[case(Method::POST, "/incidents")]
#[case(Method::DELETE, "/alerts")]
#[case(Method::PUT, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status")]
#[case(Method::GET, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status")]
#[case(Method::POST, "/health")]
#[tokio::test]
async fn an_unknown_route_or_method_gets_404(#[case] method: Method, #[case] path: &str) {
    let api = Api::shared();
    let request = api.request(method, path).bearer_auth(&api.access().responder_token);
    api.send(request).await.refused_by_gateway(404, "Not Found");
}
