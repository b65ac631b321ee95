//! Receives a webhook: verify, parse, enqueue. Nothing is written here; a webhook that is not accepted at
//! once is lost, for some sources never send again.

use std::{net::IpAddr, time::Duration};

use super::{
    limit_events::{self, LimitEvents, OverLimit},
    read_webhook::{self, Deliveries, Received, Webhook},
};
use crate::{
    aws::Aws,
    certificates::Certificates,
    config::Environment,
    credentials::{CredentialStore, CredentialsError},
    deadline::{Deadline, OutOfTime},
    domain::{
        delivery::{Content, Delivery, DeliveryId},
        time::Time,
    },
    fetch::FetchError,
    queue::{Queue, QueueError},
    sources::{
        Headers, Request, WebhookSource,
        addresses::{AllowedAddresses, InvalidAddresses},
        signature::Secret,
    },
};

/// How long an accepted webhook waits for a refresh of the credentials that began beside it. Almost
/// every refresh ends in this time. After the answer, Lambda may freeze it in the middle.
const REFRESH_GRACE: Duration = Duration::from_millis(50);

/// What became of a webhook that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is on its way.
    Accepted {
        /// Identifies it.
        delivery_id: DeliveryId,
        /// The key of its problem.
        dedup_key: String,
    },
    /// Its events are on their way, each by itself.
    Group(GroupReceipt),
    /// The source asked whether its webhooks are wanted, and was told so.
    Confirmed,
    /// It says nothing that matters here.
    Ignored {
        /// Why.
        reason: String,
    },
    /// It cannot be read and is on its way to where people find it.
    Quarantined {
        /// Identifies it.
        delivery_id: DeliveryId,
        /// Why.
        reason: String,
    },
}

/// What became of the events of a webhook that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupReceipt {
    /// How many are on their way to be grouped.
    pub accepted: usize,
    /// How many say nothing that matters here.
    pub ignored: usize,
    /// How many cannot be read and are on their way to where people find them.
    pub quarantined: usize,
    /// How many the sender left out. They are missing here, and so are their resolutions.
    pub left_out: u64,
}

/// Why a webhook is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is larger than the source may send.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// The most that the source may send, in bytes.
        max_bytes: usize,
    },
    /// It does not prove that the source sent it.
    #[error("the webhook is not signed with a secret that is known")]
    NotAuthentic,
    /// It proves that the source sent it, but comes from an address that is not allowed.
    #[error("the address is not allowed, although the webhook is signed with a secret that is known")]
    Address,
    /// It comes from an address that is not allowed, and proves nothing.
    #[error("the address is not allowed")]
    Stranger,
    /// It is beyond the limit of the source. It is to be sent again.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// The queue cannot be reached.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The subscription could not be confirmed.
    #[error(transparent)]
    Confirmation(#[from] FetchError),
    /// The proof could not be checked in time.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

/// Why the function cannot receive webhooks.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The addresses that are allowed.
    #[error(transparent)]
    Addresses(#[from] InvalidAddresses),
    /// The limits of sources.
    #[error(transparent)]
    Limits(#[from] limit_events::StartError),
}

/// Receives webhooks.
#[derive(Debug)]
pub struct ReceiveWebhook {
    allowed: AllowedAddresses,
    credentials: CredentialStore,
    certificates: Certificates,
    limit_events: Option<LimitEvents>,
    queue: Queue,
}

impl ReceiveWebhook {
    /// Fetches the credentials and connects to the queue and, if sources have limits, to their table, side by side.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, StartError> {
        let allowed = AllowedAddresses::parse(&environment.allowed_addresses())?;
        let queue = Queue::new(environment, aws).map_err(CredentialsError::from)?;
        let (credentials, limit_events, ()) = tokio::join!(
            CredentialStore::start(environment, aws, now),
            LimitEvents::start(environment, aws, now),
            queue.warm()
        );
        let certificates = Certificates::new(environment);
        Ok(Self { allowed, credentials: credentials?, certificates, limit_events: limit_events?, queue })
    }

    /// Receives one webhook, if its proof holds: one `SendMessage`, or one for about fifty events of
    /// a group. `from` is the address that it comes from.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn receive(
        &self,
        source: &dyn WebhookSource,
        headers: &Headers,
        body: &[u8],
        from: Option<IpAddr>,
        now: Time,
        deadline: Deadline,
    ) -> Result<Receipt, Refusal> {
        let max_bytes = source.max_body_bytes();
        if body.len() > max_bytes {
            return Err(Refusal::TooLarge { max_bytes });
        }
        let deadline = deadline.within(source.receive_timeout());
        let refresh = self.credentials.refresh_beside(now);
        let request = Request::new(headers, body, now);
        if !self.allowed.allows(source.name(), from) {
            // Whether it is authentic tells a source that moved from a stranger. The stranger does
            // not make the secret or a certificate be fetched.
            let credentials = self.credentials.held();
            let is_authentic = source.is_authentic(credentials.webhook_secrets(source.name()), &request);
            refresh.wait(deadline.within(REFRESH_GRACE)).await;
            return Err(if is_authentic { Refusal::Address } else { Refusal::Stranger });
        }
        if !deadline.bound(self.is_authentic(source, request)).await? {
            return Err(Refusal::NotAuthentic);
        }
        let receipt = format!("{:016x}", fastrand::u64(..));
        let webhook = read_webhook::read(Received { source, headers, body, received_at: now, receipt: &receipt });
        if let Some(limit_events) = &self.limit_events {
            limit_events.admit(source, headers, webhook.len(), now, deadline).await?;
        }
        let received = match webhook {
            Webhook::Delivery(delivery) => self.send(*delivery, deadline).await?,
            Webhook::Group(group) => self.send_group(group, deadline).await?,
            Webhook::Confirmation(confirmation) => {
                deadline.bound(self.certificates.confirm(&confirmation)).await??;
                Receipt::Confirmed
            }
            Webhook::Ignored { reason } => Receipt::Ignored { reason },
        };
        refresh.wait(deadline.within(REFRESH_GRACE)).await;
        Ok(received)
    }

    async fn send(&self, delivery: Delivery, deadline: Deadline) -> Result<Receipt, Refusal> {
        self.queue.send(&delivery, deadline).await?;
        let delivery_id = delivery.delivery_id;
        Ok(match delivery.content {
            Content::Event(event) => Receipt::Accepted { delivery_id, dedup_key: event.dedup_key },
            Content::Unreadable(reason) => Receipt::Quarantined { delivery_id, reason },
        })
    }

    /// Sends all, or fails: then the source sends the whole again, and what was sent takes effect
    /// once.
    async fn send_group(&self, group: Deliveries, deadline: Deadline) -> Result<Receipt, Refusal> {
        self.queue.send_all(&group.deliveries, deadline).await?;
        let is_event = |delivery: &&Delivery| matches!(delivery.content, Content::Event(_));
        let accepted = group.deliveries.iter().filter(is_event).count();
        Ok(Receipt::Group(GroupReceipt {
            accepted,
            ignored: group.ignored.values().sum(),
            quarantined: group.deliveries.len() - accepted,
            left_out: group.left_out,
        }))
    }

    async fn is_authentic(&self, source: &dyn WebhookSource, request: Request<'_>) -> bool {
        let credentials = self.credentials.held();
        if self.proves(source, credentials.webhook_secrets(source.name()), request).await {
            return true;
        }
        match self.credentials.after_failure(&credentials, request.received_at).await {
            Some(newer) => self.proves(source, newer.webhook_secrets(source.name()), request).await,
            None => false,
        }
    }

    /// Whether a request proves one of the secrets, with the certificate that it names, if any.
    async fn proves(&self, source: &dyn WebhookSource, secrets: &[Secret], request: Request<'_>) -> bool {
        let Some(url) = source.certificate(secrets, &request) else {
            return source.is_authentic(secrets, &request);
        };
        let certificate = self.certificates.get(&url).await;
        source.is_authentic(secrets, &Request { certificate: certificate.as_deref(), ..request })
    }
}
