//! The HTTP client of the suite.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::{Access, Answer, WebhookRequest, contract, shared_stack, stack::timeout_factor};

/// How often a webhook is sent to a slow stack that does not take it.
const MAX_SENT: u32 = 4;

/// A client of one stack.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    access: Arc<Access>,
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// The page's items.
    pub items: Vec<Value>,
    /// The number of items on all pages.
    pub total: usize,
    /// The limit of the page.
    pub limit: usize,
    /// The number of items before the page.
    pub offset: usize,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
}

impl Page {
    /// The ids of the items.
    pub fn ids(&self) -> Vec<&str> {
        self.items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
    }
}

impl Api {
    /// A client of the stack that all tests share.
    ///
    /// Each test needs its own client: it has its own runtime, and a connection lives on one
    /// runtime.
    pub fn shared() -> Self {
        Self::to(shared_stack().clone())
    }

    /// A client of a stack.
    pub fn to(access: Access) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        Self { http, access: Arc::new(access) }
    }

    /// The stack's address and secrets.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// A request without a token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.access.url))
    }

    /// Sends a request. Its answer must be one that `openapi.yaml` describes.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("the request is well formed");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        // The address of a deployed stage has the stage's name before each route.
        let stage = reqwest::Url::parse(&self.access.url).expect("an address").path().trim_end_matches('/').to_owned();
        let answer = Answer::of(self.http.execute(request).await.expect("the stack answers")).await;
        // What a function answers is not for browsers to guess at.
        if answer.header("cache-control") == Some("no-store") {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        }
        contract::check(&method, path.strip_prefix(&stage).unwrap_or(&path), &answer);
        answer
    }

    /// Reads as the viewer.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.access.viewer_token, path).await
    }

    /// Reads as the responder.
    pub async fn get_as_responder(&self, path: &str) -> Answer {
        self.get_as(&self.access.responder_token, path).await
    }

    /// Reads with a token.
    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// A page of a list. The answer must be 200.
    pub async fn page(&self, path: &str) -> Page {
        page_of(&self.get(path).await.expect(200))
    }

    /// A page of the quarantine, as the responder. The answer must be 200.
    pub async fn quarantine(&self, query: &str) -> Page {
        page_of(&self.get_as_responder(&format!("/quarantine?{query}")).await.expect(200))
    }

    /// All items of a list, page by page with the cursor. The path must have a query string.
    pub async fn all_items(&self, path: &str) -> Vec<Value> {
        let mut page = self.page(&format!("{path}&limit=200")).await;
        let mut items = std::mem::take(&mut page.items);
        while let Some(cursor) = page.next_cursor.take() {
            page = self.page(&format!("{path}&limit=200&cursor={cursor}")).await;
            items.append(&mut page.items);
        }
        items
    }

    /// An incident with its alerts and actions. Asserts that its history skips no step.
    pub async fn detail(&self, incident_id: &str) -> Value {
        let detail = self.get(&format!("/incidents/{incident_id}")).await.expect(200).json();
        assert_no_step_skipped(&detail);
        detail
    }

    /// A request that changes something, as the responder.
    pub fn change_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.access.responder_token).header("content-type", "application/json")
    }

    /// Sends a comment on an incident, as the responder.
    pub async fn comment(&self, incident_id: &str, comment: &str) -> Answer {
        let body = serde_json::json!({ "comment": comment });
        let request = self.change_request(Method::POST, &format!("/incidents/{incident_id}/comments"));
        self.send(request.body(body.to_string())).await
    }

    /// Says who works on an incident, as the responder.
    pub async fn assign(&self, incident_id: &str, assignee: Option<&str>) -> Answer {
        let body = serde_json::json!({ "assignee": assignee });
        let request = self.change_request(Method::PUT, &format!("/incidents/{incident_id}/assignee"));
        self.send(request.body(body.to_string())).await
    }

    /// A request that changes an incident's status, as the responder.
    pub fn status_request(&self, incident_id: &str) -> RequestBuilder {
        self.change_request(Method::PATCH, &format!("/incidents/{incident_id}/status"))
    }

    /// Sends a body to the status of an incident, as the responder.
    pub async fn patch_status(&self, incident_id: &str, body: &Value) -> Answer {
        self.send(self.status_request(incident_id).body(body.to_string())).await
    }

    /// Changes the status of an incident, which must be allowed, and returns the incident.
    pub async fn change_status(&self, incident_id: &str, status: &str) -> Value {
        let answer = self.patch_status(incident_id, &serde_json::json!({ "status": status })).await;
        answer.expect(200).json()["incident"].take()
    }

    /// Adds the proof of its source to a webhook: a token or a signature.
    pub fn sign(&self, webhook: impl Into<WebhookRequest>) -> WebhookRequest {
        webhook.into().authenticated(&self.access)
    }

    /// Posts a webhook without adding a proof.
    pub async fn post(&self, delivery: &WebhookRequest) -> Answer {
        let mut request = self.request(Method::POST, &format!("/webhooks/{}", delivery.source));
        for (name, value) in &delivery.headers {
            request = request.header(name, value.as_slice());
        }
        self.send(request.body(delivery.body.clone())).await
    }

    /// Posts a webhook with the proof of its source. A deployed stack may be too slow for the second that a source
    /// waits: what it answers with 503 is sent again, as its source would.
    pub async fn deliver(&self, webhook: impl Into<WebhookRequest>) -> Answer {
        let webhook = self.sign(webhook);
        let mut answer = self.post(&webhook).await;
        for _ in 1..timeout_factor().min(MAX_SENT) {
            if answer.status != 503 {
                break;
            }
            answer = self.post(&webhook).await;
        }
        answer
    }
}

/// Asserts that the status changes of a detail lead from `OPEN`, one step at a time. A detail that
/// does not show all actions is not checked.
fn assert_no_step_skipped(detail: &Value) {
    const STEPS: [&str; 4] = ["OPEN", "INVESTIGATING", "RESOLVED", "CLOSED"];
    const SHOWN: usize = 50;
    let actions = detail["actions"].as_array().expect("a list");
    let changes = actions.iter().rev().filter(|action| action["type"] == "status_changed");
    let changes: Vec<_> =
        changes.map(|action| (&action["details"]["from"], &action["details"]["to"])).take(STEPS.len()).collect();
    let is_legal = changes.iter().zip(STEPS.windows(2)).all(|((from, to), step)| *from == step[0] && *to == step[1]);
    assert!(
        actions.len() == SHOWN || (is_legal && changes.len() < STEPS.len()),
        "the history skips a step: {detail:#}"
    );
}

fn page_of(answer: &Answer) -> Page {
    serde_json::from_value(answer.json()).unwrap_or_else(|error| panic!("{error} in {}", answer.text()))
}
