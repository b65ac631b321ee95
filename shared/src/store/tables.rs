//! Opens the tables of a stack. They share one DynamoDB client.

use aws_sdk_dynamodb::Client;

use super::{
    alerts::Alerts,
    claims::Claims,
    counts::Counts,
    incidents::Incidents,
    index::IndexReader,
    payloads::Payloads,
    quarantine::Quarantine,
    transaction::{self, TransactionError, Write},
};
use crate::{
    aws::Aws,
    config::{Environment, InvalidVariable},
    domain::retention::Retention,
};

/// The tables that the environment names. A function has the names of the tables that it uses.
#[derive(Debug, Clone)]
pub struct Tables {
    client: Client,
    environment: Environment,
}

impl Tables {
    /// The tables of the stack that the environment describes. Makes no call.
    #[must_use]
    pub fn new(environment: &Environment, aws: &Aws) -> Self {
        Self { client: aws.dynamodb(), environment: environment.clone() }
    }

    /// The alerts table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `ALERTS_TABLE`.
    pub fn alerts(&self) -> Result<Alerts, InvalidVariable> {
        Ok(Alerts::new(self.client.clone(), self.environment.alerts_table()?))
    }

    /// The claims table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `CLAIMS_TABLE`.
    pub fn claims(&self) -> Result<Claims, InvalidVariable> {
        Ok(Claims::new(self.client.clone(), self.environment.claims_table()?))
    }

    /// The counts table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `COUNTS_TABLE`.
    pub fn counts(&self) -> Result<Counts, InvalidVariable> {
        Ok(Counts::new(self.client.clone(), self.environment.counts_table()?))
    }

    /// The incidents table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `INCIDENTS_TABLE`.
    pub fn incidents(&self) -> Result<Incidents, InvalidVariable> {
        Ok(Incidents::new(self.client.clone(), self.environment.incidents_table()?))
    }

    /// The payloads table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `PAYLOADS_TABLE`.
    pub fn payloads(&self) -> Result<Payloads, InvalidVariable> {
        Ok(Payloads::new(self.client.clone(), self.environment.payloads_table()?))
    }

    /// How long the rows of these tables are kept.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `RETENTION_DAYS` or `RAW_RETENTION_DAYS`.
    pub fn retention(&self) -> Result<Retention, InvalidVariable> {
        self.environment.retention()
    }

    /// The quarantine table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `QUARANTINE_TABLE`.
    pub fn quarantine(&self) -> Result<Quarantine, InvalidVariable> {
        Ok(Quarantine::new(self.client.clone(), self.environment.quarantine_table()?))
    }

    /// The indexes of the alerts table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `ALERTS_TABLE`.
    pub fn alert_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.alerts_table()?))
    }

    /// The indexes of the incidents table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `INCIDENTS_TABLE`.
    pub fn incident_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.incidents_table()?))
    }

    /// The indexes of the quarantine table.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `QUARANTINE_TABLE`.
    pub fn quarantine_index(&self) -> Result<IndexReader, InvalidVariable> {
        Ok(IndexReader::new(self.client.clone(), self.environment.quarantine_table()?))
    }

    /// Writes all or nothing, to any of the tables.
    ///
    /// # Errors
    /// [`TransactionError`]
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), TransactionError> {
        transaction::commit(&self.client, writes).await
    }
}
