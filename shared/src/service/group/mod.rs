//! Groups deliveries: each takes effect exactly once, in one transaction with the claim that it did.

mod attempt;

use std::sync::atomic::{AtomicI64, Ordering};

use tracing::info;

use super::retry;
use crate::{
    aws::Aws,
    classification::classify,
    config::{Environment, MissingVariable},
    domain::{
        delivery::{Content, Delivery},
        id::{AlertId, EntryId, IdGenerator, IncidentId},
        quarantine::{QuarantineEntry, SHOWN_BODY_BYTES},
        time::Time,
    },
    grouping::rules::{InvalidRules, Rules},
    store::{
        StoreError,
        alerts::Alerts,
        claims::{ClaimKeys, Claims},
        incidents::Incidents,
        quarantine::Quarantine,
        transaction::{Part, TransactionError, Write, commit},
    },
};
use attempt::Attempt;

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
    Recovered(AlertId),
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
pub struct Grouper {
    client: aws_sdk_dynamodb::Client,
    claims: Claims,
    incidents: Incidents,
    alerts: Alerts,
    quarantine: Quarantine,
    rules: Rules,
    ids: IdGenerator,
    /// Since when the history is known to start, in milliseconds.
    history_start_ms: AtomicI64,
}

impl Grouper {
    /// Connects to the tables. `seed` makes the ids.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start(environment: &Environment, aws: &Aws, seed: u64) -> Result<Self, StartError> {
        let client = aws.dynamodb();
        Ok(Self {
            claims: Claims::new(client.clone(), environment.claims_table()?),
            incidents: Incidents::new(client.clone(), environment.incidents_table()?),
            alerts: Alerts::new(environment.alerts_table()?),
            quarantine: Quarantine::new(environment.quarantine_table()?),
            rules: Rules::built_in()?,
            ids: IdGenerator::seeded(seed),
            history_start_ms: AtomicI64::new(i64::MAX),
            client,
        })
    }

    /// Lets a delivery take effect.
    ///
    /// # Errors
    /// [`GroupError`]: nothing has happened, or it did and the answer was lost; either way it can be grouped again.
    pub async fn group(&self, delivery: &Delivery, now: Time) -> Result<Effect, GroupError> {
        self.note_history_start(now).await?;
        let effect = match &delivery.content {
            Content::Unreadable(reason) => self.quarantine(delivery, reason, now).await?,
            Content::Event(event) => {
                let classification = classify(event, &self.rules);
                let service = classification.service.value.as_deref();
                let keys = ClaimKeys::of(&delivery.delivery_id, event, service, &classification.environment.value);
                let attempt =
                    Attempt { grouper: self, delivery, event, classification: &classification, keys: &keys, now };
                self.until_settled(|| attempt.run()).await?
            }
        };
        info!(delivery_id = delivery.delivery_id.as_str(), vendor = delivery.vendor, ?effect, "delivery grouped");
        Ok(effect)
    }

    /// Decides and writes, anew after each collision.
    async fn until_settled<Try, Settled>(&self, attempt: Try) -> Result<Effect, GroupError>
    where
        Try: Fn() -> Settled,
        Settled: Future<Output = Result<Effect, TransactionError>>,
    {
        let mut attempts = 0;
        loop {
            match attempt().await {
                Ok(effect) => return Ok(effect),
                Err(error) if error.failed_on(Part::Delivery) => return Ok(Effect::Duplicate),
                Err(error) if !error.is_retryable() => return Err(GroupError::Transaction(error)),
                Err(last) if attempts + 1 == retry::ATTEMPTS => {
                    return Err(GroupError::Contended { attempts: retry::ATTEMPTS, last });
                }
                Err(_) => retry::pause(attempts).await,
            }
            attempts += 1;
        }
    }

    async fn quarantine(&self, delivery: &Delivery, reason: &str, now: Time) -> Result<Effect, GroupError> {
        let body = delivery.raw.beginning(SHOWN_BODY_BYTES)?;
        let entry = QuarantineEntry {
            id: self.ids.next(now),
            vendor: delivery.vendor.clone(),
            delivery_id: delivery.delivery_id.clone(),
            reason: reason.to_owned(),
            received_at: delivery.received_at,
            truncated: body.len() < delivery.raw.length,
            body: String::from_utf8_lossy(&body).into_owned(),
            body_bytes: delivery.raw.length,
        };
        let writes = || -> Result<Vec<Write>, StoreError> {
            Ok(vec![
                self.claims.deliver(&delivery.delivery_id, now)?,
                self.quarantine.insertion(&entry, &delivery.raw, now)?,
            ])
        };
        self.until_settled(|| async {
            commit(&self.client, writes()?).await?;
            Ok(Effect::Quarantined(entry.id))
        })
        .await
    }

    /// Readers ask for the months since the history starts; so that is noted before the first row is written. Once
    /// per instance of the function, and again if `now` is earlier.
    async fn note_history_start(&self, now: Time) -> Result<(), StoreError> {
        if now.as_millis() < self.history_start_ms.load(Ordering::Relaxed) {
            self.claims.note_history_start(now).await?;
            self.history_start_ms.fetch_min(now.as_millis(), Ordering::Relaxed);
        }
        Ok(())
    }
}
