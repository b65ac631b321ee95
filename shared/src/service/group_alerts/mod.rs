//! Groups deliveries: each takes effect exactly once, in one transaction with the claim that it did.

mod batch;
mod parts;
mod prepared;

pub use parts::{MAX_MIXED, Part};

use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::try_join_all;
use tracing::info;

use crate::{
    aws,
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        delivery::Delivery,
        id::{AlertId, EntryId, IncidentId},
        retention::Retention,
        time::Time,
    },
    ids::IdGenerator,
    retry::{Outlook, Retries, Retryable},
    rules::{InvalidRules, Rules},
    store::{
        StoreError, Tables, alerts::Alerts, claims::Claims, incidents::Incidents, payloads::Payloads,
        quarantine::Quarantine, transaction::TransactionError,
    },
};
use batch::{Batch, PayloadRow};
use prepared::PreparedDelivery;

/// `TransactWriteItems` takes 100 writes (Amazon DynamoDB API Reference). One is that of the change log.
const MAX_WRITES: usize = 99;

/// How many rows of payloads are written side by side.
const MAX_PARALLEL_PAYLOADS: usize = 16;

/// What a delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It took effect before.
    Duplicate,
    /// It changes nothing, and is noted as done.
    Nothing,
    /// It cannot be read and was put where people find it.
    Quarantined(EntryId),
    /// A resolution is remembered until the firing delivery that it ends arrives.
    Remembered,
    /// An alert opened an incident.
    Opened(AlertId, IncidentId),
    /// An alert joined an incident.
    Joined(AlertId, IncidentId),
    /// An alert that was resolved before it arrived is recorded, without an incident.
    Recorded(AlertId),
    /// An alert was reported again.
    Repeated(AlertId),
    /// An alert was resolved.
    Resolved(AlertId),
}

impl Effect {
    /// What it did, as logs name it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Nothing => "nothing",
            Self::Quarantined(_) => "quarantined",
            Self::Remembered => "remembered",
            Self::Opened(..) => "opened",
            Self::Joined(..) => "joined",
            Self::Recorded(_) => "recorded",
            Self::Repeated(_) => "repeated",
            Self::Resolved(_) => "resolved",
        }
    }

    /// The alert that it was about.
    #[must_use]
    pub const fn alert_id(&self) -> Option<AlertId> {
        match self {
            Self::Opened(alert, _)
            | Self::Joined(alert, _)
            | Self::Recorded(alert)
            | Self::Repeated(alert)
            | Self::Resolved(alert) => Some(*alert),
            Self::Duplicate | Self::Nothing | Self::Quarantined(_) | Self::Remembered => None,
        }
    }

    /// The incident that an alert opened or joined.
    #[must_use]
    pub const fn incident_id(&self) -> Option<IncidentId> {
        match self {
            Self::Opened(_, incident) | Self::Joined(_, incident) => Some(*incident),
            _ => None,
        }
    }
}

/// A delivery could not be grouped. It is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// A table cannot be read or written, or other writers were faster in each attempt.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error("the body of the delivery cannot be unpacked: {0}")]
    Body(#[from] std::io::Error),
    /// Nothing was written.
    #[error("{0} writes are too many for a transaction")]
    TooManyWrites(usize),
}

impl GroupError {
    /// Whether the cause is outside of the deliveries, such as a table that is throttled. Otherwise
    /// one of them may be the cause for all.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        match self {
            Self::Transaction(error) => error.is_external(),
            Self::Body(_) | Self::TooManyWrites(_) => false,
        }
    }

    /// Whether the delivery or the product is the cause: grouping would always fail.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Transaction(error) => error.is_permanent(),
            Self::Body(_) | Self::TooManyWrites(_) => true,
        }
    }
}

impl From<StoreError> for GroupError {
    fn from(error: StoreError) -> Self {
        Self::Transaction(error.into())
    }
}

impl Retryable for GroupError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Transaction(error) => error.outlook(),
            Self::Body(_) | Self::TooManyWrites(_) => Outlook::Hopeless,
        }
    }
}

/// Why grouping cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Configuration(#[from] InvalidVariable),
    /// The built-in rules are invalid.
    #[error(transparent)]
    Rules(#[from] InvalidRules),
}

/// The use case.
#[derive(Debug)]
pub struct GroupAlerts {
    tables: Tables,
    claims: Claims,
    incidents: Incidents,
    alerts: Alerts,
    payloads: Payloads,
    quarantine: Quarantine,
    retention: Retention,
    rules: Rules,
    ids: IdGenerator,
    /// Since when the history is known to start, in milliseconds.
    history_start_ms: AtomicI64,
}

impl GroupAlerts {
    /// `seed` seeds the ids.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn new(tables: &Tables, seed: u64) -> Result<Self, StartError> {
        Ok(Self {
            tables: tables.clone(),
            claims: tables.claims()?,
            incidents: tables.incidents()?,
            alerts: tables.alerts()?,
            payloads: tables.payloads()?,
            quarantine: tables.quarantine()?,
            retention: tables.retention()?,
            rules: Rules::built_in()?,
            ids: IdGenerator::seeded(seed),
            history_start_ms: AtomicI64::new(i64::MAX),
        })
    }

    /// Opens the connection while a function starts, and learns when the history starts.
    pub async fn warm(&self) {
        let learn = async {
            if let Some(start) = self.claims.history_start().await? {
                self.history_start_ms.fetch_min(start.as_millis(), Ordering::Relaxed);
            }
            Ok::<_, StoreError>(())
        };
        aws::warm("DynamoDB", learn).await;
    }

    /// Groups one delivery.
    ///
    /// # Errors
    /// [`GroupError`]: nothing has happened, or it did and the answer was lost. Either way the
    /// delivery can be grouped again.
    pub async fn group(&self, delivery: &Delivery, now: Time, deadline: Deadline) -> Result<Effect, GroupError> {
        let effects = self.group_together(&[delivery], now, deadline).await?;
        effects.first().copied().ok_or_else(|| StoreError::missing("delivery", &delivery.delivery_id).into())
    }

    /// Groups the deliveries of a [`Part`] in their order, in one transaction. If that would be too large, in several. No
    /// attempt begins after the deadline.
    ///
    /// # Errors
    /// [`GroupError`], as for one. Some of them may have taken effect.
    pub async fn group_together(
        &self,
        deliveries: &[&Delivery],
        now: Time,
        deadline: Deadline,
    ) -> Result<Vec<Effect>, GroupError> {
        match self.group_at_once(deliveries, now, deadline).await {
            Err(GroupError::TooManyWrites(_)) if deliveries.len() > 1 => {
                let (first, second) = deliveries.split_at(deliveries.len() / 2);
                let mut effects = Box::pin(self.group_together(first, now, deadline)).await?;
                effects.extend(Box::pin(self.group_together(second, now, deadline)).await?);
                Ok(effects)
            }
            result => result,
        }
    }

    async fn group_at_once(
        &self,
        deliveries: &[&Delivery],
        now: Time,
        deadline: Deadline,
    ) -> Result<Vec<Effect>, GroupError> {
        let prepared: Vec<PreparedDelivery<'_>> =
            deliveries.iter().map(|delivery| PreparedDelivery::of(self, delivery, now)).collect::<Result<_, _>>()?;
        let is_alone = prepared.len() == 1;
        let mut retries = if is_alone { Retries::of_message(deadline) } else { Retries::of_messages(deadline) };
        let (effects, mut rows) = loop {
            match self.attempt(&prepared, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => break result?,
            }
        };
        while let Err(error) = self.keep(&mut rows).await {
            if !retries.pause_after(&error).await {
                return Err(error.into());
            }
        }
        for (delivery, effect) in deliveries.iter().zip(&effects) {
            info!(
                delivery_id = delivery.delivery_id.as_str(),
                source = delivery.source.as_str(),
                effect = effect.name(),
                alert_id = effect.alert_id().map(display),
                incident_id = effect.incident_id().map(display),
                "delivery grouped"
            );
        }
        Ok(effects)
    }

    /// Writes the rows of payloads, and forgets those that are written.
    async fn keep(&self, rows: &mut Vec<PayloadRow<'_>>) -> Result<(), StoreError> {
        while !rows.is_empty() {
            let some = rows.len().saturating_sub(MAX_PARALLEL_PAYLOADS);
            let write = async |row: &PayloadRow<'_>| match row {
                PayloadRow::Own(payload) => self.payloads.keep(payload).await,
                PayloadRow::Bundle(bundle) => self.payloads.keep_bundle(bundle).await,
            };
            try_join_all(rows[some..].iter().map(write)).await?;
            rows.truncate(some);
        }
        Ok(())
    }

    /// Reads, decides and writes. After a collision all three are done again. Returns the rows of payloads that
    /// are still to be written, too.
    async fn attempt<'group>(
        &'group self,
        prepared: &'group [PreparedDelivery<'group>],
        now: Time,
    ) -> Result<(Vec<Effect>, Vec<PayloadRow<'group>>), GroupError> {
        self.note_history_start(now).await?;
        let mut batch = Batch::read(self, prepared, now).await?;
        let mut effects = Vec::with_capacity(prepared.len());
        for delivery in prepared {
            effects.push(batch.apply(delivery).await?);
        }
        batch.bundle_payloads();
        let writes = batch.writes()?;
        if writes.len() > MAX_WRITES {
            return Err(GroupError::TooManyWrites(writes.len()));
        }
        if !writes.is_empty() {
            self.tables.commit(writes, now).await?;
        }
        Ok((effects, batch.into_payload_rows()))
    }

    /// Readers ask for the months since the history starts. So that is recorded before the first row
    /// is written, unless it is known to start earlier.
    async fn note_history_start(&self, now: Time) -> Result<(), StoreError> {
        if now.as_millis() < self.history_start_ms.load(Ordering::Relaxed) {
            self.claims.note_history_start(now).await?;
            self.history_start_ms.fetch_min(now.as_millis(), Ordering::Relaxed);
        }
        Ok(())
    }
}
