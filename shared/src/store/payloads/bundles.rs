//! Bundles: rows that hold the payloads of several alerts. The row of each of these alerts names its bundle.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    primitives::Blob,
    types::{AttributeValue, Update},
};

use super::{ALERT_ID, Payloads, RAW};
use crate::{
    domain::{
        delivery::PackedBody,
        id::{AlertId, BundleId},
        payload::{BundledPayload, KeptPayload, PayloadBundle, StoredPayload},
        time::Time,
    },
    keys,
    store::{
        StoreError,
        item::{EXPIRES_AT, Item, expiry, number, string},
        transaction::{Part, Write},
    },
};

const GET: &str = "GetItem bundle";

/// The alerts whose payloads somebody deleted: they are not in the bundle, and do not come into it.
const DELETED: &str = "deleted";

/// Counts the writes of the row.
const VERSION: &str = "version";

/// Payloads that are to be kept together.
#[derive(Debug, Clone)]
pub struct NewBundle {
    pub id: BundleId,
    pub bundle: PayloadBundle,
}

/// A bundle as it is in the table, and whose payloads people deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredBundle {
    /// `None` if it is still to be written, or if all was deleted.
    bundle: Option<PayloadBundle>,
    deleted: BTreeSet<AlertId>,
    /// 0 if there is no row.
    version: u64,
}

impl StoredBundle {
    /// Whether somebody deleted the payload of an alert.
    #[must_use]
    pub fn is_deleted(&self, id: AlertId) -> bool {
        self.deleted.contains(&id)
    }

    /// The payload of an alert, which may have expired.
    #[must_use]
    pub fn payload(&self, id: AlertId) -> Option<&BundledPayload> {
        self.bundle.as_ref()?.0.get(&id)
    }

    /// Whether the payload of an alert may still come into it.
    const fn is_awaited(&self) -> bool {
        self.bundle.is_none()
    }
}

impl Payloads {
    /// Reads a bundle, strongly consistent, as long as it is there. Costs a read unit for each 4 KB: a usual one has
    /// less than 8 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn bundle(&self, id: BundleId) -> Result<StoredBundle, StoreError> {
        let key = string(keys::payload_bundle(id));
        let request = self.client.get_item().table_name(&self.table).key(ALERT_ID, key);
        let answer = request.consistent_read(true).send().await;
        let item = answer.map_err(|error| StoreError::of_call(GET, &error))?.item;
        item.map_or_else(|| Ok(StoredBundle::default()), |item| read(&item))
    }

    /// Reads the payload of an alert whose own row was not there a moment ago.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get_bundled(
        &self,
        id: AlertId,
        bundle: BundleId,
        now: Time,
    ) -> Result<Option<StoredPayload>, StoreError> {
        let bundle = self.bundle(bundle).await?;
        if bundle.is_deleted(id) {
            // Somebody deleted it in this moment. The own row says who.
            return self.get(id, now).await;
        }
        let found = bundle.payload(id).filter(|payload| payload.expires_at > now);
        Ok(found.map(|BundledPayload { body, received_at, expires_at }| {
            let body = PackedBody::pack(body);
            StoredPayload::Kept(KeptPayload { body, received_at: *received_at, expires_at: *expires_at })
        }))
    }

    /// Keeps a bundle, without what people deleted meanwhile. Nothing happens if it is there already. Costs a write
    /// unit per KB. Like [`keep`](Self::keep), it is no part of the transaction with the alerts.
    ///
    /// # Errors
    /// [`StoreError`]: it can be tried again.
    pub async fn keep_bundle(&self, new: &NewBundle) -> Result<(), StoreError> {
        const OPERATION: &str = "Put bundle";
        let (mut bundle, mut known) = (new.bundle.clone(), StoredBundle::default());
        // Each further round follows a deletion, and none is left when all are deleted.
        while let Some(expires_at) = bundle.0.values().map(|payload| payload.expires_at).max() {
            let packed = bundle.pack().map_err(|_| StoreError::of_attribute(OPERATION, RAW))?;
            let mut item = Item::from([
                (ALERT_ID.to_owned(), string(keys::payload_bundle(new.id))),
                ("entity_type".to_owned(), string("payload_bundle")),
                (RAW.to_owned(), AttributeValue::B(Blob::new(packed))),
                (VERSION.to_owned(), number(known.version + 1)),
                (EXPIRES_AT.to_owned(), expiry(expires_at)),
            ]);
            // DynamoDB has no empty set.
            if !known.deleted.is_empty() {
                item.insert(DELETED.to_owned(), ids(&known.deleted));
            }
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
            let put = match known.version {
                0 => put.condition_expression("attribute_not_exists(alert_id)"),
                version => put
                    .condition_expression("#version = :known")
                    .expression_attribute_names("#version", VERSION)
                    .expression_attribute_values(":known", number(version)),
            };
            match put.send().await {
                Ok(_) => return Ok(()),
                Err(error)
                    if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) => {}
                Err(error) => return Err(StoreError::of_call(OPERATION, &error)),
            }
            known = self.bundle(new.id).await?;
            if !known.is_awaited() {
                return Ok(());
            }
            bundle.0.retain(|id, _| !known.is_deleted(*id));
        }
        Ok(())
    }

    /// The write that takes the payload of an alert out of a bundle as it was read, or keeps it from coming into it.
    /// `None` if it is not there and cannot come. Its condition fails if somebody changed the bundle. If it is still to be
    /// written, the write says until then what is deleted, until `expires_at`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn deletion_from_bundle(
        &self,
        id: AlertId,
        bundle: BundleId,
        mut known: StoredBundle,
        expires_at: Time,
    ) -> Result<Option<Write>, StoreError> {
        const OPERATION: &str = "Delete payload from bundle";
        if known.is_deleted(id) || (known.payload(id).is_none() && !known.is_awaited()) {
            return Ok(None);
        }
        known.deleted.insert(id);
        let left = known.bundle.map(|mut bundle| {
            bundle.0.remove(&id);
            bundle
        });
        let left = left.filter(|bundle| !bundle.0.is_empty());
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(ALERT_ID, string(keys::payload_bundle(bundle)))
            .expression_attribute_names("#deleted", DELETED)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#raw", RAW)
            .expression_attribute_values(":deleted", ids(&known.deleted))
            .expression_attribute_values(":type", string("payload_bundle"))
            .expression_attribute_values(":expires_at", expiry(expires_at))
            .expression_attribute_values(":next", number(known.version + 1));
        let set = "SET #deleted = :deleted, #version = :next, entity_type = :type, \
                   expires_at = if_not_exists(expires_at, :expires_at)";
        update = match left {
            Some(bundle) => {
                let packed = bundle.pack().map_err(|_| StoreError::of_attribute(OPERATION, RAW))?;
                update
                    .update_expression(format!("{set}, #raw = :raw"))
                    .expression_attribute_values(":raw", AttributeValue::B(Blob::new(packed)))
            }
            None => update.update_expression(format!("{set} REMOVE #raw")),
        };
        update = match known.version {
            0 => update.condition_expression("attribute_not_exists(alert_id)"),
            version => {
                update.condition_expression("#version = :known").expression_attribute_values(":known", number(version))
            }
        };
        let update = update.build().map_err(|error| StoreError::of_request(OPERATION, &error))?;
        Ok(Some(Write::update(Part::Payload, update)))
    }
}

fn ids(alerts: &BTreeSet<AlertId>) -> AttributeValue {
    AttributeValue::Ss(alerts.iter().map(AlertId::to_string).collect())
}

fn read(item: &Item) -> Result<StoredBundle, StoreError> {
    let bundle = item.get(RAW).map(|raw| raw.as_b().ok().and_then(|raw| PayloadBundle::unpack(raw.as_ref()).ok()));
    let bundle = match bundle {
        Some(None) => return Err(StoreError::of_attribute(GET, RAW)),
        Some(found) => found,
        None => None,
    };
    let deleted = item.get(DELETED).and_then(|marks| marks.as_ss().ok()).into_iter().flatten();
    let deleted = deleted.map(|id| id.parse()).collect::<Result<_, _>>();
    let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
    Ok(StoredBundle {
        bundle,
        deleted: deleted.map_err(|_| StoreError::of_attribute(GET, DELETED))?,
        version: version.ok_or_else(|| StoreError::of_attribute(GET, VERSION))?,
    })
}
