//! A person deletes the raw payload of an alert: the bytes go, who did it stays.

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        action::ActionKind,
        alert::Alert,
        delivery::MEMORY_DAYS,
        id::AlertId,
        payload::{PayloadDeletion, StoredPayload},
        retention::Retention,
        time::{MINUTES_A_DAY, Time},
    },
    retry::{Outlook, Retries, Retryable},
    store::{
        StoreError, Tables,
        alerts::Alerts,
        incidents::Incidents,
        payloads::Payloads,
        transaction::{TransactionError, Write},
    },
};

/// Why a payload was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAlertPayloadError {
    #[error("there is no alert with this id")]
    NotFound,
    /// A table cannot be reached, or other writers were faster in each attempt.
    #[error(transparent)]
    Unavailable(#[from] TransactionError),
}

impl From<StoreError> for DeleteAlertPayloadError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Retryable for DeleteAlertPayloadError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Unavailable(error) => error.outlook(),
            Self::NotFound => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct DeleteAlertPayload {
    tables: Tables,
    alerts: Alerts,
    payloads: Payloads,
    incidents: Incidents,
    retention: Retention,
}

impl DeleteAlertPayload {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self {
            tables: tables.clone(),
            alerts: tables.alerts()?,
            payloads: tables.payloads()?,
            incidents: tables.incidents()?,
            retention: tables.retention()?,
        })
    }

    /// Deletes the payload of an alert, or finds that none is kept and records nothing. The history of
    /// the alert's incident says who deleted it.
    ///
    /// # Errors
    /// [`DeleteAlertPayloadError`]
    pub async fn delete(
        &self,
        id: AlertId,
        actor: &str,
        now: Time,
        deadline: Deadline,
    ) -> Result<(), DeleteAlertPayloadError> {
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.attempt(id, actor, now).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(&self, id: AlertId, actor: &str, now: Time) -> Result<(), DeleteAlertPayloadError> {
        let (alert, own) = tokio::try_join!(self.alerts.get(id, now), self.payloads.get(id, now))?;
        let alert = alert.ok_or(DeleteAlertPayloadError::NotFound)?;
        // The payload of an alert that is new may still be on its way: then the deletion comes first.
        let may_come = || {
            let remembered_until = alert.created_at().plus_minutes(MEMORY_DAYS * MINUTES_A_DAY);
            now < remembered_until.min(self.retention.of_payload(alert.created_at()))
        };
        if matches!(own, Some(StoredPayload::Deleted(_))) {
            return Ok(());
        }
        let bundle = match alert.state.bundle {
            Some(bundle) => Some((bundle, self.payloads.bundle(bundle).await?)),
            None => None,
        };
        let bundled = bundle.as_ref().and_then(|(_, bundle)| bundle.payload(id));
        let is_kept = own.is_some() || bundled.is_some_and(|payload| payload.expires_at > now);
        if !is_kept && !may_come() {
            return Ok(());
        }
        let deletion = PayloadDeletion { at: now, actor: actor.to_owned() };
        let mut writes = vec![self.payloads.deletion(id, &deletion, self.retention.of_payload_deletion(now))?];
        if let Some((bundle, known)) = bundle {
            let expires_at = self.retention.of_payload(alert.created_at());
            writes.extend(self.payloads.deletion_from_bundle(id, bundle, known, expires_at)?);
        }
        writes.extend(self.record(&alert, &deletion).await?);
        Ok(self.tables.commit(writes, now).await?)
    }

    /// The writes that add the deletion to the history of the alert's incident, if it has one.
    async fn record(&self, alert: &Alert, deletion: &PayloadDeletion) -> Result<Vec<Write>, StoreError> {
        let Some(incident_id) = alert.state.incident_id else { return Ok(Vec::new()) };
        let Some(before) = self.incidents.get(incident_id, deletion.at).await? else { return Ok(Vec::new()) };
        let kind = ActionKind::PayloadDeleted { alert_id: alert.id };
        let (after, kinds) = before.clone().note(kind, deletion.at);
        let actions = after.last_actions(kinds, &deletion.actor);
        self.incidents.writes(Some(&before), &after, &actions, self.retention)
    }
}
