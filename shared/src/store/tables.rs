//! Opens the tables of a stack. They share one DynamoDB client.

use aws_sdk_dynamodb::Client;

use super::{
    StoreError,
    alerts::Alerts,
    changes::{self, ChangeLog},
    claims::Claims,
    event_counts::EventCounts,
    incidents::Incidents,
    payloads::Payloads,
    quarantine::Quarantine,
    segments::{Segments, SharedCache, Source},
    transaction::{self, TransactionError, Write},
};

use crate::{
    aws::Aws,
    config::{Environment, InvalidVariable},
    domain::{retention::Retention, time::Time},
};

/// The tables that the environment names. A function has the names of the tables that it uses.
#[derive(Debug, Clone)]
pub struct Tables {
    client: Client,
    environment: Environment,
    /// Copies of these tables share it.
    cache: SharedCache,
}

impl Tables {
    /// The tables of the stack that the environment describes. Makes no call.
    #[must_use]
    pub fn new(environment: &Environment, aws: &Aws) -> Self {
        Self { client: aws.dynamodb(), environment: environment.clone(), cache: SharedCache::default() }
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

    /// The limits table, if sources have limits.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `LIMITS_TABLE`.
    pub fn event_counts(&self) -> Result<EventCounts, InvalidVariable> {
        Ok(EventCounts::new(self.client.clone(), self.environment.limits_table()?))
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

    /// What lists read: segments and the change log.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `SEGMENTS_TABLE`, `ALERTS_TABLE`, `INCIDENTS_TABLE` or `CLAIMS_TABLE`.
    pub fn segments(&self) -> Result<Segments, InvalidVariable> {
        let (client, table) = (&self.client, self.environment.segments_table()?);
        let (alerts, incidents) = (self.environment.alerts_table()?, self.environment.incidents_table()?);
        let source = Source::new(client.clone(), alerts, incidents, self.claims()?);
        Ok(Segments::new(client, &table, source, self.cache.clone()))
    }

    /// The change log of lists.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `SEGMENTS_TABLE`.
    pub fn changes(&self) -> Result<ChangeLog, InvalidVariable> {
        Ok(ChangeLog::new(self.client.clone(), self.environment.segments_table()?))
    }

    /// Writes all or nothing, to any of the tables. If rows change that lists show, an entry of the change log is written
    /// with them. Its time is `now`, which must have been read from the clock by this call of the function.
    ///
    /// # Errors
    /// [`TransactionError`]
    pub async fn commit(&self, mut writes: Vec<Write>, now: Time) -> Result<(), TransactionError> {
        if writes.iter().any(|write| write.row().is_some()) {
            let table = self.environment.segments_table().map_err(|error| StoreError::of_configuration(&error))?;
            writes.extend(changes::entry(&table, &writes, now)?);
        }
        transaction::commit(&self.client, writes).await
    }
}
