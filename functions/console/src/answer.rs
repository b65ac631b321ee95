//! Answers: pages, redirects and files, with the headers that keep browsers strict.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use lambda_http::http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        LOCATION, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use maud::Markup;
use shared::http::{Body, Request, Response};

use crate::{assets::Asset, cookies::Cookie};

/// Nothing but our own files: no inline script or style, no other host, no frame around a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Smaller bodies are not worth compressing.
const MIN_COMPRESSED_BYTES: usize = 1024;

/// A page.
#[must_use]
pub fn page(status: StatusCode, markup: Markup) -> Response {
    let mut answer = Response::new(Body::Text(markup.into_string()));
    *answer.status_mut() = status;
    set(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut answer, CACHE_CONTROL, "no-store");
    answer
}

/// Sends the browser to another page with a GET.
#[must_use]
pub fn redirect(to: &str) -> Response {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = StatusCode::SEE_OTHER;
    set(&mut answer, LOCATION, to);
    set(&mut answer, CACHE_CONTROL, "no-store");
    answer
}

/// A file. Its name changes with its content, so browsers keep it.
#[must_use]
pub fn file(asset: &Asset) -> Response {
    let mut answer = Response::new(Body::Text(asset.text.to_owned()));
    set(&mut answer, CONTENT_TYPE, asset.content_type);
    set(&mut answer, CACHE_CONTROL, "public, max-age=31536000, immutable");
    answer
}

/// A file to keep, whatever is in it. No browser shows it.
#[must_use]
pub fn download(name: &str, content: Vec<u8>) -> Response {
    let mut answer = Response::new(Body::Binary(content));
    set(&mut answer, CONTENT_TYPE, "application/octet-stream");
    set(&mut answer, CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    set(&mut answer, CACHE_CONTROL, "no-store");
    answer
}

/// Sets a cookie.
#[must_use]
pub fn with_cookie(mut answer: Response, cookie: &Cookie) -> Response {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
    answer
}

/// Says which address the browser shows for it, in place of the one that the form was sent to.
pub fn set_address(answer: &mut Response, page: &str) {
    set(answer, HeaderName::from_static("hx-replace-url"), page);
}

/// What all answers have in common: headers, and compression if the browser takes it.
#[must_use]
pub fn finished(mut answer: Response, request: &Request, is_local: bool) -> Response {
    set(&mut answer, CONTENT_SECURITY_POLICY, POLICY);
    set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut answer, REFERRER_POLICY, "same-origin");
    set(&mut answer, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(&mut answer, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(&mut answer, VARY, "accept-encoding");
    if !is_local {
        set(&mut answer, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes_gzip = accepted.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("gzip"));
    if takes_gzip
        && let Body::Text(text) = answer.body()
        && text.len() >= MIN_COMPRESSED_BYTES
        && let Ok(packed) = gzip(text)
    {
        *answer.body_mut() = Body::Binary(packed);
        set(&mut answer, CONTENT_ENCODING, "gzip");
    }
    answer
}

fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(4));
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn set(answer: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
