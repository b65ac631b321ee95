//! Demo data: a month of alerts and incidents.

use seed::{DEFAULT_SEED, SeedError};
use shared::{aws::Aws, config::Environment};

use crate::clock;

/// Fills the tables if they are empty.
///
/// # Errors
/// If the data cannot be written.
pub async fn fill(aws: &Aws, environment: &Environment) -> Result<(), SeedError> {
    match seed::history(aws, environment, DEFAULT_SEED, clock::now(), |_, _| {}).await {
        Ok(summary) => tracing::info!("demo data written: {summary}"),
        Err(SeedError::NotEmpty) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
