//! Writes that happen together or not at all.

use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{ConditionCheck, Put, TransactWriteItem, Update},
};

use super::{
    StoreError,
    error::{is_failed_condition, is_transient_reason},
};

const OPERATION: &str = "TransactWriteItems";

/// What a part of a transaction is, to tell which of its conditions failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The claim of a delivery: its condition fails if the delivery took effect before.
    Delivery,
    /// The claim of a problem.
    Problem,
    /// The claim of a group or an environment.
    Group,
    /// An alert's row.
    Alert,
    /// An incident.
    Incident,
    /// An entry of an incident's history.
    Action,
    /// An entry of the quarantine.
    Quarantine,
    /// The claim of a dead letter: its condition fails if the letter was put into the quarantine before.
    DeadLetter,
}

/// A write and what it is.
#[derive(Debug, Clone)]
pub struct Write {
    part: Part,
    item: TransactWriteItem,
}

impl Write {
    pub(super) fn put(part: Part, put: Put) -> Self {
        Self { part, item: TransactWriteItem::builder().put(put).build() }
    }

    pub(super) fn check(part: Part, check: ConditionCheck) -> Self {
        Self { part, item: TransactWriteItem::builder().condition_check(check).build() }
    }

    pub(super) fn update(part: Part, update: Update) -> Self {
        Self { part, item: TransactWriteItem::builder().update(update).build() }
    }
}

/// A transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Conditions failed: somebody else wrote meanwhile.
    #[error("conditions failed: {0:?}")]
    ConditionFailed(Vec<Part>),
    /// It collided with another, or the table is throttled.
    #[error("the transaction collided with another or was throttled")]
    Contended,
    /// It cannot happen.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TransactionError {
    /// Whether it may be decided anew and tried again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::ConditionFailed(_) | Self::Contended => true,
            Self::Store(error) => error.is_transient(),
        }
    }

    /// Whether the cause is outside of what was to be written: throttling, a lost connection.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        match self {
            Self::ConditionFailed(_) => false,
            Self::Contended => true,
            Self::Store(error) => error.is_transient(),
        }
    }
}

/// Writes all or nothing.
///
/// # Errors
/// [`TransactionError`]. The SDK's own retries carry one token, so a transaction whose answer was
/// lost is not written twice.
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
    } else if reasons.iter().any(is_transient_reason) {
        Err(TransactionError::Contended)
    } else {
        Err(StoreError::of_call(OPERATION, &error).into())
    }
}
