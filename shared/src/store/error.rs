//! The errors of the tables, without the types of the SDK.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};

use crate::{
    aws::{self, FailureKind},
    config::InvalidVariable,
    retry::{Outlook, Retryable},
};

/// A table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct StoreError {
    operation: &'static str,
    message: String,
    kind: FailureKind,
}

impl StoreError {
    /// Whether the same request may succeed a moment later, as after throttling or a lost
    /// connection.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, FailureKind::Transient)
    }

    /// Whether the cause has nothing to do with the data: a table in trouble, one that the function
    /// may not use, or one that does not exist.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        self.kind.is_external()
    }

    pub(super) fn of_call<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Self { operation, message: aws::reason(error), kind: aws::failure_kind(error) }
    }

    pub(super) fn of_configuration(error: &InvalidVariable) -> Self {
        Self { operation: "Open table", message: error.to_string(), kind: FailureKind::Invalid }
    }

    pub(super) fn of_item(operation: &'static str, error: &serde_dynamo::Error) -> Self {
        Self { operation, message: format!("an item is malformed: {error}"), kind: FailureKind::Invalid }
    }

    pub(super) fn of_attribute(operation: &'static str, attribute: &str) -> Self {
        Self {
            operation,
            message: format!("the attribute {attribute} of an item is missing or malformed"),
            kind: FailureKind::Invalid,
        }
    }

    pub(super) fn of_request(operation: &'static str, error: &BuildError) -> Self {
        Self { operation, message: error.to_string(), kind: FailureKind::Invalid }
    }

    /// The error of a row that does not exist although another row names it.
    #[must_use]
    pub fn missing(what: &'static str, id: &impl std::fmt::Display) -> Self {
        Self { operation: "Get", message: format!("the {what} {id} does not exist"), kind: FailureKind::Invalid }
    }

    pub(super) fn unfinished(operation: &'static str) -> Self {
        Self {
            operation,
            message: "DynamoDB left part of the batch unprocessed in every attempt".to_owned(),
            kind: FailureKind::Transient,
        }
    }
}

impl Retryable for StoreError {
    fn outlook(&self) -> Outlook {
        if self.is_transient() { Outlook::Troubled } else { Outlook::Hopeless }
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
