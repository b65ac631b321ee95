//! Demo data: a month of alerts and incidents, so that there is something to review.

use seed::{DEFAULT_SEED, SeedError};
use shared::{aws::Aws, config::Environment};

use crate::clock;

/// Fills the tables with demo data if they are empty. Data that people made is never touched.
///
/// # Errors
/// When the history cannot be written.
pub async fn fill(aws: &Aws, environment: &Environment) -> Result<(), SeedError> {
    match seed::history(aws, environment, DEFAULT_SEED, clock::now(), |_, _| {}).await {
        Ok(summary) => tracing::info!("demo data: {summary}"),
        Err(SeedError::NotEmpty) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
