//! The raw payload of an alert.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        alert::Alert,
        id::AlertId,
        payload::{PayloadDeletion, StoredPayload},
        time::Time,
    },
    retry::Retries,
    store::{StoreError, Tables, alerts::Alerts, payloads::Payloads},
};

/// How often the payload of an alert that is new is looked for, and the pause between.
const MAX_LOOKS: usize = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why a payload cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetAlertPayloadError {
    #[error("there is no alert with this id")]
    NotFound,
    /// It has expired, or the alert never had one.
    #[error("no payload of this alert is kept")]
    NotKept,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the payload cannot be unpacked: {0}")]
    Body(#[from] std::io::Error),
}

/// What is kept of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertPayload {
    Kept(RawPayload),
    Deleted(PayloadDeletion),
}

/// A payload as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPayload {
    /// As far as it is kept.
    pub body: Vec<u8>,
    /// How many bytes it had.
    pub length: usize,
    /// Whether it was too large to be kept whole.
    pub truncated: bool,
    pub received_at: Time,
    pub expires_at: Time,
}

/// The use case.
#[derive(Debug)]
pub struct GetAlertPayload {
    alerts: Alerts,
    payloads: Payloads,
}

impl GetAlertPayload {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { alerts: tables.alerts()?, payloads: tables.payloads()? })
    }

    /// The payload of the alert of that id.
    ///
    /// # Errors
    /// [`GetAlertPayloadError`]
    pub async fn get(&self, id: AlertId, now: Time, deadline: Deadline) -> Result<AlertPayload, GetAlertPayloadError> {
        let mut retries = Retries::of_person(deadline);
        let mut looks = 0;
        let stored = loop {
            match self.look(id, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                Err(error) => return Err(error.into()),
                Ok((None, _)) => return Err(GetAlertPayloadError::NotFound),
                // It is written a moment after the alert.
                Ok((Some(alert), None)) if looks < MAX_LOOKS && now < alert.created_at().plus_minutes(1) => {
                    looks += 1;
                    sleep(LOOK_AGAIN.min(deadline.remaining())).await;
                }
                Ok((Some(_), stored)) => break stored,
            }
        };
        Ok(match stored.ok_or(GetAlertPayloadError::NotKept)? {
            StoredPayload::Deleted(deletion) => AlertPayload::Deleted(deletion),
            StoredPayload::Kept(kept) => AlertPayload::Kept(RawPayload {
                body: kept.body.unpack()?,
                length: kept.body.length,
                truncated: kept.body.truncated,
                received_at: kept.received_at,
                expires_at: kept.expires_at,
            }),
        })
    }

    /// The alert, and what is kept of its payload.
    async fn look(&self, id: AlertId, now: Time) -> Result<(Option<Alert>, Option<StoredPayload>), StoreError> {
        let (alert, own) = tokio::try_join!(self.alerts.get(id, now), self.payloads.get(id, now))?;
        let stored = match (own, alert.as_ref().and_then(|alert| alert.state.bundle)) {
            (None, Some(bundle)) => self.payloads.get_bundled(id, bundle, now).await?,
            (own, _) => own,
        };
        Ok((alert, stored))
    }
}
