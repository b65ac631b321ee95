//! Why something was not counted. Whoever counts goes on without: counting is not what the caller came for.

use crate::{deadline::OutOfTime, store::StoreError};

/// Why something was not counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The count was not there in the time that it may take.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}
