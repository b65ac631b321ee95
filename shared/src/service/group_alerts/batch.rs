//! A batch of deliveries, folded: what it knows is read once, each delivery changes it in memory, and what changed is
//! written once. So a storm of alerts of one incident updates the incident once a batch.

mod effects;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Effect, GroupAlerts,
    prepared::{Parsed, PreparedDelivery},
};
use crate::{
    domain::{
        action::Action,
        alert::Alert,
        classification::{Classification, Classified},
        delivery::{Delivery, DeliveryId, PackedBody},
        episode::{Episode, Episodes, EventKey, Step},
        event::AlertEvent,
        id::{AlertId, EntryId, IncidentId},
        incident::Incident,
        quarantine::{EntryState, QuarantineEntry, StoredBody},
        severity::Severity,
        time::Time,
    },
    grouping::Groups,
    keys,
    listing::buckets::Series,
    store::{
        StoreError,
        claims::{ClaimKeys, Snapshot},
        counts::Invalidations,
        incidents::{Consistency, invalidations},
        transaction::Write,
    },
};

/// What a batch knows and what it changes.
pub struct Batch<'group> {
    group_alerts: &'group GroupAlerts,
    now: Time,
    before: Snapshot,
    after: Snapshot,
    incidents: BTreeMap<IncidentId, TouchedIncident>,
    alerts: BTreeMap<AlertId, TouchedAlert<'group>>,
    /// Incidents that decisions need to be as they were read, beside those that the batch changes.
    relied_on: BTreeSet<IncidentId>,
    quarantined: Vec<(QuarantineEntry, &'group Delivery)>,
    /// The entries of the quarantine that wait for their redrive; nothing of one that expired on the way.
    redriving: BTreeMap<EntryId, Option<QuarantineEntry>>,
    /// Those whose redrive arrived, as they were read.
    redriven: Vec<QuarantineEntry>,
}

/// An incident as it was read, if it is not new, as it is now, and what was done to it.
struct TouchedIncident {
    before: Option<Incident>,
    after: Incident,
    actions: Vec<Action>,
}

/// What is to be written of an alert.
enum TouchedAlert<'group> {
    /// It is new. Without a raw payload it was split from another.
    New(Box<Alert>, Option<&'group PackedBody>),
    /// An earlier delivery tells it anew.
    Rewritten(Box<Alert>, &'group PackedBody),
    /// What later deliveries change of it, and the classification of the worst, if that is another now.
    Changed(Episode, Option<Classified<Severity>>),
}

/// An event on its way through the batch.
#[derive(Clone, Copy)]
struct Incoming<'group> {
    delivery_id: &'group DeliveryId,
    event: &'group AlertEvent,
    classification: &'group Classification,
    keys: &'group ClaimKeys,
    raw: &'group PackedBody,
}

impl Incoming<'_> {
    /// What it means, given what is known.
    fn step(&self, known: &Snapshot) -> Step {
        let key = EventKey { at: self.event.occurred_at, delivery_id: self.delivery_id.clone() };
        let known = known.episodes.get(&self.keys.episodes);
        let nothing = Episodes::default();
        known.unwrap_or(&nothing).step(self.event.transition, key, self.classification.severity.value)
    }
}

impl<'group> Batch<'group> {
    /// Reads what is known of these deliveries: their claims in one request, the incidents that they are likely to
    /// concern in another.
    pub async fn read(
        group_alerts: &'group GroupAlerts,
        prepared: &[PreparedDelivery<'_>],
        now: Time,
    ) -> Result<Self, StoreError> {
        let claims: BTreeSet<&str> = prepared.iter().flat_map(PreparedDelivery::claims).collect();
        let before = group_alerts.claims.read(claims).await?;
        let mut batch = Self {
            group_alerts,
            now,
            after: before.clone(),
            before,
            incidents: BTreeMap::new(),
            alerts: BTreeMap::new(),
            relied_on: BTreeSet::new(),
            quarantined: Vec::new(),
            redriving: BTreeMap::new(),
            redriven: Vec::new(),
        };
        for id in prepared.iter().filter_map(|prepared| prepared.delivery.redrive_of) {
            let found = group_alerts.quarantine.get(id).await?.map(|(entry, _)| entry);
            if found.as_ref().is_none_or(|entry| entry.state == EntryState::Redriving) {
                batch.redriving.insert(id, found);
            }
        }
        let likely: Vec<IncidentId> = prepared.iter().flat_map(|prepared| batch.likely_incidents(prepared)).collect();
        batch.load(&likely).await?;
        Ok(batch)
    }

    /// Lets a delivery take effect in memory.
    pub async fn apply(&mut self, prepared: &'group PreparedDelivery<'group>) -> Result<Effect, StoreError> {
        let took_effect = self.after.delivered.contains_key(&prepared.claim);
        if let Some(id) = prepared.delivery.redrive_of {
            let Some(entry) = self.redriving.remove(&id) else { return Ok(Effect::Duplicate) };
            let is_noted = entry.is_some();
            self.redriven.extend(entry);
            if took_effect {
                return Ok(if is_noted { Effect::Nothing } else { Effect::Duplicate });
            }
        } else if took_effect {
            return Ok(Effect::Duplicate);
        }
        self.after.delivered.insert(prepared.claim.clone(), prepared.firing_event().cloned());
        match &prepared.parsed {
            Parsed::Unreadable(quarantined) => {
                self.quarantined.push((quarantined.clone(), prepared.delivery));
                Ok(Effect::Quarantined(quarantined.id))
            }
            Parsed::Event { event, classification, keys } => {
                let delivery_id = &prepared.delivery.delivery_id;
                self.take(Incoming { delivery_id, event, classification, keys, raw: &prepared.delivery.body }).await
            }
        }
    }

    /// What is to be written, each row once; nothing if all deliveries took effect before.
    pub fn writes(&self) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.group_alerts.claims.changes(&self.before, &self.after, self.now)?;
        for (id, touched) in &self.incidents {
            match &touched.before {
                Some(before) if *before == touched.after => {
                    if self.relied_on.contains(id) {
                        writes.push(self.group_alerts.incidents.check(before)?);
                    }
                }
                before => {
                    let incidents = &self.group_alerts.incidents;
                    writes.extend(incidents.writes(before.as_ref(), &touched.after, &touched.actions)?);
                }
            }
        }
        for alert in self.alerts.values() {
            writes.push(match alert {
                TouchedAlert::New(alert, raw) => self.group_alerts.alerts.insertion(alert, *raw)?,
                TouchedAlert::Rewritten(alert, raw) => self.group_alerts.alerts.replacement(alert, raw)?,
                TouchedAlert::Changed(episode, worst) => self.group_alerts.alerts.update(episode, worst.as_ref())?,
            });
        }
        for (entry, delivery) in &self.quarantined {
            let kept = StoredBody::Delivery(Box::new((*delivery).clone()));
            writes.push(self.group_alerts.quarantine.insertion(entry, &kept, self.now)?);
        }
        for entry in &self.redriven {
            // Those that are done were left out when they were read.
            if let Ok(redriven) = entry.redriven(self.now) {
                writes.push(self.group_alerts.quarantine.change(entry, &redriven)?);
            }
        }
        Ok(writes)
    }

    /// What is to be invalidated before it is written: changes of what lists filter on, in closed buckets.
    pub fn invalidations(&self) -> Invalidations {
        let changed = self.incidents.values().filter_map(|touched| Some((touched.before.as_ref()?, &touched.after)));
        let mut late = invalidations(changed.filter(|(before, after)| before != after), self.now);
        for (id, touched) in &self.alerts {
            let is_late = match touched {
                TouchedAlert::New(..) => false,
                TouchedAlert::Rewritten(..) => true,
                TouchedAlert::Changed(after, _) => {
                    let before = self.before.episodes.values().find_map(|known| known.episode(*id));
                    let facts = |episode: &Episode| (episode.status(), episode.firings().severity);
                    before.map(facts) != Some(facts(after))
                }
            };
            if is_late {
                late.note(Series::Alerts, id.created_at(), self.now);
            }
        }
        late
    }

    /// The incidents that a new alert may join or follow.
    async fn groups(&mut self, keys: &ClaimKeys) -> Result<Groups, StoreError> {
        let ids = self.group_incidents(keys);
        self.load(&ids).await?;
        Ok(Groups {
            source_key: self.after.groups.get(&keys.source_group).cloned().unwrap_or_default(),
            service: keys
                .service_group
                .as_ref()
                .and_then(|key| self.after.groups.get(key))
                .cloned()
                .unwrap_or_default(),
            incidents: ids
                .iter()
                .filter_map(|id| self.incidents.get(id))
                .map(|touched| touched.after.clone())
                .collect(),
        })
    }

    fn group_incidents(&self, keys: &ClaimKeys) -> Vec<IncidentId> {
        let groups = std::iter::once(&keys.source_group).chain(&keys.service_group);
        let grouped = groups.filter_map(|key| self.after.groups.get(key)).flat_map(|group| &group.incidents);
        let recent =
            self.after.opening_locks.get(&keys.environment).into_iter().flat_map(|opening_locks| &opening_locks.recent);
        let ids: BTreeSet<IncidentId> = grouped.chain(recent).copied().collect();
        ids.into_iter().collect()
    }

    /// The incidents that a delivery will ask for, as far as can be told before it is applied.
    fn likely_incidents(&self, prepared: &PreparedDelivery<'_>) -> Vec<IncidentId> {
        let Parsed::Event { event, classification, keys } = &prepared.parsed else { return Vec::new() };
        if self.before.delivered.contains_key(&prepared.claim) {
            return Vec::new();
        }
        let incoming = Incoming {
            delivery_id: &prepared.delivery.delivery_id,
            event,
            classification,
            keys,
            raw: &prepared.delivery.body,
        };
        match incoming.step(&self.before) {
            Step::Begin { .. } => self.group_incidents(keys),
            Step::Repeat(episode) => {
                let known = self.episode(keys, episode.alert_id).map(Episode::firings);
                let firings = episode.firings();
                let is_news =
                    known.is_none_or(|known| known.severity < firings.severity || known.first != firings.first);
                episode.incident_id.filter(|_| is_news).into_iter().collect()
            }
            Step::Resolve(episode) | Step::Split { ended: episode, .. } => episode.incident_id.into_iter().collect(),
            Step::Remember | Step::Nothing => Vec::new(),
        }
    }

    async fn incident(&mut self, id: IncidentId) -> Result<Incident, StoreError> {
        self.load(&[id]).await?;
        let touched = self.incidents.get(&id).map(|touched| touched.after.clone());
        // Incidents are never deleted: one that a claim names exists.
        touched.ok_or_else(|| StoreError::missing("incident", &id))
    }

    /// Reads the incidents that the batch does not know yet.
    async fn load(&mut self, ids: &[IncidentId]) -> Result<(), StoreError> {
        let unknown: BTreeSet<IncidentId> = ids.iter().copied().filter(|id| !self.incidents.contains_key(id)).collect();
        let unknown: Vec<IncidentId> = unknown.into_iter().collect();
        for incident in self.group_alerts.incidents.get_many(&unknown, Consistency::Strong).await? {
            let touched = TouchedIncident { before: Some(incident.clone()), after: incident, actions: Vec::new() };
            self.incidents.insert(touched.after.id, touched);
        }
        Ok(())
    }

    /// Reads what deliveries said, if the batch does not know it yet.
    async fn load_deliveries(&mut self, ids: &[&DeliveryId]) -> Result<(), StoreError> {
        let claims: BTreeSet<String> = ids.iter().map(|id| keys::delivery_claim(id)).collect();
        let unknown = claims.iter().filter(|claim| !self.after.delivered.contains_key(*claim)).map(String::as_str);
        let read = self.group_alerts.claims.read(unknown.collect()).await?;
        self.before.delivered.extend(read.delivered.clone());
        self.after.delivered.extend(read.delivered);
        Ok(())
    }

    async fn stored_alert(&self, id: AlertId) -> Result<Alert, StoreError> {
        self.group_alerts.alerts.get(id).await?.ok_or_else(|| StoreError::missing("alert", &id))
    }

    /// The alert of a problem as it is known.
    fn episode(&self, keys: &ClaimKeys, alert_id: AlertId) -> Option<&Episode> {
        self.after.episodes.get(&keys.episodes)?.episode(alert_id)
    }

    fn know(&mut self, keys: &ClaimKeys, change: impl FnOnce(&mut Episodes)) {
        let known = self.after.episodes.entry(keys.episodes.clone()).or_default();
        change(known);
        known.version += 1;
    }
}
