//! Receives a webhook: verify, parse, enqueue. Nothing is written here; a webhook that is not accepted at
//! once is lost, for some sources never send again.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use crate::{
    aws::Aws,
    config::Environment,
    credentials::{CredentialStore, CredentialsError},
    deadline::{Deadline, OutOfTime},
    domain::{
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        source::Source,
        time::Time,
    },
    queue::{Queue, QueueError},
    sources::{
        self, Headers, Reading, WebhookSource,
        addresses::{AllowedAddresses, InvalidAddresses},
    },
};

/// The largest body that is accepted: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long receiving may take: Sentry waits 1 s for the answer, with the network and the gateway in
/// between, and never sends again.
const RECEIVE_TIMEOUT: Duration = Duration::from_millis(850);

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
    },
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

/// Why a webhook is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is larger than [`MAX_BODY_BYTES`].
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// It does not prove that the source sent it.
    #[error("the webhook is not signed with a secret that is known")]
    NotAuthentic,
    /// It proves that the source sent it, but comes from an address that is not allowed.
    #[error("the address is not allowed, although the webhook is signed with a secret that is known")]
    Address,
    /// It comes from an address that is not allowed, and proves nothing.
    #[error("the address is not allowed")]
    Stranger,
    /// The queue cannot be reached.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The proof could not be checked in time.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
}

/// What an authentic webhook is.
#[derive(Debug, Clone, PartialEq)]
pub enum Webhook {
    /// A delivery for grouping.
    Delivery(Box<Delivery>),
    /// It says nothing that matters here.
    Ignored {
        /// Why.
        reason: String,
    },
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
}

/// Receives webhooks.
#[derive(Debug)]
pub struct ReceiveWebhook {
    allowed: AllowedAddresses,
    credentials: CredentialStore,
    queue: Queue,
}

impl ReceiveWebhook {
    /// Fetches the credentials and connects to the queue, side by side.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, StartError> {
        let allowed = AllowedAddresses::parse(&environment.allowed_addresses())?;
        let queue = Queue::new(environment, aws).map_err(CredentialsError::from)?;
        let (credentials, ()) = tokio::join!(CredentialStore::start(environment, aws, now), queue.warm());
        Ok(Self { allowed, credentials: credentials?, queue })
    }

    /// Receives one webhook: one `SendMessage`, if it is accepted, and not before its proof holds.
    /// `from` is the address that it comes from.
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
        if body.len() > MAX_BODY_BYTES {
            return Err(Refusal::TooLarge);
        }
        let deadline = deadline.within(RECEIVE_TIMEOUT);
        let refresh = self.credentials.refresh_beside(now);
        if !self.allowed.allows(source.name(), from) {
            // Whether it is authentic tells a source that moved from a stranger. The stranger does
            // not make the secret be fetched again.
            let credentials = self.credentials.held();
            let is_authentic = source.is_authentic(credentials.webhook_secrets(source.name()), headers, body);
            refresh.wait(deadline.within(REFRESH_GRACE)).await;
            return Err(if is_authentic { Refusal::Address } else { Refusal::Stranger });
        }
        if !deadline.bound(self.is_authentic(source, headers, body, now)).await? {
            return Err(Refusal::NotAuthentic);
        }
        let receipt = format!("{:016x}", fastrand::u64(..));
        let delivery = match read(source, headers, body, now, &receipt) {
            Webhook::Delivery(delivery) => delivery,
            Webhook::Ignored { reason } => return Ok(Receipt::Ignored { reason }),
        };
        self.queue.send(&delivery, deadline).await?;
        refresh.wait(deadline.within(REFRESH_GRACE)).await;
        let delivery_id = delivery.delivery_id;
        Ok(match delivery.content {
            Content::Event(_) => Receipt::Accepted { delivery_id },
            Content::Unreadable(reason) => Receipt::Quarantined { delivery_id, reason },
        })
    }

    async fn is_authentic(&self, source: &dyn WebhookSource, headers: &Headers, body: &[u8], now: Time) -> bool {
        let credentials = self.credentials.held();
        if source.is_authentic(credentials.webhook_secrets(source.name()), headers, body) {
            return true;
        }
        let newer = self.credentials.after_failure(&credentials, now).await;
        newer.is_some_and(|newer| source.is_authentic(newer.webhook_secrets(source.name()), headers, body))
    }
}

/// Reads an authentic webhook. Pure. A body that cannot be read is a delivery for the quarantine,
/// whatever it is: nothing authentic is dropped.
///
/// `receipt` tells this receipt of the bytes from any other. If the payload states its time, the same
/// bytes are the same delivery for ever. If not, they may be news when they come again, so each
/// receipt is a delivery of its own.
#[must_use]
pub fn read(source: &dyn WebhookSource, headers: &Headers, body: &[u8], received_at: Time, receipt: &str) -> Webhook {
    let reading = match sources::parse(body) {
        Ok(payload) => source.read(headers, &payload, received_at).map_err(|unreadable| unreadable.to_string()),
        Err(unreadable) => Err(unreadable.to_string()),
    };
    let mut kept = BTreeMap::new();
    let (delivery_id, content) = match reading {
        Ok(Reading::Ignored { reason }) => return Webhook::Ignored { reason },
        Ok(Reading::Event(event)) => {
            let receipt = (!event.is_timed).then_some(receipt);
            (sources::delivery_id(source.name(), body, receipt), Content::Event(Box::new(event.fitted())))
        }
        Err(reason) => {
            let names = source.reading_headers().iter();
            kept.extend(names.filter_map(|name| Some(((*name).to_owned(), headers.text(name)?.to_owned()))));
            (sources::unreadable_delivery_id(source.name(), body), Content::Unreadable(reason))
        }
    };
    Webhook::Delivery(Box::new(Delivery {
        delivery_id,
        source: Source::named(source.name()),
        received_at,
        content,
        content_hash: sources::content_hash(body),
        body: PackedBody::pack(body),
        headers: kept,
        redrive_of: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(body: &[u8], receipt: &str) -> Delivery {
        let datadog = sources::find("datadog").unwrap();
        let received_at = "2026-11-23T09:53:08.120Z".parse().unwrap();
        match read(datadog, &Headers::default(), body, received_at, receipt) {
            Webhook::Delivery(delivery) => *delivery,
            Webhook::Ignored { reason } => panic!("{reason}"),
        }
    }

    #[test]
    fn an_unreadable_body_is_a_delivery_of_its_own_and_its_bytes_are_kept() {
        let bodies: [&[u8]; 5] =
            [br#"{"title":"\ud83d"}"#, br#"{"title":"\ud83e"}"#, b"<alert/>", b"", b"\xff\xfe\x00{"];
        let deliveries = bodies.map(|body| delivery(body, "1"));
        for (delivery, body) in deliveries.iter().zip(bodies) {
            assert!(matches!(delivery.content, Content::Unreadable(_)), "{delivery:?}");
            assert_eq!(delivery.body.unpack().unwrap(), body, "the bytes are kept");
        }
        let ids: std::collections::BTreeSet<_> = deliveries.iter().map(|delivery| &delivery.delivery_id).collect();
        assert_eq!(ids.len(), bodies.len());
        assert!(matches!(delivery(b"title=Disk+is+full", "1").content, Content::Event(_)));
    }

    #[test]
    fn the_same_bytes_are_the_same_delivery_only_if_they_state_their_time() {
        let id = |body: &[u8], receipt| delivery(body, receipt).delivery_id;
        let timed: &[u8] = br#"{"title":"t","date":"1795427588000"}"#;
        assert_eq!(id(timed, "1"), id(timed, "2"));
        let untimed: &[u8] = br#"{"title":"t"}"#;
        assert_eq!(id(untimed, "1"), id(untimed, "1"));
        assert_ne!(id(untimed, "1"), id(untimed, "2"));
    }
}
