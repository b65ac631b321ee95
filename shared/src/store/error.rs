//! The errors of the tables, without the types of the SDK.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};

use crate::{aws, config::InvalidVariable};

/// A table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct StoreError {
    operation: &'static str,
    message: String,
    transient: bool,
}

/// Error codes after which the same request may succeed (Amazon DynamoDB Developer Guide, "Error
/// handling with DynamoDB").
const TRANSIENT: [&str; 8] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl StoreError {
    /// Whether the same request may succeed a moment later, as after throttling or a lost
    /// connection.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        self.transient
    }

    pub(super) fn of_call<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Self { operation, message: aws::reason(error), transient: is_transient(error) }
    }

    pub(super) fn of_configuration(error: &InvalidVariable) -> Self {
        Self { operation: "Open table", message: error.to_string(), transient: false }
    }

    pub(super) fn of_item(operation: &'static str, error: &serde_dynamo::Error) -> Self {
        Self { operation, message: format!("an item is malformed: {error}"), transient: false }
    }

    pub(super) fn of_attribute(operation: &'static str, attribute: &str) -> Self {
        Self {
            operation,
            message: format!("the attribute {attribute} of an item is missing or malformed"),
            transient: false,
        }
    }

    pub(super) fn of_request(operation: &'static str, error: &BuildError) -> Self {
        Self { operation, message: error.to_string(), transient: false }
    }

    /// The error of a row that does not exist although another row names it.
    #[must_use]
    pub fn missing(what: &'static str, id: &impl std::fmt::Display) -> Self {
        Self { operation: "Get", message: format!("the {what} {id} does not exist"), transient: false }
    }

    pub(super) fn unfinished(operation: &'static str) -> Self {
        Self {
            operation,
            message: "DynamoDB left part of the batch unprocessed in every attempt".to_owned(),
            transient: true,
        }
    }
}

fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => true,
        // The call succeeded, but its answer broke off.
        SdkError::ResponseError(answer) if answer.raw().status().is_success() => true,
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
            let is_server_error = error.raw_response().is_some_and(|answer| answer.status().is_server_error());
            is_server_error || error.code().is_some_and(|code| TRANSIENT.contains(&code))
        }
        // A request that cannot be built fails in the same way each time.
        _ => false,
    }
}

/// Whether the condition of this part of a cancelled transaction failed.
pub(super) fn is_failed_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Whether this part of a cancelled transaction may succeed a moment later (Amazon DynamoDB API
/// Reference, `TransactWriteItems`).
pub(super) fn is_transient_reason(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        config::http::HttpResponse,
        error::{ConnectorError, ErrorMetadata},
        operation::get_item::GetItemError,
        types::error::ResourceNotFoundException,
    };

    use super::*;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), "what was answered".into())
    }

    fn malformed(status: u16) -> SdkError<GetItemError> {
        SdkError::response_error("not JSON", answer(status))
    }

    fn refused(code: &str, status: u16) -> SdkError<GetItemError> {
        let metadata = ErrorMetadata::builder().code(code).message("Try later.").build();
        SdkError::service_error(GetItemError::generic(metadata), answer(status))
    }

    fn is_transient(error: &SdkError<GetItemError>) -> bool {
        StoreError::of_call("GetItem", error).is_transient()
    }

    #[test]
    fn a_request_that_got_no_answer_is_transient_and_one_that_cannot_be_built_is_not() {
        assert!(is_transient(&SdkError::timeout_error("too late")));
        assert!(is_transient(&SdkError::dispatch_failure(ConnectorError::io("reset".into()))));
        assert!(is_transient(&SdkError::dispatch_failure(ConnectorError::timeout("no connection".into()))));
        assert!(!is_transient(&SdkError::construction_failure("no table name")));
    }

    #[test]
    fn an_answer_of_success_that_cannot_be_read_is_transient() {
        assert!(is_transient(&malformed(200)));
    }

    #[test]
    fn an_unknown_answer_is_transient_if_its_status_is_a_server_error() {
        for (status, expected) in [(400, false), (403, false), (499, false), (500, true), (503, true)] {
            let unhandled = GetItemError::generic(ErrorMetadata::builder().build());
            assert_eq!(is_transient(&malformed(status)), expected, "{status}");
            assert_eq!(is_transient(&SdkError::service_error(unhandled, answer(status))), expected, "{status}");
            assert_eq!(is_transient(&refused("SomethingNew", status)), expected, "{status}");
        }
    }

    #[test]
    fn throttling_is_transient_and_denied_access_and_a_missing_table_are_not() {
        for code in TRANSIENT {
            assert!(is_transient(&refused(code, 400)), "{code}");
        }
        assert!(!is_transient(&refused("AccessDeniedException", 400)));
        assert!(!is_transient(&refused("ValidationException", 400)));
        let missing = GetItemError::ResourceNotFoundException(ResourceNotFoundException::builder().build());
        assert!(!is_transient(&SdkError::service_error(missing, answer(400))));
    }

    #[test]
    fn the_message_names_the_code_the_status_and_the_request_id_and_never_the_body() {
        let text = |error: &SdkError<GetItemError>| StoreError::of_call("GetItem", error).to_string();
        assert_eq!(text(&refused("Throttled", 400)), "GetItem failed: Throttled: Try later. (status 400)");
        assert_eq!(
            text(&SdkError::service_error(GetItemError::generic(ErrorMetadata::builder().build()), answer(502))),
            "GetItem failed: an error without a code (status 502)"
        );
        let mut identified = answer(503);
        identified.headers_mut().insert("x-amzn-requestid", "4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG");
        let text = text(&SdkError::response_error("not JSON", identified));
        assert!(
            text.ends_with("(status 503, request id 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG)"),
            "{text}"
        );
        assert!(text.contains("not JSON") && !text.contains("what was answered"), "{text}");
    }
}
