//! Builds the answers of the API: JSON bodies and their headers.

use lambda_http::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;

use super::{Body, Response, etag, problem::Problem, view::PageView};
use crate::listing::page::Page;

/// An answer with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    with_content_type(status, "application/json", body)
}

/// An answer without a body.
#[must_use]
pub fn no_content() -> Response {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An answer with one page of a list. `view` turns an item into its wire form.
pub fn page<T, V: Serialize>(page: Page<T>, view: impl Fn(T) -> V) -> Response {
    json(StatusCode::OK, &PageView::of(page, view))
}

/// An answer with a JSON body about one version of an incident. Its `ETag` names the version.
pub fn versioned(status: StatusCode, version: u64, body: &impl Serialize) -> Response {
    tagged(json(status, body), version)
}

fn tagged(mut answer: Response, version: u64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&etag::format(version)) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// An answer with a text. The caller says what it is.
pub(super) fn text(body: String) -> Response {
    let mut answer = Response::new(Body::Text(body));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn with_content_type(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response {
    // This cannot fail: all views are structs of strings, numbers and lists.
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut answer = text(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let status = problem.status();
        let mut answer = with_content_type(status, "application/problem+json", &problem);
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // RFC 9110, 15.5.2: a 401 names at least one way to authenticate.
            StatusCode::UNAUTHORIZED => {
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        match problem.version() {
            Some(version) => tagged(answer, version),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_finished_says_when_to_retry() {
        let answer = Response::from(Problem::not_finished());
        assert_eq!((answer.status().as_u16(), &answer.headers()[RETRY_AFTER]), (503, &HeaderValue::from_static("1")));
        let Body::Text(body) = answer.body() else { panic!("no text") };
        assert!(body.contains("urn:incident-review:problem:not-finished"), "{body}");
    }

    #[test]
    fn a_401_names_how_to_authenticate() {
        let answer = Response::from(Problem::unauthenticated("Who are you?"));
        assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
