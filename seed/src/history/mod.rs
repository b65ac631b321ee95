//! Writes a timeline into the tables of a stack, through the code that handles real webhooks. Only
//! the times are given.

mod error;
mod summary;
mod writer;

use std::time::Duration;

use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    store::{Tables, segments::Purpose},
};

use self::writer::Writer;
use crate::timeline::Timeline;
pub use error::SeedError;
pub use summary::Summary;

/// How long sealing may take. What is left is sealed by the stack.
const MAX_SEALING: Duration = Duration::from_mins(5);

/// Writes the history of a seed that ends now into empty tables. `progress` is told how many steps
/// are done, and how many there are.
///
/// Steps are written in order of time, one after the other: which incident an alert joins depends on all that came
/// before. So everything but the random part of ids is the same each time.
///
/// # Errors
/// [`SeedError`]
pub async fn history(
    aws: &Aws,
    environment: &Environment,
    seed: u64,
    now: Timestamp,
    mut progress: impl FnMut(usize, usize),
) -> Result<Summary, SeedError> {
    let tables = Tables::new(environment, aws);
    if tables.claims()?.history_start().await?.is_some() {
        return Err(SeedError::NotEmpty);
    }
    let timeline = Timeline::new(seed, now)?;
    let mut writer = Writer::new(&tables, seed)?;
    let mut summary = Summary::default();
    for (done, action) in timeline.steps.iter().enumerate() {
        summary.add(writer.write(action).await?);
        progress(done + 1, timeline.steps.len());
    }
    seal(&tables, now.into()).await?;
    Ok(summary)
}

/// Seals the history. Its changes are in the change log at their own times, which may be sealed already, so everything is
/// summarised anew.
async fn seal(tables: &Tables, now: Time) -> Result<(), SeedError> {
    let segments = tables.segments()?;
    segments.forget(now).await?;
    segments.seal(Purpose::All, now, Deadline::after(MAX_SEALING)).await?;
    Ok(())
}
