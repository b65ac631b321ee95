//! The answers of API Gateway: those of functions as HTTP, and its own refusals.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING},
    },
};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// An answer of API Gateway itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request has no `Authorization` header.
    Unauthorized,
    /// The authorizer did not accept the request.
    Forbidden,
    NotFound,
    /// The request is no valid HTTP.
    BadRequest,
    /// The body is over the limit of API Gateway, or its event over that of Lambda.
    TooLarge,
    HeadersTooLarge,
    /// A function failed, or returned an invalid answer.
    Internal,
}

impl Refusal {
    /// The answer in the words of API Gateway.
    #[must_use]
    pub fn response(self) -> Response<Body> {
        let (status, message) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        };
        let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// A function's answer, payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Why the answer of a function is invalid.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer does not have payload format 2.0: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the body of the answer is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error("the answer has an invalid status or header: {0}")]
    Http(#[from] axum::http::Error),
}

/// The answer of a function as HTTP.
///
/// # Errors
/// If the answer is invalid. API Gateway then answers 500.
pub fn response(answer: Json) -> Result<Response<Body>, AnswerError> {
    let answer: Answer = serde_json::from_value(answer)?;
    let body = match answer.body {
        None => Vec::new(),
        Some(body) if answer.is_base64_encoded => BASE64_STANDARD.decode(body)?,
        Some(body) => body.into_bytes(),
    };
    let mut response = Response::builder().status(answer.status_code);
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(axum::http::Error::from)?;
        // API Gateway sets these itself.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            response = response.header(name, HeaderValue::try_from(value).map_err(axum::http::Error::from)?);
        }
    }
    for cookie in answer.cookies {
        response = response.header(SET_COOKIE, cookie);
    }
    Ok(response.body(Body::from(body))?)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn read(response: Response<Body>) -> (u16, Vec<u8>) {
        let status = response.status().as_u16();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn an_answer_keeps_its_status_headers_cookies_and_body() {
        let answer = json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "etag": "\"1\"", "content-length": "99"},
            "multiValueHeaders": {},
            "cookies": ["a=1", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        });
        let response = response(answer).unwrap();
        assert_eq!(response.headers()["etag"], "\"1\"");
        assert_eq!(response.headers().get(CONTENT_LENGTH), None);
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(read(response).await, (201, b"{}".to_vec()));
    }

    #[tokio::test]
    async fn a_binary_body_is_decoded_and_a_missing_one_is_empty() {
        let binary = json!({"statusCode": 200, "body": "AP8=", "isBase64Encoded": true});
        assert_eq!(read(response(binary).unwrap()).await, (200, vec![0, 255]));
        assert_eq!(read(response(json!({"statusCode": 204})).unwrap()).await, (204, vec![]));
    }

    #[test]
    fn an_invalid_answer_is_refused() {
        for answer in [
            json!(null),
            json!({"body": "x"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "b\n"}}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
        ] {
            assert!(response(answer.clone()).is_err(), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_refusal_has_the_words_of_api_gateway() {
        let (status, body) = read(Refusal::NotFound.response()).await;
        assert_eq!((status, body.as_slice()), (404, br#"{"message":"Not Found"}"#.as_slice()));
    }
}
