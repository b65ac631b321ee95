//! The errors of the API, as `application/problem+json` (RFC 9457). The `type` of each is stable.

use lambda_http::http::StatusCode;
use serde::{Serialize, Serializer};

use crate::{
    domain::{id::IncidentId, incident::Incident, quarantine::EntryState, status::Status},
    service::{
        incident_writer::ChangeIncidentError, limit_events::OverLimit, merge_incidents::MergeIncidentsError,
        split_incident::SplitIncidentError,
    },
    sources::limits::ResendKind,
    store::segments::ListError,
};

/// The body of an error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(flatten)]
    kind: &'static ProblemKind,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidParameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_transitions: Option<&'static [Status]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<EntryState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Box<IncidentId>>,
    /// Goes into the `ETag` header.
    #[serde(skip)]
    version: Option<u64>,
    /// Goes into the `Retry-After` header.
    #[serde(skip)]
    retry_after_seconds: Option<u8>,
    /// Goes into the log. Clients do not see it.
    #[serde(skip)]
    cause: Option<Box<str>>,
}

/// The members that are the same in all problems of one type.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ProblemKind {
    #[serde(rename = "type")]
    uri: &'static str,
    title: &'static str,
    #[serde(serialize_with = "status_number")]
    status: StatusCode,
}

/// A wrong parameter, header or member of the body. The message says what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidParameter {
    pub parameter: String,
    pub message: String,
}

impl Problem {
    /// 400: these parameters are wrong.
    #[must_use]
    pub fn validation(errors: Vec<InvalidParameter>) -> Self {
        let names: Vec<&str> = errors.iter().map(|error| error.parameter.as_str()).collect();
        let detail = format!("Invalid: {}.", names.join(", "));
        Self {
            errors,
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:validation",
                    title: "Invalid request",
                    status: StatusCode::BAD_REQUEST,
                },
                detail,
            )
        }
    }

    /// 400: one parameter is wrong.
    #[must_use]
    pub fn invalid(parameter: &str, message: impl Into<String>) -> Self {
        Self::validation(vec![InvalidParameter { parameter: parameter.to_owned(), message: message.into() }])
    }

    /// 400: the body cannot be read.
    #[must_use]
    pub fn malformed_body(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:malformed-body",
                title: "Malformed body",
                status: StatusCode::BAD_REQUEST,
            },
            detail.into(),
        )
    }

    /// 401: the caller is not known.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:unauthenticated",
                title: "Not authenticated",
                status: StatusCode::UNAUTHORIZED,
            },
            detail.into(),
        )
    }

    /// 403: the caller may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:forbidden",
                title: "Forbidden",
                status: StatusCode::FORBIDDEN,
            },
            detail.into(),
        )
    }

    /// 404: there is no such resource.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:not-found",
                title: "Not found",
                status: StatusCode::NOT_FOUND,
            },
            detail.into(),
        )
    }

    /// 409: the incident cannot change from its status to the requested one.
    #[must_use]
    pub fn illegal_transition(from: Status, to: Status) -> Self {
        let detail = format!("An incident that is {from} cannot become {to}.");
        Self {
            current_status: Some(from),
            allowed_transitions: Some(from.allowed_transitions()),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:illegal-transition",
                    title: "Illegal status change",
                    status: StatusCode::CONFLICT,
                },
                detail,
            )
        }
    }

    /// 409: the quarantine entry was already redriven or deleted.
    #[must_use]
    pub fn entry_done(state: EntryState) -> Self {
        Self {
            state: Some(state),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:entry-done",
                    title: "Entry already done",
                    status: StatusCode::CONFLICT,
                },
                format!("The entry is already {state}."),
            )
        }
    }

    /// 422: the quarantine entry cannot be redriven.
    #[must_use]
    pub fn not_redrivable(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:not-redrivable",
                title: "Cannot be redriven",
                status: StatusCode::UNPROCESSABLE_ENTITY,
            },
            detail.into(),
        )
    }

    /// 409: the incident is part of another.
    #[must_use]
    pub fn merged(into: IncidentId) -> Self {
        Self {
            merged_into: Some(Box::new(into)),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:merged",
                    title: "Incident merged",
                    status: StatusCode::CONFLICT,
                },
                format!("The incident is part of {into}. Change that one."),
            )
        }
    }

    /// 409: incidents cannot be merged or split in this way.
    #[must_use]
    pub fn illegal_regrouping(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:illegal-regrouping",
                title: "Cannot be merged or split",
                status: StatusCode::CONFLICT,
            },
            detail.into(),
        )
    }

    /// 422: the key of a request came before with another request.
    #[must_use]
    pub fn key_reused() -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:key-reused",
                title: "Key reused",
                status: StatusCode::UNPROCESSABLE_ENTITY,
            },
            "This Idempotency-Key was sent before with another comment. Use a new key for each comment.".to_owned(),
        )
    }

    /// 404: there is no such incident.
    #[must_use]
    pub fn no_incident() -> Self {
        Self::not_found("There is no incident with this id.")
    }

    /// 412: the incident does not have the version that the caller requires.
    #[must_use]
    pub fn stale(incident: &Incident) -> Self {
        let detail = format!("The incident has changed. Its version is now {}.", incident.version);
        Self {
            current_status: Some(incident.status),
            version: Some(incident.version),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:stale-version",
                    title: "Incident changed",
                    status: StatusCode::PRECONDITION_FAILED,
                },
                detail,
            )
        }
    }

    /// 413: the body is too large.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            &ProblemKind {
                uri: "urn:incident-review:problem:too-large",
                title: "Too large",
                status: StatusCode::PAYLOAD_TOO_LARGE,
            },
            detail.into(),
        )
    }

    /// 429, or 503 for a sender that gives up at 429: a webhook is beyond the limit of its source.
    #[must_use]
    pub fn over_limit(refused: OverLimit) -> Self {
        const URI: &str = "urn:incident-review:problem:over-limit";
        const TITLE: &str = "Over the limit";
        let kind = match refused.resend {
            ResendKind::WhenLimited => &ProblemKind { uri: URI, title: TITLE, status: StatusCode::TOO_MANY_REQUESTS },
            ResendKind::WhenUnavailable | ResendKind::Never => {
                &ProblemKind { uri: URI, title: TITLE, status: StatusCode::SERVICE_UNAVAILABLE }
            }
        };
        let detail = "This source has sent as many events in this minute as its limit allows. Send again later.";
        Self { retry_after_seconds: Some(refused.wait_seconds), ..Self::new(kind, detail.to_owned()) }
    }

    /// 503: a dependency failed. The cause goes into the log. Clients do not see it.
    #[must_use]
    pub fn unavailable(cause: &impl std::fmt::Display) -> Self {
        let detail = "A dependency is unavailable. Retry: changes are applied at most once.".to_owned();
        Self {
            cause: Some(cause.to_string().into()),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:unavailable",
                    title: "Service unavailable",
                    status: StatusCode::SERVICE_UNAVAILABLE,
                },
                detail,
            )
        }
    }

    /// 503: a list could not be read within the time limit of a request.
    #[must_use]
    pub fn not_finished() -> Self {
        let detail = "The list could not be read in time, because many alerts are not summarised yet. Retry: what was \
                      summarised stays, so the next attempt gets further.";
        Self {
            cause: Some("the list was not read in time".into()),
            ..Self::new(
                &ProblemKind {
                    uri: "urn:incident-review:problem:not-finished",
                    title: "Not finished in time",
                    status: StatusCode::SERVICE_UNAVAILABLE,
                },
                detail.to_owned(),
            )
        }
    }

    /// What kind of error it is, for people.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.kind.title
    }

    /// What went wrong this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with which parameter.
    #[must_use]
    pub fn errors(&self) -> &[InvalidParameter] {
        &self.errors
    }

    /// The HTTP status code.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.kind.status
    }

    /// The version of the incident that the problem is about. It goes into the `ETag` header.
    #[must_use]
    pub const fn version(&self) -> Option<u64> {
        self.version
    }

    /// When the client may try again, in seconds, if that is known. It goes into the `Retry-After` header.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u8> {
        self.retry_after_seconds
    }

    /// The cause for the log. `None` if the client made a mistake.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    const fn new(kind: &'static ProblemKind, detail: String) -> Self {
        Self {
            kind,
            detail,
            errors: Vec::new(),
            current_status: None,
            allowed_transitions: None,
            state: None,
            merged_into: None,
            version: None,
            retry_after_seconds: None,
            cause: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn status_number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl From<ChangeIncidentError> for Problem {
    fn from(error: ChangeIncidentError) -> Self {
        match error {
            ChangeIncidentError::NotFound => Self::no_incident(),
            ChangeIncidentError::Merged(into) => Self::merged(into),
            ChangeIncidentError::Stale(incident) => Self::stale(&incident),
            ChangeIncidentError::Unavailable(cause) => Self::unavailable(&cause),
        }
    }
}

impl From<MergeIncidentsError> for Problem {
    fn from(error: MergeIncidentsError) -> Self {
        match error {
            MergeIncidentsError::Change(error) => error.into(),
            MergeIncidentsError::Itself => Self::invalid("incident_ids", "must name other incidents than this one"),
            MergeIncidentsError::Unknown(ids) => {
                Self::invalid("incident_ids", format!("must name incidents that exist: {} does not", listed(&ids)))
            }
            MergeIncidentsError::Elsewhere { into, .. } => Self::merged(into),
            MergeIncidentsError::StillOpen(id) => Self::illegal_regrouping(format!(
                "The incident {id} is open and cannot become part of one that is over. Resolve it first, or merge the \
                 other way round."
            )),
            MergeIncidentsError::Queue(cause) => Self::unavailable(&cause),
        }
    }
}

impl From<SplitIncidentError> for Problem {
    fn from(error: SplitIncidentError) -> Self {
        match error {
            SplitIncidentError::Change(error) => error.into(),
            SplitIncidentError::Itself => Self::invalid("into", "must be another incident than this one"),
            SplitIncidentError::Unknown(_) => Self::invalid("into", "must be an incident that exists"),
            SplitIncidentError::Elsewhere { into, .. } => Self::merged(into),
            SplitIncidentError::NotHere(ids) => {
                Self::illegal_regrouping(format!("These alerts are not in the incident: {}.", listed(&ids)))
            }
            SplitIncidentError::Over(id) => Self::illegal_regrouping(format!(
                "The incident {id} is over and cannot take alerts of one that is open."
            )),
            SplitIncidentError::AllLeave => Self::illegal_regrouping(
                "At least one alert must stay. To move all of them, merge this incident into the other one.",
            ),
        }
    }
}

fn listed(ids: &[impl ToString]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Store(cause) => Self::unavailable(&cause),
            ListError::OutOfTime => Self::not_finished(),
        }
    }
}
