//! How answers show what sources sent.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use crate::{
    domain::{id::AlertId, time::Time},
    http::fit,
    service::get_alert_payload::{AlertPayload, RawPayload},
};

/// The raw payload of an alert: as text, or in base64 if it is not UTF-8 or too large as text. One that
/// was deleted says by whom.
#[derive(Debug, Serialize)]
pub struct AlertPayloadView {
    alert_id: AlertId,
    received_at: Option<Time>,
    expires_at: Option<Time>,
    body: Option<String>,
    body_base64: Option<String>,
    body_bytes: Option<usize>,
    truncated: bool,
    deleted_at: Option<Time>,
    deleted_by: Option<String>,
}

impl AlertPayloadView {
    /// What is kept of the payload of an alert.
    #[must_use]
    pub fn of(alert_id: AlertId, payload: AlertPayload) -> Self {
        let mut view = Self {
            alert_id,
            received_at: None,
            expires_at: None,
            body: None,
            body_base64: None,
            body_bytes: None,
            truncated: false,
            deleted_at: None,
            deleted_by: None,
        };
        match payload {
            AlertPayload::Kept(RawPayload { body, length, truncated, received_at, expires_at }) => {
                BodyView { text: view.body, base64: view.body_base64 } = BodyView::of(body);
                (view.body_bytes, view.truncated) = (Some(length), truncated);
                (view.received_at, view.expires_at) = (Some(received_at), Some(expires_at));
            }
            AlertPayload::Deleted(deletion) => {
                (view.deleted_at, view.deleted_by) = (Some(deletion.at), Some(deletion.actor));
            }
        }
        view
    }
}

/// The body of a webhook: as text, or in base64 if it is not UTF-8 or would not fit into an answer.
pub(super) struct BodyView {
    pub text: Option<String>,
    pub base64: Option<String>,
}

impl BodyView {
    /// Decides how a body is shown.
    pub fn of(body: Vec<u8>) -> Self {
        match String::from_utf8(body) {
            Ok(text) if fit::fits_as_text(&text) => Self { text: Some(text), base64: None },
            Ok(text) => Self { text: None, base64: Some(BASE64_STANDARD.encode(text)) },
            Err(bytes) => Self { text: None, base64: Some(BASE64_STANDARD.encode(bytes.as_bytes())) },
        }
    }
}
