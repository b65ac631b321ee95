//! Who may do what.

use reqwest::Method;
use serde_json::json;
use tests::{Api, Sandbox};

const READS: [&str; 5] = [
    "/incidents",
    "/alerts",
    "/quarantine",
    "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "/quarantine/01ARZ3NDEKTSV4RRFFQ69G5FAV",
];

#[tokio::test]
async fn health_needs_no_token() {
    let api = Api::shared();
    let answer = api.send(api.request(Method::GET, "/health")).await.expect(200);
    assert_eq!(answer.json(), json!({ "status": "ok" }));
    api.get_as("wrong", "/health").await.expect(200);
}

#[tokio::test]
async fn a_request_without_a_token_gets_401() {
    let api = Api::shared();
    for path in READS {
        api.send(api.request(Method::GET, path)).await.refused_by_gateway(401, "Unauthorized");
    }
    let change = api.request(Method::PATCH, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status");
    api.send(change.body("{}")).await.refused_by_gateway(401, "Unauthorized");
}

#[tokio::test]
async fn an_unknown_token_gets_403() {
    let api = Api::shared();
    let access = api.access();
    let almost = &access.viewer_token[1..];
    let longer = format!("{}x", access.viewer_token);
    for wrong in ["wrong", almost, &longer, &access.datadog_secret, &access.sentry_secret] {
        for path in READS {
            api.get_as(wrong, path).await.refused_by_gateway(403, "Forbidden");
        }
    }
    let change = api.request(Method::PATCH, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status").bearer_auth("wrong");
    api.send(change.body("{}")).await.refused_by_gateway(403, "Forbidden");
}

#[tokio::test]
async fn only_the_bearer_scheme_is_accepted() {
    let api = Api::shared();
    let viewer = &api.access().viewer_token;
    for header in [format!("Basic {viewer}"), viewer.clone(), "Bearer".to_owned(), format!("Bearer {viewer} {viewer}")]
    {
        let request = api.request(Method::GET, "/incidents").header("authorization", &header);
        api.send(request).await.refused_by_gateway(403, "Forbidden");
    }
    let garbage = api.request(Method::GET, "/incidents").header("authorization", &b"Bearer \xff\xfe"[..]);
    api.send(garbage).await.refused_by_gateway(403, "Forbidden");
    let in_query = api.request(Method::GET, &format!("/incidents?access_token={viewer}"));
    api.send(in_query).await.refused_by_gateway(401, "Unauthorized");
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

#[tokio::test]
async fn an_unknown_route_or_method_gets_404() {
    let api = Api::shared();
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::GET, "/incidents/a/b/c"),
        (Method::POST, "/incidents"),
        (Method::DELETE, "/alerts"),
        (Method::PUT, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status"),
        (Method::GET, "/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV/status"),
        (Method::POST, "/health"),
    ] {
        let request = api.request(method.clone(), path).bearer_auth(&api.access().responder_token);
        let answer = api.send(request).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        answer.refused_by_gateway(404, "Not Found");
    }
}
