//! Demo data: a believable month, so that there is something to review.

use aws_sdk_dynamodb::{Client, error::DisplayErrorContext, types::Select};
use seed::{DEFAULT_SEED, SeedError};
use shared::{
    aws::Aws,
    config::{Environment, MissingVariable},
};

use crate::clock;

/// Why there is no demo data.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It is not known which tables to fill.
    #[error("no demo data: {0}")]
    Missing(#[from] MissingVariable),
    /// It cannot be told whether a table is empty.
    #[error("no demo data: the table {0} cannot be read: {1}")]
    Unreadable(String, String),
    /// The history cannot be written.
    #[error("no demo data: {0}")]
    Seed(#[from] SeedError),
}

/// Fills the tables, unless one of them holds something: what people made is theirs.
///
/// # Errors
/// When the history cannot be written.
pub async fn fill(aws: &Aws, environment: &Environment) -> Result<(), DemoError> {
    let client = aws.dynamodb();
    for table in [environment.incidents_table()?, environment.alerts_table()?, environment.quarantine_table()?] {
        if !is_empty(&client, &table).await? {
            return Ok(());
        }
    }
    let summary = seed::history(aws, environment, DEFAULT_SEED, clock::now(), |_, _| {}).await?;
    tracing::info!("demo data: {summary}");
    Ok(())
}

async fn is_empty(client: &Client, table: &str) -> Result<bool, DemoError> {
    let scanned = client.scan().table_name(table).select(Select::Count).limit(1).send().await;
    let unreadable = |error| DemoError::Unreadable(table.to_owned(), DisplayErrorContext(error).to_string());
    Ok(scanned.map_err(unreadable)?.count == 0)
}
