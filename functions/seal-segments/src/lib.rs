//! Seals what changed into segments, every minute. Lists are answered from them.

use serde::de::IgnoredAny;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    function::{Error, EventFunction},
    service::seal_segments::SealSegments,
    store::Tables,
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    seal_segments: SealSegments,
}

impl EventFunction for Function {
    /// The event of a schedule says nothing that matters.
    type Event = IgnoredAny;
    type Answer = ();

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let seal_segments = SealSegments::new(&Tables::new(environment, aws))?;
        seal_segments.warm().await;
        Ok(Self { seal_segments })
    }

    async fn answer(&self, _: IgnoredAny, deadline: Deadline) {
        self.seal_segments.run(clock::now(), deadline).await;
    }
}
