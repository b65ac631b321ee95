//! Groups deliveries: each takes effect exactly once, in one transaction with the claim that it did.

mod batch;
mod prepared;

use std::sync::atomic::{AtomicI64, Ordering};

use tracing::{field::display, info};

use super::{retry, warm::warm};
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        delivery::Delivery,
        id::{AlertId, EntryId, IdGenerator, IncidentId},
        time::Time,
    },
    rules::{InvalidRules, Rules},
    store::{
        StoreError,
        alerts::Alerts,
        claims::Claims,
        counts::Counts,
        incidents::Incidents,
        quarantine::Quarantine,
        transaction::{TransactionError, commit},
    },
};
use batch::Batch;
use prepared::Entry;

/// How many deliveries are grouped together: `TransactWriteItems` takes 100 writes and 4 MB, and one delivery makes at
/// most 10 writes, with at most 256 KB of raw payload. More happens only if openings in as many environments meet; then
/// each is tried alone.
pub const MAX_DELIVERIES: usize = 10;

/// What a delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It took effect before.
    Duplicate,
    /// It changes nothing, and is noted as done.
    Nothing,
    /// It cannot be read and was put where people find it.
    Quarantined(EntryId),
    /// A recovery was remembered until its trigger arrives.
    Remembered,
    /// An alert opened an incident.
    Opened(AlertId, IncidentId),
    /// An alert joined an incident.
    Joined(AlertId, IncidentId),
    /// An alert that had recovered before it arrived was recorded, without an incident.
    Recorded(AlertId),
    /// An alert was reported again.
    Repeated(AlertId),
    /// An alert recovered.
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

/// A delivery could not be grouped; it is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// Others were faster, again and again.
    #[error("gave up after {attempts} attempts: {last}")]
    Contended {
        /// How many.
        attempts: u32,
        /// What went wrong last.
        last: TransactionError,
    },
    /// A table cannot be read or written.
    #[error(transparent)]
    Transaction(TransactionError),
    /// The packed body is broken.
    #[error("the body of the delivery cannot be unpacked: {0}")]
    Body(#[from] std::io::Error),
}

impl GroupError {
    /// Whether the cause is outside of the deliveries, such as a table that is throttled; otherwise one of them may
    /// be the cause for all.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        match self {
            Self::Contended { last: error, .. } | Self::Transaction(error) => error.is_external(),
            Self::Body(_) => false,
        }
    }
}

impl From<StoreError> for GroupError {
    fn from(error: StoreError) -> Self {
        Self::Transaction(error.into())
    }
}

/// Why grouping cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The function's configuration is incomplete.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// The built-in rules are invalid.
    #[error(transparent)]
    Rules(#[from] InvalidRules),
}

/// Groups deliveries.
#[derive(Debug)]
pub struct GroupAlerts {
    client: aws_sdk_dynamodb::Client,
    claims: Claims,
    incidents: Incidents,
    alerts: Alerts,
    quarantine: Quarantine,
    counts: Counts,
    rules: Rules,
    ids: IdGenerator,
    /// Since when the history is known to start, in milliseconds.
    history_start_ms: AtomicI64,
}

impl GroupAlerts {
    /// Connects to the tables. `seed` makes the ids.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start(environment: &Environment, aws: &Aws, seed: u64) -> Result<Self, StartError> {
        let client = aws.dynamodb();
        Ok(Self {
            claims: Claims::new(client.clone(), environment.claims_table()?),
            incidents: Incidents::new(client.clone(), environment.incidents_table()?),
            alerts: Alerts::new(client.clone(), environment.alerts_table()?),
            quarantine: Quarantine::new(client.clone(), environment.quarantine_table()?),
            counts: Counts::new(client.clone(), environment.counts_table()?),
            rules: Rules::built_in()?,
            ids: IdGenerator::seeded(seed),
            history_start_ms: AtomicI64::new(i64::MAX),
            client,
        })
    }

    /// Makes the first call before the first batch comes: since when the history is known to start.
    pub async fn warm(&self) {
        let start = async {
            if let Some(start) = self.claims.history_start().await? {
                self.history_start_ms.fetch_min(start.as_millis(), Ordering::Relaxed);
            }
            Ok::<_, StoreError>(())
        };
        warm("DynamoDB", start).await;
    }

    /// Lets one delivery take effect.
    ///
    /// # Errors
    /// [`GroupError`]: nothing has happened, or it did and the answer was lost; either way it can be grouped again.
    pub async fn group(&self, delivery: &Delivery, now: Time) -> Result<Effect, GroupError> {
        let effects = self.group_together(&[delivery], now).await?;
        effects.first().copied().ok_or_else(|| StoreError::missing("delivery", &delivery.delivery_id).into())
    }

    /// Lets deliveries take effect, in their order: together, or none of them. At most [`MAX_DELIVERIES`].
    ///
    /// # Errors
    /// [`GroupError`], as for one.
    pub async fn group_together(&self, deliveries: &[&Delivery], now: Time) -> Result<Vec<Effect>, GroupError> {
        self.note_history_start(now).await?;
        let entries: Vec<Entry<'_>> =
            deliveries.iter().map(|delivery| Entry::of(self, delivery, now)).collect::<Result<_, _>>()?;
        let most = if entries.len() > 1 { retry::ATTEMPTS_TOGETHER } else { retry::ATTEMPTS };
        let mut attempts = 0;
        loop {
            match self.attempt(&entries, now).await {
                Ok(effects) => {
                    for (delivery, effect) in deliveries.iter().zip(&effects) {
                        let delivery_id = delivery.delivery_id.as_str();
                        let (alert_id, incident_id) =
                            (effect.alert_id().map(display), effect.incident_id().map(display));
                        let source = &delivery.source;
                        info!(delivery_id, source, effect = effect.name(), alert_id, incident_id, "delivery grouped");
                    }
                    return Ok(effects);
                }
                Err(error) if !error.is_retryable() => return Err(GroupError::Transaction(error)),
                Err(last) if attempts + 1 == most => return Err(GroupError::Contended { attempts: most, last }),
                Err(_) => retry::pause(attempts).await,
            }
            attempts += 1;
        }
    }

    /// Notes why a message was refused: what the quarantine says of it if it becomes a dead letter.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn note_failure(&self, message_id: &str, reason: &str, now: Time) -> Result<(), StoreError> {
        self.claims.note_failure(message_id, reason, now).await
    }

    /// Reads, decides and writes; all anew after each collision.
    async fn attempt(&self, entries: &[Entry<'_>], now: Time) -> Result<Vec<Effect>, TransactionError> {
        let mut batch = Batch::read(self, entries, now).await?;
        let mut effects = Vec::with_capacity(entries.len());
        for entry in entries {
            effects.push(batch.apply(entry).await?);
        }
        let writes = batch.writes()?;
        if !writes.is_empty() {
            self.counts.invalidate(&batch.invalidations(), now).await?;
            commit(&self.client, writes).await?;
        }
        Ok(effects)
    }

    /// Readers ask for the months since the history starts; so that is noted before the first row is written, unless
    /// it is known to start earlier.
    async fn note_history_start(&self, now: Time) -> Result<(), StoreError> {
        if now.as_millis() < self.history_start_ms.load(Ordering::Relaxed) {
            self.claims.note_history_start(now).await?;
            self.history_start_ms.fetch_min(now.as_millis(), Ordering::Relaxed);
        }
        Ok(())
    }
}
