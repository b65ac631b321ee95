//! Builds the answers of the API: JSON bodies and their headers.

use lambda_http::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
};
use serde::Serialize;
use tracing::info;

use super::{Body, Response, etag, fit, problem::Problem, view::PageView};
use crate::listing::page::PageRequest;

/// An answer with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    with_content_type(status, "application/json", body)
}

/// An answer without a body.
#[must_use]
pub fn no_content() -> Response {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = StatusCode::NO_CONTENT;
    guarded(answer)
}

/// An answer with one page of a list: of as many items as are asked for, or of as many as fit into an answer. `list`
/// reads a page. If its items do not fit, it is asked again for those that do, so that its cursor goes on behind them.
///
/// # Errors
/// The [`Problem`] of `list`.
pub async fn page<V, F>(asked: &PageRequest, list: impl Fn(PageRequest) -> F) -> Result<Response, Problem>
where
    V: Serialize,
    F: Future<Output = Result<PageView<V>, Problem>>,
{
    let mut limit = asked.limit;
    loop {
        let page = list(PageRequest { limit, ..asked.clone() }).await?.with_limit(asked.limit);
        let answer = json(StatusCode::OK, &page);
        let Some(excess) = fit::excess(&answer) else { return Ok(answer) };
        let sizes: Vec<usize> = page.items().iter().map(fit::event_bytes_of).collect();
        let room = sizes.iter().sum::<usize>().saturating_sub(excess);
        let fitting = fit::fitting(sizes, room);
        info!(items = page.items().len(), fitting, "the page ends early: an answer has no room for more");
        // Others may change rows in between. So the limit falls each time, and one item always fits.
        limit = fitting.min(limit - 1);
        if limit == 0 {
            return Ok(answer);
        }
    }
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

fn with_content_type(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response {
    // This cannot fail: all views are structs of strings, numbers and lists.
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut answer = Response::new(Body::Text(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    guarded(answer)
}

/// Nobody keeps an answer, and no browser takes its text, which sources wrote, for a page or a script.
fn guarded(mut answer: Response) -> Response {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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
