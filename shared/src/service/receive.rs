//! Receives a webhook: verify, parse, enqueue. Nothing is written here; a webhook that is not accepted at
//! once is lost, for some vendors never send again.

use std::collections::BTreeMap;

use http::HeaderMap;

use super::{
    credentials::{CredentialStore, CredentialsError},
    queue::{Queue, QueueError},
};
use crate::{
    aws::Aws,
    config::Environment,
    domain::{
        delivery::{Content, Delivery, DeliveryId, Raw},
        time::Time,
    },
    vendors::{self, InvalidJson, Reading, Vendor},
};

/// The largest body that is accepted: 1 MiB.
pub const LARGEST_BODY: usize = 1024 * 1024;

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
    /// It is larger than [`LARGEST_BODY`].
    #[error("the body is larger than {LARGEST_BODY} bytes")]
    TooLarge,
    /// It does not prove that the vendor sent it.
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
pub struct Receiver {
    credentials: CredentialStore,
    queue: Queue,
}

impl Receiver {
    /// Fetches the credentials and connects to the queue, side by side.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, CredentialsError> {
        let queue = Queue::start(environment, aws)?;
        let (credentials, ()) = tokio::join!(CredentialStore::start(environment, aws, now), queue.warm());
        Ok(Self { credentials: credentials?, queue })
    }

    /// Receives one webhook: one `SendMessage`, if it is accepted.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn receive(
        &self,
        vendor: &dyn Vendor,
        headers: &HeaderMap,
        body: &[u8],
        now: Time,
    ) -> Result<Receipt, Refusal> {
        if body.len() > LARGEST_BODY {
            return Err(Refusal::TooLarge);
        }
        if !self.is_authentic(vendor, headers, body, now).await {
            return Err(Refusal::NotAuthentic);
        }
        let delivery = match read(vendor, headers, body, now).map_err(Refusal::NotJson)? {
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

    async fn is_authentic(&self, vendor: &dyn Vendor, headers: &HeaderMap, body: &[u8], now: Time) -> bool {
        let credentials = self.credentials.current(now).await;
        if vendor.is_authentic(credentials.webhook_secrets(vendor.name()), headers, body) {
            return true;
        }
        let newer = self.credentials.after_failure(&credentials, now).await;
        newer.is_some_and(|newer| vendor.is_authentic(newer.webhook_secrets(vendor.name()), headers, body))
    }
}

/// Reads an authentic webhook. Pure.
///
/// # Errors
/// [`InvalidJson::NotJson`]; JSON that cannot be read is a delivery for the quarantine.
pub fn read(vendor: &dyn Vendor, headers: &HeaderMap, body: &[u8], received_at: Time) -> Result<Webhook, InvalidJson> {
    let reading = match vendors::parse(body) {
        Ok(payload) => vendor.read(headers, &payload, received_at).map_err(|unreadable| unreadable.to_string()),
        Err(InvalidJson::Unreadable(place)) => Err(InvalidJson::Unreadable(place).to_string()),
        Err(error @ InvalidJson::NotJson(_)) => return Err(error),
    };
    let mut kept = BTreeMap::new();
    let (delivery_id, content) = match reading {
        Ok(Reading::Ignored { reason }) => return Ok(Webhook::Ignored { reason }),
        Ok(Reading::Event { event, identity }) => {
            (vendors::delivery_id(vendor.name(), identity.as_deref(), body), Content::Event(Box::new(event.fitted())))
        }
        Err(reason) => {
            kept.extend(
                vendor
                    .reading_headers()
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))),
            );
            (vendors::unreadable_delivery_id(vendor.name(), body), Content::Unreadable(reason))
        }
    };
    Ok(Webhook::Delivery(Box::new(Delivery {
        delivery_id,
        vendor: vendor.name().to_owned(),
        received_at,
        content,
        raw: Raw::pack(body),
        headers: kept,
        redrive_of: None,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_delivery_of_its_own() {
        let datadog = vendors::find("datadog").unwrap();
        let at = Time::EARLIEST;
        let read = |body: &str| read(datadog, &HeaderMap::new(), body.as_bytes(), at);
        let Ok(Webhook::Delivery(one)) = read(r#"{"title":"\ud83d"}"#) else { panic!("not a delivery") };
        let Ok(Webhook::Delivery(other)) = read(r#"{"title":"\ud83e"}"#) else { panic!("not a delivery") };
        assert!(matches!(one.content, Content::Unreadable(_)));
        assert_ne!(one.delivery_id, other.delivery_id);
        assert!(matches!(read("title=x"), Err(InvalidJson::NotJson(_))));
    }
}
