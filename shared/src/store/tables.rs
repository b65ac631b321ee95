//! The tables of a stack, and the connection to DynamoDB that they share.

use aws_sdk_dynamodb::Client;

use super::{
    alerts::Alerts,
    claims::Claims,
    counts::Counts,
    incidents::Incidents,
    index::IndexReader,
    quarantine::Quarantine,
    transaction::{self, TransactionError, Write},
};
use crate::{
    aws::Aws,
    config::{Environment, InvalidVariable},
};

/// The tables whose names the environment holds. A function has the names of those it uses.
#[derive(Debug, Clone)]
pub struct Tables {
    client: Client,
    environment: Environment,
}

impl Tables {
    /// Tables of the stack that the environment describes. Makes no call.
    #[must_use]
    pub fn new(environment: &Environment, aws: &Aws) -> Self {
        Self { client: aws.dynamodb(), environment: environment.clone() }
    }

    /// # Errors
    /// [`InvalidVariable`] without `ALERTS_TABLE`.
    pub fn alerts(&self) -> Result<Alerts, InvalidVariable> {
        Ok(Alerts::new(self.client.clone(), self.environment.alerts_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `CLAIMS_TABLE`.
    pub fn claims(&self) -> Result<Claims, InvalidVariable> {
        Ok(Claims::new(self.client.clone(), self.environment.claims_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `COUNTS_TABLE`.
    pub fn counts(&self) -> Result<Counts, InvalidVariable> {
        Ok(Counts::new(self.client.clone(), self.environment.counts_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `INCIDENTS_TABLE`.
    pub fn incidents(&self) -> Result<Incidents, InvalidVariable> {
        Ok(Incidents::new(self.client.clone(), self.environment.incidents_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `QUARANTINE_TABLE`.
    pub fn quarantine(&self) -> Result<Quarantine, InvalidVariable> {
        Ok(Quarantine::new(self.client.clone(), self.environment.quarantine_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `ALERTS_TABLE`.
    pub fn alert_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.alerts_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `INCIDENTS_TABLE`.
    pub fn incident_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.incidents_table()?))
    }

    /// # Errors
    /// [`InvalidVariable`] without `QUARANTINE_TABLE`.
    pub fn quarantine_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.quarantine_table()?))
    }

    /// Writes all or nothing.
    ///
    /// # Errors
    /// [`TransactionError`]
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), TransactionError> {
        transaction::commit(&self.client, writes).await
    }
}
