//! An HTTP answer and the assertions that tests make about it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole HTTP answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.expect("the answer's body is text"),
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("the answer's headers are text"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        &self.body
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body as JSON, or null if it is not JSON.
    pub(crate) fn try_json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Asserts the status and returns the answer.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all that a test asserts")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Asserts that the answer is a problem document with the status and all required members.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Problem {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.body);
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        for member in ["type", "title", "detail"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "`{member}` is missing: {body}");
        }
        assert!(body["type"].as_str().is_some_and(|kind| kind.starts_with("urn:")), "{body}");
        Problem(body)
    }

    /// Asserts that API Gateway itself refused the request, with its own body `{"message": …}`.
    #[track_caller]
    pub fn refused_by_gateway(&self, status: u16, message: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.json(), serde_json::json!({ "message": message }));
    }

    /// Asserts that a webhook got 202, and returns the `status` of its receipt and the whole body.
    #[track_caller]
    pub fn receipt(&self) -> (String, Value) {
        assert_eq!(self.status, 202, "{}", self.body);
        let body = self.json();
        (body["status"].as_str().expect("a status").to_owned(), body)
    }

    /// Asserts that a webhook was accepted, and returns its delivery id.
    #[track_caller]
    pub fn accepted(&self) -> String {
        self.delivery_id_of("accepted")
    }

    /// Asserts that a webhook was quarantined with a reason, and returns its delivery id.
    #[track_caller]
    pub fn quarantined(&self) -> String {
        assert!(self.json()["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", self.body);
        self.delivery_id_of("quarantined")
    }

    /// Asserts that a webhook was ignored with a reason.
    #[track_caller]
    pub fn ignored(&self) {
        let (status, body) = self.receipt();
        assert_eq!(status, "ignored", "{body}");
        assert!(body["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{body}");
    }

    #[track_caller]
    fn delivery_id_of(&self, expected: &str) -> String {
        let (status, body) = self.receipt();
        assert_eq!(status, expected, "{body}");
        let id = body["delivery_id"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "no delivery_id: {body}");
        id.to_owned()
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Clone)]
pub struct Problem(Value);

impl Problem {
    /// A member of the document.
    pub fn member(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// The names of the wrong parameters, sorted.
    #[track_caller]
    pub fn parameters(&self) -> Vec<&str> {
        let errors = self.0["errors"].as_array().unwrap_or_else(|| panic!("no errors in {}", self.0));
        let mut parameters = Vec::new();
        for error in errors {
            assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
            parameters.push(error["parameter"].as_str().unwrap_or_else(|| panic!("no parameter in {error}")));
        }
        parameters.sort_unstable();
        parameters
    }
}

/// Asserts that an object has these members with these values. It may have others.
#[track_caller]
pub fn assert_members(object: &Value, expected: &Value) {
    for (member, value) in expected.as_object().expect("members to expect") {
        assert_eq!(&object[member], value, "`{member}` of {object:#}");
    }
}

/// Asserts that an object has exactly these members.
#[track_caller]
pub fn assert_only_members(object: &Value, expected: &[&str]) {
    let mut present: Vec<&str> =
        object.as_object().unwrap_or_else(|| panic!("not an object: {object}")).keys().map(String::as_str).collect();
    let mut expected = expected.to_vec();
    present.sort_unstable();
    expected.sort_unstable();
    assert_eq!(present, expected);
}
