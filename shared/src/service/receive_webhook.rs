//! Receives a webhook: verify, parse, enqueue. Nothing is written here; a webhook that is not accepted at
//! once is lost, for some sources never send again.

use std::collections::BTreeMap;

use http::HeaderMap;

use crate::{
    aws::Aws,
    config::Environment,
    credentials::{CredentialStore, CredentialsError},
    domain::{
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        source::Source,
        time::Time,
    },
    queue::{Queue, QueueError},
    sources::{self, InvalidJson, Reading, WebhookSource},
};

/// The largest body that is accepted: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

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
    /// It is not JSON.
    #[error("{0}")]
    NotJson(InvalidJson),
    /// The queue cannot be reached.
    #[error(transparent)]
    Queue(#[from] QueueError),
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

/// Receives webhooks.
#[derive(Debug)]
pub struct ReceiveWebhook {
    credentials: CredentialStore,
    queue: Queue,
}

impl ReceiveWebhook {
    /// Fetches the credentials and connects to the queue, side by side.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, CredentialsError> {
        let queue = Queue::new(environment, aws)?;
        let (credentials, ()) = tokio::join!(CredentialStore::start(environment, aws, now), queue.warm());
        Ok(Self { credentials: credentials?, queue })
    }

    /// Receives one webhook: one `SendMessage`, if it is accepted.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn receive(
        &self,
        source: &dyn WebhookSource,
        headers: &HeaderMap,
        body: &[u8],
        now: Time,
    ) -> Result<Receipt, Refusal> {
        if body.len() > MAX_BODY_BYTES {
            return Err(Refusal::TooLarge);
        }
        if !self.is_authentic(source, headers, body, now).await {
            return Err(Refusal::NotAuthentic);
        }
        let delivery = match read(source, headers, body, now).map_err(Refusal::NotJson)? {
            Webhook::Delivery(delivery) => delivery,
            Webhook::Ignored { reason } => return Ok(Receipt::Ignored { reason }),
        };
        self.queue.send(&delivery).await?;
        let delivery_id = delivery.delivery_id;
        Ok(match delivery.content {
            Content::Event(_) => Receipt::Accepted { delivery_id },
            Content::Unreadable(reason) => Receipt::Quarantined { delivery_id, reason },
        })
    }

    async fn is_authentic(&self, source: &dyn WebhookSource, headers: &HeaderMap, body: &[u8], now: Time) -> bool {
        let credentials = self.credentials.current(now).await;
        if source.is_authentic(credentials.webhook_secrets(source.name()), headers, body) {
            return true;
        }
        let newer = self.credentials.after_failure(&credentials, now).await;
        newer.is_some_and(|newer| source.is_authentic(newer.webhook_secrets(source.name()), headers, body))
    }
}

/// Reads an authentic webhook. Pure.
///
/// # Errors
/// [`InvalidJson::NotJson`]; JSON that cannot be read is a delivery for the quarantine.
pub fn read(
    source: &dyn WebhookSource,
    headers: &HeaderMap,
    body: &[u8],
    received_at: Time,
) -> Result<Webhook, InvalidJson> {
    let reading = match sources::parse(body) {
        Ok(payload) => source.read(headers, &payload, received_at).map_err(|unreadable| unreadable.to_string()),
        Err(InvalidJson::Unreadable(place)) => Err(InvalidJson::Unreadable(place).to_string()),
        Err(error @ InvalidJson::NotJson(_)) => return Err(error),
    };
    let mut kept = BTreeMap::new();
    let (delivery_id, content) = match reading {
        Ok(Reading::Ignored { reason }) => return Ok(Webhook::Ignored { reason }),
        Ok(Reading::Event { event, identity }) => {
            (sources::delivery_id(source.name(), identity.as_deref(), body), Content::Event(Box::new(event.fitted())))
        }
        Err(reason) => {
            kept.extend(
                source
                    .reading_headers()
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))),
            );
            (sources::unreadable_delivery_id(source.name(), body), Content::Unreadable(reason))
        }
    };
    Ok(Webhook::Delivery(Box::new(Delivery {
        delivery_id,
        source: Source::named(source.name()),
        received_at,
        content,
        body: PackedBody::pack(body),
        headers: kept,
        redrive_of: None,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_delivery_of_its_own() {
        let datadog = sources::find("datadog").unwrap();
        let at = Time::EARLIEST;
        let read = |body: &str| read(datadog, &HeaderMap::new(), body.as_bytes(), at);
        let Ok(Webhook::Delivery(one)) = read(r#"{"title":"\ud83d"}"#) else { panic!("not a delivery") };
        let Ok(Webhook::Delivery(other)) = read(r#"{"title":"\ud83e"}"#) else { panic!("not a delivery") };
        assert!(matches!(one.content, Content::Unreadable(_)));
        assert_ne!(one.delivery_id, other.delivery_id);
        assert!(matches!(read("title=x"), Err(InvalidJson::NotJson(_))));
    }
}
