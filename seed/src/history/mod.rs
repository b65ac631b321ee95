//! Writes a timeline into the tables of a stack, through the code that handles real webhooks. Only
//! the times are given.

mod error;
mod order;
mod summary;
mod writer;

use std::time::Duration;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    store::{Tables, segments::Purpose},
};

use self::{order::Order, writer::Writer};
use crate::timeline::Timeline;
pub use error::SeedError;
pub use summary::Summary;

/// How many steps are begun at most. Nearly all of them wait for their turn. This many reach from
/// one outage to others that do not depend on it.
const MAX_STEPS_AHEAD: usize = 256;

/// How long sealing may take. What is left is sealed by the stack.
const MAX_SEALING: Duration = Duration::from_mins(5);

/// Writes the history of a seed that ends now into empty tables. `progress` is told how many steps
/// are done, and how many there are.
///
/// Steps that affect the same service are written in order of time, others side by side. So
/// everything but the random part of ids is the same each time.
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
    let writer = Writer::new(&tables, seed)?;
    let writer = &writer;
    let mut order = Order::default();
    let steps = timeline.steps.iter().map(|step| {
        let mut turn = order.turn(timeline.affected_by(step));
        async move {
            turn.comes().await;
            let written = writer.write(&step.action).await;
            turn.ends();
            written
        }
    });
    let total = timeline.steps.len();
    let mut written = stream::iter(steps).buffer_unordered(MAX_STEPS_AHEAD);
    let mut summary = Summary::default();
    let mut done = 0;
    while let Some(step) = written.next().await {
        summary.add(step?);
        done += 1;
        progress(done, total);
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
