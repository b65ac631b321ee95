//! The answers to webhooks.

use serde::Serialize;

use crate::{
    domain::delivery::DeliveryId,
    service::receive_webhook::{GroupReceipt, Receipt},
};

/// The answer to a webhook.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ReceiptView {
    /// The delivery was queued for grouping.
    Accepted { delivery_id: DeliveryId },
    /// The webhook holds several events. Each was queued, ignored or queued for the quarantine.
    Group { accepted: usize, ignored: usize, quarantined: usize, left_out: u64 },
    /// The subscription was confirmed.
    Confirmed,
    /// The webhook says nothing about an alert.
    Ignored { reason: String },
    /// The webhook cannot be read. The delivery was queued for the quarantine.
    Quarantined { delivery_id: DeliveryId, reason: String },
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Accepted { delivery_id, .. } => Self::Accepted { delivery_id },
            Receipt::Group(GroupReceipt { accepted, ignored, quarantined, left_out }) => {
                Self::Group { accepted, ignored, quarantined, left_out }
            }
            Receipt::Confirmed => Self::Confirmed,
            Receipt::Ignored { reason } => Self::Ignored { reason },
            Receipt::Quarantined { delivery_id, reason } => Self::Quarantined { delivery_id, reason },
        }
    }
}
