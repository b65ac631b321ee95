//! Seals what changed, so that lists need not.

use std::time::Duration;

use tracing::{error, info};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::time::Time,
    store::{
        Tables,
        segments::{Purpose, Sealed, Segments},
    },
};

/// What the last step may still take after the time for sealing is over.
const REST: Duration = Duration::from_secs(5);

/// The use case.
#[derive(Debug)]
pub struct SealSegments {
    segments: Segments,
}

impl SealSegments {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { segments: tables.segments()? })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// Seals until nothing is due, or until the deadline. The next run goes on where this one ends. A failure is logged:
    /// until it is mended, lists seal what they need.
    pub async fn run(&self, now: Time, deadline: Deadline) {
        match self.segments.seal(Purpose::Schedule, now, deadline.leaving(REST)).await {
            Ok(Sealed::Done) => {}
            Ok(Sealed::Further) => info!("more is left to be sealed: the next run goes on"),
            Err(error) => error!(%error, "could not seal"),
        }
    }
}
