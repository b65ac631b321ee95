//! Problems: `application/problem+json` (RFC 9457), each kind with a stable `type`.

use lambda_http::http::StatusCode;
use serde::Serialize;

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
    /// For the log; clients do not see it.
    #[serde(skip)]
    cause: Option<String>,
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
            ..Self::new(StatusCode::BAD_REQUEST, "urn:incident-review:problem:validation", "Invalid request", detail)
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
            "Malformed body",
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
        Self::new(StatusCode::FORBIDDEN, "urn:incident-review:problem:forbidden", "Forbidden", detail.into())
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
                "Illegal status change",
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
                "Entry already done",
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
        let detail = format!("The incident has changed. Its version is {} now.", incident.version);
        Self {
            current_status: Some(incident.status),
            version: Some(incident.version),
            ..Self::new(
                StatusCode::PRECONDITION_FAILED,
                "urn:incident-review:problem:stale-version",
                "Incident changed",
                detail,
            )
        }
    }

    /// 413.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "urn:incident-review:problem:too-large", "Too large", detail.into())
    }

    /// 503: a dependency failed. The cause is for the log and is not shown.
    #[must_use]
    pub fn unavailable(cause: &impl std::fmt::Display) -> Self {
        let detail = "A dependency is unavailable. Retry: changes are applied at most once.".to_owned();
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:incident-review:problem:unavailable",
                "Service unavailable",
                detail,
            )
        }
    }

    /// 503: a list could not be counted within the time of a request.
    #[must_use]
    pub fn not_finished() -> Self {
        let detail = "Counting this list takes longer than a request may. What was counted is cached. Retry, and the \
                      list gets further. A list by incident_id, or by a range of updated_at in the order of creation, \
                      is not cached: ask for a narrower range.";
        Self {
            cause: Some("the list was not counted in time".to_owned()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:incident-review:problem:not-finished",
                "Not finished in time",
                detail.to_owned(),
            )
        }
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The version of the incident that the problem is about, for the `ETag`.
    #[must_use]
    pub const fn version(&self) -> Option<u64> {
        self.version
    }

    /// What the log says about it, if it is not the caller's mistake.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
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
            cause: None,
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Store(cause) => Self::unavailable(&cause),
            ListError::OutOfTime => Self::not_finished(),
        }
    }
}
