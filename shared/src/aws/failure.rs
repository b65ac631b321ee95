//! Why a call of an AWS service failed.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};

/// What a failed call means for whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The same request may succeed a moment later, as after throttling or a lost connection.
    Transient,
    /// The service refuses whatever the function asks: it has no permission, or its credentials are
    /// not valid. It refuses the next request, too, until people act.
    Denied,
    /// The table, the queue or the secret does not exist. People must act.
    Missing,
    /// The request itself is refused, and would be each time.
    Invalid,
}

impl FailureKind {
    /// Whether the cause has nothing to do with the data that was sent: other data would fail, too.
    #[must_use]
    pub const fn is_external(self) -> bool {
        !matches!(self, Self::Invalid)
    }
}

/// Error codes below status 500 after which the same request may succeed (Amazon DynamoDB Developer
/// Guide, "Error handling with DynamoDB"; Amazon SQS API Reference, "Common Errors" and
/// `SendMessage`).
const TRANSIENT: [&str; 18] = [
    "InternalFailure",
    "InternalServerError",
    "KmsThrottled",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Error codes of a caller who may not do this, or who cannot prove who it is (the same pages, and
/// AWS Key Management Service Developer Guide for the keys of a table or a queue).
const DENIED: [&str; 19] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "KmsAccessDenied",
    "KmsDisabled",
    "KmsInvalidState",
    "KmsNotFound",
    "KmsOptInRequired",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Error codes of a table, a queue or a secret that does not exist.
const MISSING: [&str; 4] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "TableNotFoundException",
];

/// What a failed call means. An error that is not known is transient if its status is 500 or above.
#[must_use]
pub fn failure_kind<E: ProvideErrorMetadata>(error: &SdkError<E>) -> FailureKind {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => FailureKind::Transient,
        // The call succeeded, but its answer broke off.
        SdkError::ResponseError(answer) if answer.raw().status().is_success() => FailureKind::Transient,
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
            let is_one_of = |codes: &[&str]| error.code().is_some_and(|code| codes.contains(&code));
            if status.is_some_and(|status| status >= 500) || is_one_of(&TRANSIENT) {
                FailureKind::Transient
            } else if is_one_of(&DENIED) || status.is_some_and(|status| [401, 403].contains(&status)) {
                FailureKind::Denied
            } else if is_one_of(&MISSING) {
                FailureKind::Missing
            } else {
                FailureKind::Invalid
            }
        }
        // A request that cannot be built fails in the same way each time.
        _ => FailureKind::Invalid,
    }
}

/// Says why a call failed: the error code and message of the service, or the causes in the client.
/// Names the HTTP status and the request id if the service answered.
///
/// The text leaves out the data that was sent or read: it may be a secret or the body of a webhook.
pub fn reason<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match error.as_service_error() {
        Some(refusal) => match (refusal.code(), refusal.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => text.to_owned(),
            (None, None) => "an error without a code".to_owned(),
        },
        None => causes(error),
    };
    match (error.raw_response(), error.request_id()) {
        (Some(answer), Some(id)) => format!("{text} (status {}, request id {id})", answer.status()),
        (Some(answer), None) => format!("{text} (status {})", answer.status()),
        (None, _) => text,
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}

#[cfg(test)]
mod tests;
