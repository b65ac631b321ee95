//! Why something was not counted. Whoever counts goes on without: counting is not what the caller came for.

use crate::{deadline::OutOfTime, store::StoreError};

/// Why something was not counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}
