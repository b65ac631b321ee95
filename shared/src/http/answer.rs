//! Answers in JSON.

use lambda_http::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
};
use serde::Serialize;

use super::{Body, Response, etag, view::PageView};
use crate::listing::page::Page;

/// A JSON answer.
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

/// A page of a list; `view` shows an item.
pub fn page<T, V: Serialize>(page: Page<T>, view: impl Fn(T) -> V) -> Response {
    json(StatusCode::OK, &PageView::of(page, view))
}

/// A JSON answer that is a version of something: the `ETag` names it.
pub fn versioned(status: StatusCode, version: u64, body: &impl Serialize) -> Response {
    tagged(json(status, body), version)
}

pub(super) fn tagged(mut answer: Response, version: u64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&etag::format(version)) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

pub(super) fn with_content_type(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response {
    // The answers' types are structs of texts, numbers and lists: they always have a JSON form.
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut answer = Response::new(Body::Text(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
