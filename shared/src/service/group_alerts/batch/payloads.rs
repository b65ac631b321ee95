//! The payloads of the alerts of a batch. Those of several new alerts are bundled, which costs less than a row for
//! each.

use std::collections::{BTreeMap, btree_map::Entry};

use super::Batch;
use crate::{
    domain::{
        delivery::{Delivery, PackedBody},
        episode::EventKey,
        id::{AlertId, BundleId},
        payload::{BundledPayload, PayloadBundle, StoredPayload},
        problem::Problem,
        time::Time,
    },
    packing::{MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES},
    service::group_alerts::prepared::{Incoming, Parsed, PreparedDelivery},
    store::{
        StoreError,
        payloads::{NewBundle, NewPayload},
    },
};

/// A row of the payloads table that is to be written after the transaction.
pub enum PayloadRow<'group> {
    /// A payload alone.
    Own(NewPayload<'group>),
    Bundle(NewBundle),
}

impl<'group> Batch<'group> {
    /// Keeps the payload of an alert when everything is written.
    pub(super) fn keep_payload(&mut self, alert_id: AlertId, key: EventKey, delivery: &'group Delivery) {
        let expires_at = self.group_alerts.retention.of_payload(alert_id.created_at());
        let payload = NewPayload { alert_id, key, delivery, expires_at };
        if self.payloads.get(&alert_id).is_none_or(|known| payload.key < known.key) {
            self.payloads.insert(alert_id, payload);
        }
    }

    /// A delivery that took effect comes again if its worker died, perhaps before it kept the payload.
    pub(super) async fn keep_missing_payload(
        &mut self,
        prepared: &'group PreparedDelivery<'group>,
    ) -> Result<(), StoreError> {
        let Parsed::Event(event) = &prepared.parsed else { return Ok(()) };
        let incoming = Incoming::new(prepared.delivery, event);
        let problem = self.before.problems.get(&incoming.keys.problem).into_iter();
        let begun = problem
            .flat_map(Problem::episodes)
            .map(|episode| (episode.alert_id, episode.firings().first))
            .find(|(_, first)| incoming.is_key(first));
        let Some((alert_id, key)) = begun else { return Ok(()) };
        let is_kept = self.group_alerts.retention.of_payload(alert_id.created_at()) > self.now;
        if is_kept && self.is_missing(alert_id, prepared.delivery).await? {
            self.keep_payload(alert_id, key, prepared.delivery);
        }
        Ok(())
    }

    /// Whether the payload of the first delivery of an alert is missing: none is kept, or another, which may be
    /// that of a later delivery.
    async fn is_missing(&mut self, alert_id: AlertId, first: &Delivery) -> Result<bool, StoreError> {
        match self.group_alerts.payloads.get(alert_id, self.now).await? {
            Some(StoredPayload::Kept(kept)) => return Ok(kept.body != first.body),
            Some(StoredPayload::Deleted(_)) => return Ok(false),
            None => {}
        }
        self.load(&[].into(), &[alert_id].into()).await?;
        let Some(id) = self.alerts.get(&alert_id).and_then(|alert| alert.after.state.bundle) else { return Ok(true) };
        let bundle = match self.bundles.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.group_alerts.payloads.bundle(id).await?),
        };
        Ok(match bundle.payload(alert_id) {
            Some(kept) => first.body.unpack().is_ok_and(|body| body != kept.body),
            None => !bundle.is_deleted(alert_id),
        })
    }

    /// Lets new alerts name the bundles of their payloads, if several are small enough. It must come before the
    /// writes are made, so that a reader finds the bundles by the alerts.
    pub fn bundle_payloads(&mut self) {
        let is_new = |id: &AlertId| self.alerts.get(id).is_some_and(|alert| alert.before.is_none());
        let (mut bundles, mut bundle, mut bytes) = (Vec::new(), Vec::new(), 0);
        for NewPayload { alert_id, delivery, .. } in self.payloads.values() {
            if !is_new(alert_id) || !is_small(&delivery.body) {
                continue;
            }
            if bytes + delivery.body.length > MAX_BUNDLE_BYTES {
                bundles.push(std::mem::take(&mut bundle));
                bytes = 0;
            }
            bytes += delivery.body.length;
            bundle.push(*alert_id);
        }
        bundles.push(bundle);
        for bundle in bundles.into_iter().filter(|bundle| bundle.len() > 1) {
            let id = self.group_alerts.ids.next(self.now);
            for alert_id in bundle {
                self.alerts.entry(alert_id).and_modify(|alert| alert.after.state.bundle = Some(id));
            }
        }
    }

    /// The rows of payloads that are to be written when everything else is.
    pub fn into_payload_rows(self) -> Vec<PayloadRow<'group>> {
        let Self { alerts, payloads, .. } = self;
        let (mut bundles, mut rows) = (BTreeMap::<BundleId, PayloadBundle>::new(), Vec::new());
        for (alert_id, payload) in payloads {
            let new = alerts.get(&alert_id).filter(|alert| alert.before.is_none());
            let bundle = new.and_then(|alert| alert.after.state.bundle);
            match bundle.and_then(|bundle| Some((bundle, bundled(&payload)?))) {
                Some((bundle, payload)) => drop(bundles.entry(bundle).or_default().0.insert(alert_id, payload)),
                None => rows.push(PayloadRow::Own(payload)),
            }
        }
        rows.extend(bundles.into_iter().map(|(id, bundle)| PayloadRow::Bundle(NewBundle { id, bundle })));
        rows
    }
}

/// Whether a body may be bundled. A large one gains nothing, and would have to be read with all others.
fn is_small(body: &PackedBody) -> bool {
    !body.truncated && body.length <= MAX_BUNDLED_BYTES
}

/// A payload for a bundle. `None` if its body cannot be unpacked: then it is kept as it came.
fn bundled(payload: &NewPayload<'_>) -> Option<BundledPayload> {
    let body = payload.delivery.body.unpack().ok()?;
    // Rows expire in whole seconds.
    let expires_at = Time::from_millis(payload.expires_at.as_seconds().saturating_mul(1000))?;
    let is_whole = body.len() == payload.delivery.body.length;
    is_whole.then_some(BundledPayload { body, received_at: payload.delivery.received_at, expires_at })
}
