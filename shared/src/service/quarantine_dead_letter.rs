//! Puts a dead letter into the quarantine, where people can work on it.

use super::{retry, warm::warm};
use crate::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{
        delivery::{Delivery, Raw},
        id::{EntryId, IdGenerator},
        quarantine::{EntryKind, EntryState, FIRST_LINES_BYTES, QuarantineEntry, StoredBody, lines},
        time::Time,
    },
    store::{
        StoreError,
        claims::Claims,
        quarantine::Quarantine,
        transaction::{Part, TransactionError, Write, commit},
    },
};

/// Puts dead letters into the quarantine.
#[derive(Debug)]
pub struct QuarantineDeadLetter {
    client: aws_sdk_dynamodb::Client,
    claims: Claims,
    quarantine: Quarantine,
    ids: IdGenerator,
}

impl QuarantineDeadLetter {
    /// Connects to the tables. `seed` makes the ids.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment, aws: &Aws, seed: u64) -> Result<Self, MissingVariable> {
        let client = aws.dynamodb();
        Ok(Self {
            claims: Claims::new(client.clone(), environment.claims_table()?),
            quarantine: Quarantine::new(client.clone(), environment.quarantine_table()?),
            ids: IdGenerator::seeded(seed),
            client,
        })
    }

    /// Makes the first call before the first batch comes.
    pub async fn warm(&self) {
        warm("DynamoDB", self.claims.history_start()).await;
    }

    /// Puts a message into the quarantine, in one transaction with the claim that it is there: the entry that it is in,
    /// or `None` if nothing was to be done. A redrive that failed goes back to the entry that it came from. A delivery
    /// that took effect after all, by a worker that could not say so any more, is no dead letter.
    ///
    /// # Errors
    /// [`TransactionError`]: it can be tried again.
    pub async fn put(&self, message_id: &str, body: &str, now: Time) -> Result<Option<EntryId>, TransactionError> {
        // Readers ask for the months since the history starts.
        self.claims.note_history_start(now).await?;
        let letter = serde_json::from_str::<Delivery>(body);
        let reason = match &letter {
            Ok(_) => self.claims.failure(message_id).await?.unwrap_or_else(|| unknown_reason(message_id)),
            Err(error) => format!(
                "The message is no delivery: {:?} error at line {}, column {}.",
                error.classify(),
                error.line(),
                error.column()
            ),
        };
        let mut attempts = 0;
        loop {
            let mut writes = vec![self.claims.dead_letter(message_id, now)?];
            let (id, write) = match &letter {
                Ok(delivery) => match self.returned(delivery, &reason, now).await? {
                    Returned::To(id, write) => (id, *write),
                    Returned::Late => return Ok(None),
                    Returned::New => {
                        writes.push(self.claims.undelivered(&delivery.delivery_id)?);
                        self.insertion(delivery, body, &reason, now)?
                    }
                },
                Err(_) => self.message(body, &reason, now)?,
            };
            writes.push(write);
            match commit(&self.client, writes).await {
                Ok(()) => return Ok(Some(id)),
                Err(TransactionError::ConditionFailed(failed))
                    if failed.contains(&Part::DeadLetter) && self.claims.is_moved(message_id).await? =>
                {
                    return Ok(None);
                }
                Err(TransactionError::ConditionFailed(failed))
                    if failed.contains(&Part::Delivery) && self.is_delivered(&letter).await? =>
                {
                    return Ok(None);
                }
                Err(error) if error.is_retryable() && attempts + 1 < retry::ATTEMPTS => retry::pause(attempts).await,
                Err(error) => return Err(error),
            }
            attempts += 1;
        }
    }

    async fn is_delivered(&self, letter: &serde_json::Result<Delivery>) -> Result<bool, StoreError> {
        match letter {
            Ok(delivery) => self.claims.is_delivered(&delivery.delivery_id).await,
            Err(_) => Ok(false),
        }
    }

    /// What a dead letter means for the entry that it is a redrive of.
    async fn returned(&self, delivery: &Delivery, reason: &str, now: Time) -> Result<Returned, StoreError> {
        let Some(id) = delivery.redrive_of else { return Ok(Returned::New) };
        let Some((entry, _)) = self.quarantine.get(id).await? else { return Ok(Returned::New) };
        if entry.state != EntryState::Redriving {
            return Ok(Returned::Late);
        }
        match entry.returned(reason, now) {
            Ok(returned) => Ok(Returned::To(id, Box::new(self.quarantine.change(&entry, &returned)?))),
            Err(_) => Ok(Returned::Late),
        }
    }

    fn insertion(
        &self,
        delivery: &Delivery,
        body: &str,
        reason: &str,
        now: Time,
    ) -> Result<(EntryId, Write), StoreError> {
        let Ok(beginning) = delivery.raw.beginning(FIRST_LINES_BYTES) else {
            // Its packed body is broken.
            return self.message(body, reason, now);
        };
        let id = self.ids.next(now);
        let entry = QuarantineEntry {
            first_lines: lines(&beginning),
            ..QuarantineEntry::of(id, EntryKind::DeadLetter, delivery, reason)
        };
        let delivery = Delivery { redrive_of: None, ..delivery.clone() };
        Ok((id, self.quarantine.insertion(&entry, &StoredBody::Delivery(Box::new(delivery)), now)?))
    }

    fn message(&self, body: &str, reason: &str, now: Time) -> Result<(EntryId, Write), StoreError> {
        let id = self.ids.next(now);
        let raw = Raw::pack(body.as_bytes());
        let beginning = &body.as_bytes()[..body.len().min(FIRST_LINES_BYTES)];
        let entry = QuarantineEntry { first_lines: lines(beginning), ..QuarantineEntry::of_message(id, &raw, reason) };
        Ok((id, self.quarantine.insertion(&entry, &StoredBody::Message(raw), now)?))
    }
}

/// What becomes of a dead letter.
enum Returned {
    /// It goes back to its entry.
    To(EntryId, Box<Write>),
    /// Its entry waits for it no more.
    Late,
    /// It has no entry yet.
    New,
}

fn unknown_reason(message_id: &str) -> String {
    format!(
        "It could not be grouped, as often as its queue lets it be tried. The log of group-alerts says why: look for \
         the message_id {message_id}."
    )
}
