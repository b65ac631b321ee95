//! Writes several rows together or not at all, with `TransactWriteItems`.

use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{ConditionCheck, Put, TransactWriteItem, Update},
};

use super::{
    StoreError,
    error::{is_failed_condition, is_transient_reason},
};
use crate::{
    domain::id::{AlertId, IncidentId},
    retry::{Outlook, Retryable},
};

const OPERATION: &str = "TransactWriteItems";

/// The purpose of a write in a transaction. It tells whose condition failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The claim of a delivery. Its condition fails if the delivery has taken effect before.
    Delivery,
    /// The claim of a problem and of its deliveries.
    Problem,
    /// The claim of a group or an environment.
    Group,
    Alert,
    Payload,
    Incident,
    Action,
    /// The claim of a comment. Its condition fails if the comment was added before.
    Comment,
    Quarantine,
    /// The claim of a dead letter. Its condition fails if the letter is in the quarantine already.
    DeadLetter,
    /// The entry of the change log. It has no condition.
    Change,
}

/// A row that lists show, and its version after the write: [`DELETED`](super::changes::DELETED) if that deletes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Alert(AlertId, u64),
    Incident(IncidentId, u64),
}

/// One write of a transaction and its purpose.
#[derive(Debug, Clone)]
pub struct Write {
    part: Part,
    item: TransactWriteItem,
    /// The row that it creates or changes, if lists show it.
    listed: Option<Listed>,
}

impl Write {
    pub(super) fn put(part: Part, put: Put) -> Self {
        Self { part, item: TransactWriteItem::builder().put(put).build(), listed: None }
    }

    pub(super) fn check(part: Part, check: ConditionCheck) -> Self {
        Self { part, item: TransactWriteItem::builder().condition_check(check).build(), listed: None }
    }

    pub(super) fn update(part: Part, update: Update) -> Self {
        Self { part, item: TransactWriteItem::builder().update(update).build(), listed: None }
    }

    /// Says that lists show the row.
    pub(super) fn listed(self, row: Listed) -> Self {
        Self { listed: Some(row), ..self }
    }

    /// The row that it changes, if lists show it.
    pub(super) const fn row(&self) -> Option<Listed> {
        self.listed
    }
}

/// Why a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Another writer was faster. Nothing was written.
    #[error("conditions failed: {0:?}")]
    ConditionFailed(Vec<Part>),
    /// Nothing was written.
    #[error("the transaction collided with another")]
    Contended,
    /// Nothing was written.
    #[error("the transaction was throttled")]
    Throttled,
    /// The call failed. If only its answer was lost, everything was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TransactionError {
    /// Whether the data or the product is the cause: the same request would always fail.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Store(error) if !error.is_external())
    }

    /// Whether the cause has nothing to do with the data: throttling, a lost connection, a missing
    /// permission.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        match self {
            Self::ConditionFailed(_) | Self::Contended => false,
            Self::Throttled => true,
            Self::Store(error) => error.is_external(),
        }
    }
}

impl Retryable for TransactionError {
    /// After any retryable error the caller may read again, decide again and try again.
    fn outlook(&self) -> Outlook {
        match self {
            Self::ConditionFailed(_) | Self::Contended => Outlook::Contended,
            Self::Throttled => Outlook::Troubled,
            Self::Store(error) => error.outlook(),
        }
    }
}

/// Writes all or nothing. When the SDK retries, it sends the same `ClientRequestToken`. So a
/// transaction whose answer was lost is not written twice (Amazon DynamoDB API Reference,
/// `TransactWriteItems`).
///
/// # Errors
/// [`TransactionError`]
pub async fn commit(client: &Client, writes: Vec<Write>) -> Result<(), TransactionError> {
    let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) =
        writes.into_iter().map(|write| (write.part, write.item)).unzip();
    let Err(error) = client.transact_write_items().set_transact_items(Some(items)).send().await else { return Ok(()) };
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Err(StoreError::of_call(OPERATION, &error).into());
    };
    let reasons = cancelled.cancellation_reasons();
    let failed: Vec<Part> = parts
        .into_iter()
        .zip(reasons)
        .filter(|(_, reason)| is_failed_condition(reason))
        .map(|(part, _)| part)
        .collect();
    if !failed.is_empty() {
        Err(TransactionError::ConditionFailed(failed))
    } else if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        Err(TransactionError::Contended)
    } else if reasons.iter().any(is_transient_reason) {
        Err(TransactionError::Throttled)
    } else {
        Err(StoreError::of_call(OPERATION, &error).into())
    }
}
