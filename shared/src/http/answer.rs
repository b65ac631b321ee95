//! Builds the answers of the API: JSON bodies and their headers.

use lambda_http::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
};
use serde::Serialize;
use tracing::info;

use super::{Body, Response, etag, fit, problem::Problem, view::PageView};

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
/// reads a page of up to so many items. If they do not fit, it is asked again for those that do, so that its cursor goes
/// on behind them.
///
/// # Errors
/// The [`Problem`] of `list`.
pub async fn page<V, F>(asked: usize, list: impl Fn(usize) -> F) -> Result<Response, Problem>
where
    V: Serialize,
    F: Future<Output = Result<PageView<V>, Problem>>,
{
    fitting_page(asked, list, |page| json(StatusCode::OK, page)).await
}

/// The same in another form: `render` makes an answer of a page.
///
/// # Errors
/// The [`Problem`] of `list`.
pub(super) async fn fitting_page<V, F>(
    asked: usize,
    list: impl Fn(usize) -> F,
    render: impl Fn(&PageView<V>) -> Response,
) -> Result<Response, Problem>
where
    V: Serialize,
    F: Future<Output = Result<PageView<V>, Problem>>,
{
    let mut limit = asked;
    loop {
        let page = list(limit).await?.with_limit(asked);
        let answer = render(&page);
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

/// The same answer about one version of an incident.
pub(super) fn tagged(mut answer: Response, version: u64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&etag::format(version)) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// An answer with a text. The caller says what it is.
pub(super) fn text(body: String) -> Response {
    guarded(Response::new(Body::Text(body)))
}

fn with_content_type(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response {
    // This cannot fail: all views are structs of strings, numbers and lists.
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut answer = text(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
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
        if let Some(seconds) = problem.retry_after_seconds() {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u16::from(seconds)));
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.headers_mut().entry(RETRY_AFTER).or_insert(HeaderValue::from_static("1"));
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
    use std::{cell::Cell, collections::BTreeMap};

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::listing::{cursor::Cursor, page::Page};

    /// A list of texts, whose cursors are places in it.
    fn list(texts: &[String], start: usize, limit: usize) -> PageView<&String> {
        let end = (start + limit).min(texts.len());
        let cursor = Cursor { position: end.to_string(), list: "texts".to_owned() };
        let page = Page {
            items: texts[start..end].iter().collect(),
            total: texts.len() as u64,
            limit,
            offset: start as u64,
            next_cursor: Some(cursor).filter(|_| end < texts.len()),
            facets: Vec::new(),
        };
        PageView::of(page, |text| text)
    }

    /// The event of an answer, as the runtime sends it.
    fn event(answer: &Response) -> String {
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let Body::Text(body) = answer.body() else { panic!("no text") };
        let headers: BTreeMap<&str, &str> = headers.collect();
        let event = json!({
            "statusCode": answer.status().as_u16(), "headers": headers, "multiValueHeaders": headers, "body": body,
            "isBase64Encoded": false, "cookies": [],
        });
        event.to_string()
    }

    /// Texts whose characters take one to seven bytes in an event.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let character = prop::sample::select(vec!["a", "\"", "\\", "\u{1}", "\n", "🔥", "</"]);
        let text = (character, 0_usize..250_000).prop_map(|(character, length)| character.repeat(length));
        prop::collection::vec(text, 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn each_page_fits_into_an_event_and_a_walk_visits_each_item_once(texts in texts(), limit in 1_usize..40) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (mut seen, mut start) = (Vec::new(), 0);
            loop {
                let answer = runtime.block_on(page(limit, async |limit| Ok(list(&texts, start, limit)))).unwrap();
                prop_assert!(event(&answer).len() <= fit::MAX_EVENT_BYTES);
                let Body::Text(body) = answer.body() else { panic!("no text") };
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                prop_assert_eq!((&body["limit"], &body["total"]), (&limit.into(), &texts.len().into()));
                prop_assert_eq!(&body["offset"], seen.len());
                seen.extend(body["items"].as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()));
                let Some(next) = body["next_cursor"].as_str() else { break };
                start = Cursor::decode(next, "texts").unwrap().position.parse().unwrap();
            }
            prop_assert!(seen == texts);
        }
    }

    #[tokio::test]
    async fn a_page_that_fits_is_read_once() {
        let (texts, calls) = (vec!["a".to_owned(); 9], Cell::new(0));
        let counted = async |limit| {
            calls.set(calls.get() + 1);
            Ok(list(&texts, 0, limit))
        };
        page(5, counted).await.unwrap();
        assert_eq!(calls.get(), 1);
    }

    #[test]
    fn no_answer_is_kept_or_sniffed() {
        for answer in [no_content(), json(StatusCode::OK, &"a"), Problem::not_finished().into()] {
            assert_eq!(
                (&answer.headers()[CACHE_CONTROL], &answer.headers()[X_CONTENT_TYPE_OPTIONS]),
                (&HeaderValue::from_static("no-store"), &HeaderValue::from_static("nosniff"))
            );
        }
    }

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
