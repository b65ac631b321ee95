//! What can go wrong with a table, without the SDK's types.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};

use crate::aws;

/// A table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct StoreError {
    operation: &'static str,
    message: String,
    transient: bool,
}

/// Codes after which the same request may succeed.
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
    /// Whether the same request may succeed a moment later: throttling, conflicts, a lost connection.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        self.transient
    }

    pub(super) fn of_call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let code = error.as_service_error().map(|error| error.code().unwrap_or_default().to_owned());
        let transient = code.as_deref().is_none_or(|code| TRANSIENT.contains(&code));
        Self { operation, message: aws::reason(error), transient }
    }

    pub(super) fn of_item(operation: &'static str, error: &serde_dynamo::Error) -> Self {
        Self { operation, message: format!("an item does not have the form that it should: {error}"), transient: false }
    }

    pub(super) fn of_attribute(operation: &'static str, attribute: &str) -> Self {
        Self { operation, message: format!("an item lacks the attribute {attribute}"), transient: false }
    }

    pub(super) fn of_request(operation: &'static str, error: &BuildError) -> Self {
        Self { operation, message: error.to_string(), transient: false }
    }

    /// A row that another row names does not exist.
    #[must_use]
    pub fn missing(what: &'static str, id: &impl std::fmt::Display) -> Self {
        Self { operation: "Get", message: format!("the {what} {id} does not exist"), transient: false }
    }

    pub(super) fn unfinished(operation: &'static str) -> Self {
        Self {
            operation,
            message: "DynamoDB left a part of the batch undone, again and again".to_owned(),
            transient: true,
        }
    }
}

/// Why a part of a cancelled transaction was not written.
pub(super) fn is_failed_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Whether a part of a cancelled transaction may succeed a moment later.
pub(super) fn is_transient_reason(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}
