//! Why the history could not be written.

use jiff::Timestamp;
use shared::{
    config::InvalidVariable,
    service::{
        change_status::ChangeStatusError,
        group_alerts::{GroupError, StartError},
    },
    store::{StoreError, segments::ListError},
};

use crate::company::DataError;

/// The history could not be written. What was written before the error stays.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// People may rely on a history that is there, and lists have counted it.
    #[error("the tables are not empty; demo data is written into empty tables only")]
    NotEmpty,
    #[error("could not check whether the tables are empty: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("webhook of {at}: the source {name} is unknown")]
    UnknownSource { at: Timestamp, name: &'static str },
    #[error(transparent)]
    Missing(#[from] InvalidVariable),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("could not group the webhook of {at}: {source}")]
    Group { at: Timestamp, source: GroupError },
    #[error("could not seal the history: {0}")]
    Seal(#[from] ListError),
    #[error("could not change the status at {at}: {source}")]
    Change { at: Timestamp, source: ChangeStatusError },
}
