//! Answers to webhooks in the form of PagerDuty's Events API v2: its clients read them.

use lambda_http::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde::Serialize;

use super::{Response, answer};
use crate::{
    service::{
        limit_events::OverLimit,
        receive_webhook::{Receipt, Refusal},
    },
    sources::{client_key, stated_key},
};

/// The body of an answer.
#[derive(Debug, Serialize)]
struct EventAnswer<'answer> {
    status: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup_key: Option<&'answer str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

/// The answer to a webhook that was received, or `None` if ours fits: clients try again on 429 and
/// from 500 up, whatever the body is.
///
/// A client gets 202 and nothing else if its event counts, or is ignored, with the key that it stated, letter by
/// letter. An event that cannot be read is in the quarantine; the client learns what is wrong with it all the same.
#[must_use]
pub fn answer(received: &Result<Receipt, Refusal>, body: &[u8]) -> Option<Response> {
    let processed = |dedup_key| {
        let body = EventAnswer { status: "success", message: "Event processed", dedup_key, errors: Vec::new() };
        answer::json(StatusCode::ACCEPTED, &body)
    };
    let invalid = |status, reason: String| {
        let (status_text, message) = ("invalid event", "Event object is invalid");
        let body = EventAnswer { status: status_text, message, dedup_key: None, errors: vec![reason] };
        answer::json(status, &body)
    };
    match received {
        Ok(Receipt::Accepted { dedup_key, .. }) => {
            let stated = stated_key(body);
            Some(processed(Some(stated.as_deref().unwrap_or_else(|| client_key(dedup_key)))))
        }
        Ok(Receipt::Ignored { .. } | Receipt::Group(_) | Receipt::Confirmed) => {
            Some(processed(stated_key(body).as_deref()))
        }
        Ok(Receipt::Quarantined { reason, .. }) => Some(invalid(StatusCode::BAD_REQUEST, reason.clone())),
        Err(refusal @ Refusal::NotAuthentic) => Some(invalid(StatusCode::UNAUTHORIZED, refusal.to_string())),
        Err(refusal @ Refusal::TooLarge { .. }) => Some(invalid(StatusCode::PAYLOAD_TOO_LARGE, refusal.to_string())),
        Err(refusal @ (Refusal::Address | Refusal::Stranger)) => {
            Some(invalid(StatusCode::FORBIDDEN, refusal.to_string()))
        }
        Err(Refusal::OverLimit(OverLimit { wait_seconds, .. })) => Some(throttled(*wait_seconds)),
        Err(Refusal::Queue(_) | Refusal::OutOfTime(_) | Refusal::Confirmation(_)) => None,
    }
}

/// The answer to an event beyond the limit.
fn throttled(wait_seconds: u8) -> Response {
    let (status, message) =
        ("throttle exceeded", "Requests for this service are arriving too quickly. Please retry later.");
    let body = EventAnswer { status, message, dedup_key: None, errors: Vec::new() };
    let mut answer = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u16::from(wait_seconds)));
    answer
}
