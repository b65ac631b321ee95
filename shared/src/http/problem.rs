//! Problems: `application/problem+json` (RFC 9457), each kind with a stable `type`.

use lambda_http::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde::Serialize;
use tracing::{error, warn};

use super::{Response, answer};
use crate::{
    domain::{incident::Incident, quarantine::EntryState, status::Status},
    store::lists::ListError,
};

/// An answer that says what went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidParameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_transitions: Option<&'static [Status]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<EntryState>,
    /// For the `ETag`.
    #[serde(skip)]
    version: Option<u64>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidParameter {
    /// The parameter, header or member of the body.
    pub parameter: String,
    /// What it must be.
    pub message: String,
}

impl Problem {
    /// 400: the request has these faults.
    #[must_use]
    pub fn validation(errors: Vec<InvalidParameter>) -> Self {
        let names: Vec<&str> = errors.iter().map(|error| error.parameter.as_str()).collect();
        let detail = format!("Invalid: {}.", names.join(", "));
        Self {
            errors,
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "urn:incident-review:problem:validation",
                "The request is not valid",
                detail,
            )
        }
    }

    /// 400: one parameter is wrong.
    #[must_use]
    pub fn invalid(parameter: &str, message: impl Into<String>) -> Self {
        Self::validation(vec![InvalidParameter { parameter: parameter.to_owned(), message: message.into() }])
    }

    /// 400: the body is not what it must be.
    #[must_use]
    pub fn malformed_body(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:incident-review:problem:malformed-body",
            "The body cannot be read",
            detail.into(),
        )
    }

    /// 401: nobody knows who calls.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:incident-review:problem:unauthenticated",
            "Not authenticated",
            detail.into(),
        )
    }

    /// 403: the caller may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "urn:incident-review:problem:forbidden", "Not allowed", detail.into())
    }

    /// 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "urn:incident-review:problem:not-found", "Not found", detail.into())
    }

    /// 409: the status machine has no such step from where the incident is.
    #[must_use]
    pub fn illegal_transition(from: Status, to: Status) -> Self {
        let detail = format!("An incident that is {from} cannot become {to}.");
        Self {
            current_status: Some(from),
            allowed_transitions: Some(from.allowed_transitions()),
            ..Self::new(
                StatusCode::CONFLICT,
                "urn:incident-review:problem:illegal-transition",
                "Illegal change of status",
                detail,
            )
        }
    }

    /// 409: nothing more can be done with an entry of the quarantine.
    #[must_use]
    pub fn entry_done(state: EntryState) -> Self {
        Self {
            state: Some(state),
            ..Self::new(
                StatusCode::CONFLICT,
                "urn:incident-review:problem:entry-done",
                "The entry is done",
                format!("The entry is {state} already."),
            )
        }
    }

    /// 422: a delivery cannot be sent through the same path again.
    #[must_use]
    pub fn not_redrivable(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:incident-review:problem:not-redrivable",
            "Cannot be redriven",
            detail.into(),
        )
    }

    /// 412: the incident is at another version than the caller insists on.
    #[must_use]
    pub fn stale(incident: &Incident) -> Self {
        let detail = format!("The incident has changed; it is at version {} now.", incident.version);
        Self {
            current_status: Some(incident.status),
            version: Some(incident.version),
            ..Self::new(
                StatusCode::PRECONDITION_FAILED,
                "urn:incident-review:problem:stale-version",
                "The incident has changed",
                detail,
            )
        }
    }

    /// 413.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "urn:incident-review:problem:too-large", "Too large", detail.into())
    }

    /// 503: try again later. The cause is logged, once, and not shown.
    #[must_use]
    pub fn unavailable(cause: &impl std::fmt::Display) -> Self {
        error!(%cause, "request failed");
        let detail =
            "Something that this needs is out of reach. Try again: what took effect already is not done twice."
                .to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "urn:incident-review:problem:unavailable", "Out of reach", detail)
    }

    /// A list that could not be read.
    #[must_use]
    pub fn of_list(cause: &ListError) -> Self {
        match cause {
            ListError::Store(cause) => Self::unavailable(cause),
            ListError::OutOfTime => {
                warn!("list not counted in time");
                let detail = "Counting this list takes longer than a request may. What was counted is kept: try again, \
                              and it gets further; or ask for a narrower range, which is all that helps a list by \
                              incident_id, or by a range of updated_at in the order of creation.";
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "urn:incident-review:problem:not-finished",
                    "Not finished in time",
                    detail.to_owned(),
                )
            }
        }
    }

    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail,
            errors: Vec::new(),
            current_status: None,
            allowed_transitions: None,
            state: None,
            version: None,
        }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = answer::with_content_type(status, "application/problem+json", &problem);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        match problem.version {
            Some(version) => answer::tagged(response, version),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn a_list_that_is_not_finished_says_when_to_try_again() {
        let response = Response::from(Problem::of_list(&ListError::OutOfTime));
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (503, &HeaderValue::from_static("1"))
        );
        let Body::Text(body) = response.body() else { panic!("no text") };
        assert!(body.contains("urn:incident-review:problem:not-finished"), "{body}");
    }
}
